import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.errors import InputError
from netlist.cell_models import cell_models, translate
from netlist.liberty import WireLoad, parse, read_liberty

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
    assert cell_models(library)["cells"]["INV"]["outputs"] == {"Z": "(~A)"}


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


def test_a_full_adder_adds(library):
    outputs = cell_models(library)["cells"]["FA_X1"]["outputs"]
    for a, b, c in itertools.product((0, 1), repeat=3):
        values = {"A": a, "B": b, "CI": c}
        total = eval(outputs["S"], {}, values) + 2 * eval(outputs["CO"], {}, values)
        assert total == a + b + c


def test_cells_that_cannot_be_simulated_have_no_model(library):
    models = cell_models(library)["cells"]
    assert "DFF_X1" in models
    assert not {"DLH_X1", "DFFR_X1", "TBUF_X1", "CLKGATE_X1"} & set(models)


EXPRESSIONS = st.recursive(
    st.sampled_from(["A", "B", "C", "0", "1"]),
    lambda inner: st.one_of(
        inner.map(lambda x: f"!({x})"),
        inner.map(lambda x: f"({x})'"),
        st.tuples(inner, st.sampled_from("&*|+^ "), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_translation_keeps_the_meaning_of_parenthesised_functions(function):
    python = function.replace("*", "&").replace("+", "|").replace(" ", "&").replace("!", "1^")
    while "'" in python:  # (x)' is (1^(x))
        end = python.index("'")
        depth, start = 0, end
        while True:
            start -= 1
            depth += {")": 1, "(": -1}.get(python[start], 0)
            if depth == 0:
                break
        python = f"{python[:start]}(1^{python[start:end]}){python[end + 1 :]}"
    python = python.replace("1^", "1-")
    for a, b, c in itertools.product((0, 1), repeat=3):
        values = {"A": a, "B": b, "C": c}
        assert eval(translate(function), {}, values) & 1 == eval(python, {}, values) & 1


@pytest.mark.parametrize(
    ("function", "translated"),
    [
        ("A B + C", "((A & B) | C)"),
        ("A ^ B & C", "((A ^ B) & C)"),
        ("!A'", "(~(~A))"),
        ("A + B ^ C D", "(A | ((B ^ C) & D))"),
    ],
)
def test_operators_bind_as_liberty_says(function, translated):
    assert translate(function) == translated


@pytest.mark.parametrize("function", ["A &", "(A", "A % B", "", "A )"])
def test_a_broken_function_is_refused(function):
    with pytest.raises(InputError, match="cannot read the function"):
        translate(function)
