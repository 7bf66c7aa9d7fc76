"""Functions against values that Python works out from the same drawn expression, and by hand."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.errors import InputError
from hexcoder.netlist.function import MAX_CHARACTERS, MAX_DEPTH, MAX_INPUTS, Function

NAMES = ("A", "B", "C")
PATTERNS = [dict(zip(NAMES, bits, strict=True)) for bits in itertools.product((0, 1), repeat=3)]
AND, OR, XOR = ("&", "&&", "*", " "), ("|", "||", "+"), ("^",)


def _leaf(name):
    values = [int(name) if name.isdigit() else pattern[name] for pattern in PATTERNS]
    return name, values


def _binary(left, sign, right):
    def combine(a, b):
        return min(a, b) if sign in AND else max(a, b) if sign in OR else int(a != b)

    values = [combine(a, b) for a, b in zip(left[1], right[1], strict=True)]
    return f"({left[0]}{sign}{right[0]})", values


def _inverse(inner, form):
    return form.format(inner[0]), [1 - value for value in inner[1]]


def _reduced(text, pattern):
    """Value of a text in full brackets: the innermost bracket is reduced until a bit is left."""
    text = re.sub(r"[A-Z]", lambda match: str(pattern[match.group()]), text)
    rules = {"0 & 0": 0, "0 & 1": 0, "1 & 0": 0, "1 & 1": 1, "0 | 0": 0, "0 | 1": 1, "1 | 0": 1}
    rules |= {"1 | 1": 1, "0 ^ 0": 0, "0 ^ 1": 1, "1 ^ 0": 1, "1 ^ 1": 0, "~0": 1, "~1": 0}
    while "(" in text:
        text = re.sub(r"\(([^()]*)\)", lambda match: str(rules[match[1]]), text)
    return int(text)


EXPRESSIONS = st.recursive(
    st.sampled_from([*NAMES, "0", "1"]).map(_leaf),
    lambda inner: st.one_of(
        st.builds(_inverse, inner, st.sampled_from(["!({})", "({})'", "~({})", "!{}"])),
        st.builds(_binary, inner, st.sampled_from([*AND, *OR, *XOR]), inner),
    ),
    max_leaves=12,
)
"""Pairs of a text and its values over PATTERNS."""


@given(EXPRESSIONS)
def test_every_form_of_evaluation_gives_the_value_of_the_expression(expression):
    text, values = expression
    function = Function.parse(text)
    assert [function.bit(pattern) for pattern in PATTERNS] == values
    columns = {name: np.array([pattern[name] for pattern in PATTERNS]) for name in NAMES}
    bits = function.evaluate(columns, np.ones(8, int))
    assert bits.tolist() == values
    truths = {name: column.astype(bool) for name, column in columns.items()}
    assert function.evaluate(truths, np.ones(8, bool)).tolist() == [bool(v) for v in values]
    # Pattern p of a truth table has its first input in its lowest bit, PATTERNS in its highest.
    table = function.truth_table(NAMES[::-1])
    assert [table >> p & 1 for p in range(8)] == values
    assert function.part_true == sum(values) / 8
    assert Function.parse(str(function)) == function


@given(EXPRESSIONS)
def test_the_texts_have_the_value_of_the_expression(expression):
    text, values = expression
    function = Function.parse(text)
    verilog = re.sub(r"1'b([01])", r"\1", function.verilog())
    assert verilog == str(function)
    assert not re.search(r"(?<!')\b[01]\b(?!')", function.verilog())
    python = [_reduced(str(function), pattern) for pattern in PATTERNS]
    assert python == values


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("A B + C", "((A & B) | C)"),
        ("A ^ B & C", "((A ^ B) & C)"),
        ("!A'", "(~(~A))"),
        ("A + B ^ C D", "(A | ((B ^ C) & D))"),
        ("!A B'", "((~A) & (~B))"),
        ("A | B | C", "((A | B) | C)"),
        ("A ^ !B ^ C", "((A ^ (~B)) ^ C)"),
        ("(A+B)(C+D)", "((A | B) & (C | D))"),
        ("A[3] * 1", "(A[3] & 1)"),
    ],
)
def test_operators_bind_as_liberty_says(text, grouped):
    assert str(Function.parse(text)) == grouped


@pytest.mark.parametrize(
    "text",
    [
        "A &",
        "(A",
        "A % B",
        "",
        "A )",
        "()",
        "& A",
        "'",
        "A !",
        "12",
        "A ^^ B",
        "print('x')]",
        "A;B",
    ],
)
def test_a_broken_function_is_refused_by_its_text(text):
    with pytest.raises(InputError, match=re.escape(f"cannot read the function {text!r}")):
        Function.parse(text)


def test_python_in_a_function_is_text_and_not_run():
    with pytest.raises(InputError, match="cannot read the function"):
        Function.parse("__import__('os').abort()")


def test_texts_without_end_are_refused():
    with pytest.raises(InputError, match=f"{MAX_CHARACTERS + 1} characters"):
        Function.parse("A" * (MAX_CHARACTERS + 1))
    for text in ("!" * (MAX_DEPTH + 1) + "A", "A" + "+A" * (MAX_DEPTH + 1)):
        with pytest.raises(InputError, match="cannot read"):
            Function.parse(text)
    assert Function.parse("!" * MAX_DEPTH + "A").depth == MAX_DEPTH
    assert str(Function.parse("(" * 9000 + "A" + ")" * 9000)) == "A"


def test_a_truth_table_has_a_limit():
    wide = Function.parse("+".join(f"A{k}" for k in range(MAX_INPUTS + 1)))
    with pytest.raises(InputError, match=f"more than {MAX_INPUTS} inputs"):
        wide.truth_table()


def test_inputs_are_named_in_order_once():
    assert Function.parse("B A + B !C").inputs == ("B", "A", "C")
    assert Function.parse("1").inputs == ()
    assert Function.parse("(A)").single_input == "A"
    assert Function.parse("!A").single_input is None
    assert Function.parse("0").single_input is None


def test_functions_take_the_places_of_inputs():
    function = Function.parse("IQN & D").substitute({"IQN": Function.parse("!IQ")})
    assert str(function) == "((~IQ) & D)"
