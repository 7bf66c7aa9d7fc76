import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.golden import evaluate, layer_outputs
from hexcoder.network.quantise import quantise
from hexcoder.network.schema import Network
from tests.networks import WEIGHTED, fixed_point_types, inputs_of, networks


def _exactly(value, fraction_bits, target, rounding, overflow):
    """The arithmetic page in exact fractions, one number at a time."""
    from fractions import Fraction
    from math import floor

    exact = Fraction(value) / Fraction(2) ** fraction_bits * Fraction(2) ** target.fraction_bits
    rounded = floor(exact + Fraction(1, 2)) if rounding == "round_half_up" else floor(exact)
    if overflow == "saturate":
        return min(max(rounded, target.minimum), target.maximum)
    low = rounded % (1 << target.width)
    return low - (1 << target.width) if low > target.maximum else low


@given(
    st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=20),
    st.integers(-3, 20),
    fixed_point_types(),
    st.sampled_from(["floor", "round_half_up"]),
    st.sampled_from(["saturate", "wrap"]),
)
def test_quantise_equals_exact_fractions(values, fraction_bits, target, rounding, overflow):
    found = quantise(np.array(values), fraction_bits, target, rounding, overflow)
    assert found.tolist() == [
        _exactly(value, fraction_bits, target, rounding, overflow) for value in values
    ]


@pytest.mark.parametrize(
    ("value", "rounding", "expected"),
    # 2.5, -2.5, -0.5 and -0.75 in quarters, to whole numbers.
    [(10, "floor", 2), (10, "round_half_up", 3), (-10, "floor", -3), (-10, "round_half_up", -2),
     (-2, "round_half_up", 0), (-3, "round_half_up", -1), (-1, "floor", -1)],
)  # fmt: skip
def test_rounding_of_halves_and_negative_numbers(value, rounding, expected):
    target = FixedPoint.parse("SQ(8,0)")
    assert quantise(np.array([value]), 2, target, rounding, "saturate")[0] == expected


def _evaluate_by_hand(network, inputs):
    """Every output as the arithmetic page says, with loops over Python integers."""
    values = {index: int(v) for index, v in np.ndenumerate(inputs.reshape(network.input.shape))}
    type_ = network.input.type
    for context in network.contexts():
        layer = context.layer
        if layer.kind == "flatten":
            flat = [values[index] for index in np.ndindex(*context.input_shape)]
            values = {(k,): value for k, value in enumerate(flat)}
            continue
        fraction = type_.fraction_bits + layer.weight_type.fraction_bits
        outputs = {}
        for index in np.ndindex(*context.output_shape):
            if layer.kind == "dense":
                pairs = [(values[k,], w) for k, w in enumerate(layer.weights[index[0]])]
            else:
                (top, _), (left, _) = layer.sides(context.input_shape)
                pairs = [
                    (
                        values.get((index[0] * layer.stride[0] + i - top,
                                    index[1] * layer.stride[1] + j - left, c), 0),
                        layer.weights[i][j][c][index[2]],
                    )
                    for i, j, c in np.ndindex(*np.shape(layer.weights)[:3])
                ]  # fmt: skip
            from fractions import Fraction

            total = Fraction(0)
            for value, weight in pairs:
                product = Fraction(value * weight) / Fraction(2) ** fraction
                if layer.product_type is not None:
                    step = Fraction(2) ** -layer.product_type.fraction_bits
                    cut = _exactly(value * weight, fraction, layer.product_type, "floor", "wrap")
                    product = cut * step
                total += product
            if layer.biases is not None:
                total += Fraction(layer.biases[index[-1]]) / 2 ** Fraction(
                    layer.bias_type.fraction_bits
                )
            if layer.activation == "relu":
                total = max(total, Fraction(0))
            scale = Fraction(2) ** 80
            kept, type_ = layer.output_fraction_bits, layer.output_type
            if kept is not None:
                type_ = FixedPoint(type_.signed, type_.integer_bits, kept[index[-1]])
            value = _exactly(int(total * scale), 80, type_, layer.rounding, layer.overflow)
            outputs[index] = value << (layer.output_type.fraction_bits - type_.fraction_bits)
        values, type_ = outputs, layer.output_type
    return [values[index] for index in np.ndindex(*context.output_shape)]


@given(networks(kinds=WEIGHTED))
def test_any_network_equals_the_arithmetic_page_written_out_in_fractions(network):
    inputs = inputs_of(network, 4)
    expected = [_evaluate_by_hand(network, row) for row in inputs]
    assert evaluate(network, inputs).tolist() == expected


@given(networks(), st.integers(0, 1000))
def test_an_event_does_not_depend_on_its_neighbours_in_the_batch(network, seed):
    inputs = inputs_of(network, 6, seed)
    whole = evaluate(network, inputs)
    assert whole.tolist() == [evaluate(network, row[None])[0].tolist() for row in inputs]


def test_an_identity_layer_returns_its_input():
    network = Network.model_validate(
        {
            "name": "identity",
            "input": {"shape": [3], "type": "SQ(3,2)"},
            "layers": [
                {
                    "kind": "dense",
                    "weights": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                    "weight_type": "SQ(2,0)",
                    "output_type": "SQ(3,2)",
                }
            ],
        }
    )
    inputs = inputs_of(network, 50)
    assert np.array_equal(evaluate(network, inputs), inputs)
    assert list(layer_outputs(network, inputs)) == ["dense_0"]


def test_inputs_outside_of_their_type_are_refused():
    network = Network.model_validate(
        {
            "name": "n",
            "input": {"shape": [1], "type": "UQ(2,0)"},
            "layers": [
                {
                    "kind": "dense",
                    "weights": [[1]],
                    "weight_type": "UQ(1,0)",
                    "output_type": "UQ(2,0)",
                }
            ],
        }
    )
    with pytest.raises(ValueError, match="0 to 3"):
        evaluate(network, np.array([[4]]))
