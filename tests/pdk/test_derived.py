"""A table from a Liberty file: Nangate45's against its text, a small one against its numbers."""

import re
from pathlib import Path

import pytest

from hexcoder.errors import InputError
from hexcoder.pdk.derived import derived_technology
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.technology import technology_of

SECTION = re.compile(r"^\[technology\]\n(?:(?!\[).*\n?)*", re.MULTILINE)


def without_table(folder: Path, pdk) -> Path:
    text = (pdk.folder / "nangate45.toml").read_text()
    path = folder / "own.toml"
    path.write_text(SECTION.sub("", text))
    assert "technology]" not in path.read_text()
    return path


def _area_in(text: str, cell: str) -> float:
    start = re.search(rf"\bcell \({cell}\)", text)
    assert start is not None
    area = re.compile(r"area\s*:\s*([\d.]+)").search(text, start.end())
    assert area is not None
    return float(area[1])


def test_nangate45_s_areas_are_those_that_stand_in_its_liberty_file(tmp_path, pdk):
    derived = technology_of(str(without_table(tmp_path, pdk)))
    text = pdk.liberty.read_text()
    assert derived.full_adder_um2 == _area_in(text, "FA_X1")
    assert derived.xor_um2 == _area_in(text, "XOR2_X1")
    assert derived.and_um2 == _area_in(text, "AND2_X1")
    assert derived.register_um2 == _area_in(text, "DFF_X1")
    half_adder = _area_in(text, "XOR2_X1") + _area_in(text, "NAND2_X1")
    assert half_adder < _area_in(text, "HA_X1")
    assert derived.half_adder_um2 == pytest.approx(half_adder)


def test_nangate45_s_delays_are_within_a_factor_of_two_of_its_table(pdk):
    derived, table = derived_technology(pdk).model_dump(), pdk.technology.model_dump()
    delays = [key for key in table if key.endswith("_ns")]
    assert len(delays) == 6
    for key in delays:
        assert 0.5 < derived[key] / table[key] < 2, key


def _arc(related, delay):
    edges = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    values = (f"{delay}, {delay + 1}",) * 2 + ("0.1, 0.1",) * 2
    tables = "".join(
        f'{edge} (by_load) {{ values ("{value}"); }}'
        for edge, value in zip(edges, values, strict=True)
    )
    return f'timing () {{ related_pin : "{related}"; {tables} }}'


def _gate(name, area, function, delay, inputs="ab", output="y"):
    pins = "".join(f"pin ({pin}) {{ direction : input; capacitance : 1; }}" for pin in inputs)
    arcs = "".join(_arc(pin, delay) for pin in inputs)
    return (
        f"cell ({name}) {{ area : {area}; {pins}\n"
        f'pin ({output}) {{ direction : output; function : "{function}"; {arcs} }} }}\n'
    )


FLOP = (
    'cell (FLOP) { area : 9; ff (S, SN) { next_state : "d"; clocked_on : "c"; }\n'
    'pin (c) { direction : input; } pin (d) { direction : input; timing () { related_pin : "c";'
    "timing_type : setup_rising;"
    'rise_constraint (setup) { values ("0.5, 0.7", "0.5, 0.7"); }'
    'fall_constraint (setup) { values ("0.4, 0.4", "0.4, 0.4"); } } }\n'
    f'pin (q) {{ direction : output; function : "S"; {_arc("c", 2)} }} }}\n'
)
CELLS = {
    "XOR": _gate("XOR", 5, "a ^ b", 3),
    "BIG_XOR": _gate("BIG_XOR", 7, "a ^ b", 1),
    "NAND": _gate("NAND", 2, "!(a b)", 1),
    "AND": _gate("AND", 3, "a * b", 2),
    "OR_NAND": _gate("OR_NAND", 4, "!((a+b) c)", 1.5, "abc"),
    "FLOP": FLOP,
    "SCAN": FLOP.replace("(FLOP) { area : 9", "(SCAN) { area : 1").replace('"d"', '"d c"'),
}
# Delay grows by 1 ns from a load of 1 pF to one of 2 pF.
HEAD = """library (small) { time_unit : "1ns"; capacitive_load_unit (1, pf);
lu_table_template (by_load) { variable_1 : total_output_net_capacitance; index_1 ("1, 2"); }
lu_table_template (setup) { variable_1 : constrained_pin_transition;
  variable_2 : related_pin_transition; index_1 ("0.1, 0.2"); index_2 ("0.1, 0.2"); }
"""


