import itertools
import json

import pytest

from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.flat import CellModel, read_cell_models
from hexcoder.netlist.liberty import WireLoad, parse, read_liberty

SMALL = """
/* comment */ library (small) {
  capacitive_load_unit (1, pf); leakage_power_unit : "1uW"; nom_voltage : 0.9;
  default_wire_load : "short";
  wire_load ("short") { capacitance : 0.002; slope : 3; fanout_length (1, 2);
    fanout_length (3, 8); }
  cell (INV) { area : 2.5; cell_leakage_power : 4;
    pin (A) { direction : input; capacitance : 0.003; }
    pin (Z) { direction : output; function : "A'"; max_capacitance : 0.05; } }
}
"""


def test_units_become_si(tmp_path):
    path = tmp_path / "small.lib"
    path.write_text(SMALL)
    library = read_liberty(path)
    inverter = library.cells["INV"]
    assert inverter.area_um2 == 2.5
    assert inverter.leakage_w == pytest.approx(4e-6)
    assert inverter.pins["A"].capacitance_f == pytest.approx(3e-15)
    assert inverter.pins["Z"].max_capacitance_f == pytest.approx(50e-15)
    model = {"inputs": ["A"], "outputs": {"Z": "(~A)"}, "register": None}
    header = {"format": "hexcoder-cells", "version": 1, "library": "small"}
    content = json.loads(json.dumps(cell_models(library)))
    assert content == header | {"cells": {"INV": model}}


def test_wire_load_interpolates_and_extrapolates():
    wire = WireLoad(capacitance_f_per_length=2.0, slope=3.0, lengths={1: 2.0, 3: 8.0})
    assert [wire.capacitance_f(n) for n in (0, 1, 2, 3, 5)] == [0, 4, 10, 16, 28]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("library (a) {\n x : 1;\n", "ends where"),
        ("library (a) {\n cell }\n", r"line 2: found '}', wanted ':' or '\('"),
        ('library (a) { x : "1; }', "line 1: cannot read"),
    ],
)
def test_a_broken_file_names_the_place(text, message):
    with pytest.raises(InputError, match=message):
        parse(text)


@pytest.fixture
def models(library, tmp_path) -> dict[str, CellModel]:
    write_json(tmp_path / "cells.json", cell_models(library))
    return read_cell_models(tmp_path / "cells.json")


def test_a_full_adder_adds(models):
    outputs = models["FA_X1"].outputs
    for a, b, c in itertools.product((0, 1), repeat=3):
        values = {"A": a, "B": b, "CI": c}
        assert outputs["S"].bit(values) + 2 * outputs["CO"].bit(values) == a + b + c


def test_the_inverted_state_of_a_register_is_the_inverse_of_its_state(models):
    flop = models["DFF_X1"]
    assert {pin: str(function) for pin, function in flop.outputs.items()} == {
        "Q": "IQ",
        "QN": "(~IQ)",
    }


def test_cells_that_cannot_be_simulated_have_no_model(models):
    assert "DFF_X1" in models
    assert not {"DLH_X1", "DFFR_X1", "TBUF_X1", "CLKGATE_X1"} & set(models)


FLOP = """library (small) {
  cell (DFF) { area : 2; ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; }
    pin (D) { direction : input; capacitance : 0.1; }
    pin (Q) { direction : output; function : "IQ";
      internal_power () { when : "D & !C"; rise_power (scalar) { values ("1"); } } } } }
"""


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('next_state : "D";', "", r"cell \(DFF\): ff \(IQ, IQN\): next_state is missing"),
        ('clocked_on : "C";', "", r"cell \(DFF\): ff \(IQ, IQN\): clocked_on is missing"),
        ("ff (IQ, IQN)", "ff (IQ)", r"cell \(DFF\): ff \(IQ\): ff needs 2 arguments"),
        ("area : 2", "area : big", r"cell \(DFF\): area 'big' is not a number"),
        ("capacitance : 0.1", "capacitance : 1 2", r"pin \(D\): capacitance '1 2' is not a number"),
        ('function : "IQ"', 'function : "IQ &"', r"pin \(Q\): function: .* the function 'IQ &'"),
        ("cell (DFF)", "cell ()", r"cell \(\): cell needs 1 arguments"),
        (
            "cell (DFF)",
            'time_unit : "1h"; cell (DFF)',
            r"time_unit '1h' is not a number and",
        ),
        ("cell (DFF)", "capacitive_load_unit (x, pf); cell (DFF)", "'x' is not a number"),
        ("cell (DFF)", "capacitive_load_unit (1); cell (DFF)", "unit '' is not one of ff, pf"),
        ("cell (DFF)", "wire_load (w) { slope : 1; } cell (DFF)", "capacitance is missing"),
        (
            "cell (DFF)",
            "wire_load (w) { capacitance : 1; fanout_length (1); } cell (DFF)",
            "fanout_length '' is not a number",
        ),
        ("cell (DFF) {", "a () {" * 60, "no more than 50 groups inside each other"),
    ],
)
def test_wrong_liberty_is_one_line_with_the_file_and_the_place(tmp_path, right, wrong, message):
    path = tmp_path / "wrong.lib"
    path.write_text(FLOP.replace(right, wrong))
    assert right in FLOP
    with pytest.raises(InputError, match=message) as error:
        read_liberty(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('"D & !C"', '"os.abort()"', r"internal_power \(\): when: .* cannot read the function"),
        ('values ("1")', 'values ("1, x")', r"rise_power \(scalar\): table's entry 'x' is not"),
        ('values ("1")', 'values ("1, 2")', r"rise_power \(scalar\): 2 values, not 1 slews times"),
    ],
)
def test_wrong_tables_are_one_line_with_the_file_and_the_place(tmp_path, right, wrong, message):
    path = tmp_path / "wrong.lib"
    # Of an input: what counts only while a condition holds.
    text = FLOP.replace('direction : output; function : "IQ"', "direction : input")
    path.write_text(text.replace(right, wrong))
    assert right in text
    with pytest.raises(InputError, match=message) as error:
        read_tables(path)["DFF"]
    assert str(error.value).startswith(f"{path}: ")


def test_a_condition_weighs_by_the_part_of_time_in_which_it_holds(tmp_path):
    path = tmp_path / "when.lib"
    text = FLOP.replace('direction : output; function : "IQ"', "direction : input")
    for condition, part in {"D & !C": 0.25, "D + C'": 0.75, "D ^ C": 0.5, "!(D C)": 0.75}.items():
        path.write_text(text.replace("D & !C", condition))
        read_tables.cache_clear()
        ((weight, _),) = read_tables(path)["DFF"].inputs["Q"]
        assert weight == part
