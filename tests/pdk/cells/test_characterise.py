import shutil

import pytest

from hexcoder.errors import InputError
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.cells.characterise import Way, characterise, share_energies, ways
from hexcoder.pdk.cells.characterised import Arc
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.extraction import read_cells
from hexcoder.pdk.cells.functions import FUNCTIONS
from hexcoder.pdk.cells.liberty_writer import with_cells_of
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.sky130.process import SKY130

needs_ngspice = pytest.mark.skipif(not shutil.which("ngspice"), reason="ngspice is not installed")


@pytest.fixture(scope="module")
def drawn():
    return read_cells(SKY130, drawn_cells(SKY130) / "cells.gds")


@needs_ngspice
def test_the_committed_liberty_is_what_ngspice_measures(drawn, tmp_path):
    cell = characterise(drawn["nand2_x1"], SKY130.corners["tt"], tmp_path)
    library = read_liberty(load_pdk("sky130").liberty)
    pins = library.cells["nand2_x1"].pins
    for pin, femtofarads in cell.capacitance.items():
        assert femtofarads * 1e-15 == pytest.approx(pins[pin].capacitance_f, rel=0.01)
    assert len(cell.arcs) == 2
    # A heavier load is slower at every slew.
    for arc in cell.arcs:
        assert all(row == sorted(row) for row in arc.delay["rise"])


@needs_ngspice
def test_a_cell_that_does_not_switch_is_named(drawn, tmp_path, monkeypatch):
    monkeypatch.setitem(FUNCTIONS, "xor2_x0", {"q": "i0&i1"})
    with pytest.raises(InputError, match=r"cell xor2_x0, tt_025C_1v80: measurement \d+ failed"):
        characterise(drawn["xor2_x0"], SKY130.corners["tt"], tmp_path)


def test_each_input_of_a_full_adder_turns_the_sum_always_and_the_carry_in_half_of_the_cases():
    found = ways("fulladder_x0")
    for pin in ("i0", "i1", "i2"):
        assert sum(way.output == "sum" for way in found if way.pin == pin) == 4
        carries = [way for way in found if (way.pin, way.output) == (pin, "carry")]
        assert [way.inverting for way in carries] == [False, False]
        assert all(way.besides == ("sum",) for way in carries)


def test_the_energy_of_outputs_that_turn_together_is_counted_once():
    # 10 for the sum alone, 25 for both, of which 4 charge the sum's load at one of two edges.
    def arc(output, energy):
        edges = ("rise", "fall")
        return Arc(output, "i0", "", energy={edge: [[energy]] for edge in edges})

    alone = Way("sum", "i0", {}, False), arc("sum", 10.0)
    both = Way("sum", "i0", {}, True, ("carry",)), arc("sum", 25.0)
    carry = Way("carry", "i0", {}, False, ("sum",)), arc("carry", 25.0)
    share_energies([alone, both, carry], 4.0)
    assert [pair[1].energy["rise"] for pair in (alone, both, carry)] == [
        [[10.0]],
        [[10.0]],
        [[25.0 - 10.0 - 4.0 / 2]],
    ]


def test_a_measured_cell_takes_its_place_among_the_others_of_a_file():
    path = load_pdk("sky130").liberty
    text = path.read_text()
    start = text.index("  cell (nand2_x1)")
    block = text[start : text.index("  cell (", start + 1)]
    without = text.replace(block, "")
    assert "cell (nand2_x1)" not in without
    assert with_cells_of(without, text[: text.index("  cell (")] + block + "}\n") == text
    slow = block.replace("area : ", "area : 9")
    assert with_cells_of(text, slow) == text.replace(block, slow)
    # What its tables need comes with it.
    first = text.index("  lu_table_template (delay_x4)")
    template = text[first : text.index("  power_lut", first)]
    bare = without.replace(template, "")
    assert template in with_cells_of(bare, template + block + "}\n")


def test_a_missing_ngspice_is_named(drawn, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="program 'ngspice' is not installed"):
        characterise(drawn["inv_x0"], SKY130.corners["tt"], tmp_path)