@pytest.fixture
def small(tmp_path):
    """A PDK of gates without an adder, and without a table."""
    (tmp_path / "small.lib").write_text(HEAD + "".join(CELLS.values()) + "}")
    (tmp_path / "small.toml").write_text(
        'name = "small"\nprocess = "none"\nlicence = "none"\ncell_verilog = "small.v"\n'
        "output_load_ff = 1.0\n"
        '[corners.one]\nliberty = "small.lib"\nvoltage_v = 1.0\ntemperature_c = 25.0\n'
        '[adder_gates]\nxor = { cell = "XOR", inputs = ["a", "b"], output = "y" }\n'
        'nand = { cell = "NAND", inputs = ["a", "b"], output = "y" }\n'
        'or_nand = { cell = "OR_NAND", inputs = ["a", "b", "c"], output = "y" }\n'
        '[tie_high]\ncell = "ONE"\noutput = "y"\n[tie_low]\ncell = "ZERO"\noutput = "y"\n'
        '[buffer]\ncell = "BUF"\ninput = "a"\noutput = "y"\n'
        '[driving_cell]\ncell = "BUF"\ninput = "a"\noutput = "y"\n'
    )
    return tmp_path


def test_a_small_library_gives_the_sums_of_its_numbers(small):
    table = technology_of(str(small / "small.toml"))
    # Two XOR, two NAND and the OR-NAND; half adder of XOR and the smaller NAND.
    assert (table.full_adder_um2, table.half_adder_um2) == (2 * 5 + 2 * 2 + 4, 5 + 2)
    assert (table.xor_um2, table.and_um2, table.register_um2) == (5, 3, 9)
    assert table.full_adder_sum_ns == pytest.approx(3 + 3)
    assert table.full_adder_carry_ns == pytest.approx(1.5 + 1)
    assert (table.xor_ns, table.and_ns) == pytest.approx((3, 2))
    # Another reader is another pF at the adder's last gate.
    assert table.fan_out_ns == pytest.approx(1)
    # The longest setup of both edges at transitions of 0.1 ns of the data and of the clock.
    assert table.register_ns == pytest.approx(2 + 0.5)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("AND", "has no AND; a section"),
        ("FLOP", "has no D flip-flop"),
        ("OR_NAND", "has no cell OR_NAND"),
    ],
)
def test_a_library_without_a_cell_names_it(small, cell, message):
    library = small / "small.lib"
    library.write_text(library.read_text().replace(CELLS[cell], ""))
    with pytest.raises(InputError, match=rf"PDK small: .*small\.lib {message}"):
        technology_of(str(small / "small.toml"))


def test_a_library_whose_delays_do_not_grow_with_the_load_is_refused(small):
    library = small / "small.lib"
    flat = re.sub(r'values \("([\d.]+), [\d.]+"\)', r'values ("\1, \1")', library.read_text())
    library.write_text(flat)
    with pytest.raises(InputError, match="tables that give a positive fan_out_ns"):
        technology_of(str(small / "small.toml"))


def test_a_library_without_transition_times_names_the_cell(small):
    library = small / "small.lib"
    library.write_text(re.sub(r"(rise|fall)_transition", "other", library.read_text()))
    with pytest.raises(InputError, match="has no transition times of cell XOR"):
        technology_of(str(small / "small.toml"))


def test_a_slower_library_gives_a_slower_table(tmp_path, pdk):
    path = without_table(tmp_path, pdk)
    slow = pdk.liberty.read_text().replace('time_unit : "1ns"', 'time_unit : "10ns"')
    slow = re.sub(r'time_unit\s*:\s*"1ns"', 'time_unit : "10ns"', slow)
    (tmp_path / "slow.lib").write_text(slow)
    path.write_text(re.sub(r'liberty = ".*"', 'liberty = "slow.lib"', path.read_text()))
    assert load_pdk(str(path)).technology is None
    assert technology_of(str(path)).xor_ns > 5 * derived_technology(pdk).xor_ns
