import itertools

import numpy as np
import pytest
import torch

from hexcoder.digits import digit_count
from hexcoder.models.encoder.hardware_cost import adder_bits, uses
from hexcoder.models.encoder.quantised import Precision, QuantisedEncoder
from hexcoder.network.schema import Network
from tests.networks import sensor_network


def test_signed_digits_are_the_fewest_that_make_a_number():
    # All sums of up to four signed powers of two, the shortest way first.
    powers = [sign << place for place in range(8) for sign in (1, -1)]
    fewest = {0: 0}
    for count in (1, 2, 3, 4):
        for chosen in itertools.combinations_with_replacement(powers, count):
            fewest.setdefault(sum(chosen), count)
    values = np.arange(-63, 64)
    assert digit_count(values).tolist() == [fewest[value] for value in values]


def _network(*layers, shape=(3,)):
    return Network.model_validate(
        {"name": "n", "input": {"shape": list(shape), "type": "UQ(1,3)"}, "layers": list(layers)}
    )


def test_a_dense_layer_costs_the_bits_that_go_in_and_do_not_come_out():
    layer = {"kind": "dense", "weights": [[3, 0, 4]], "weight_type": "SQ(4,0)",
             "output_type": "UQ(2,0)"}  # fmt: skip
    # 3 is 4 - 1, two operands of 4 bits, 4 is one: 12 bits in, 2 out.
    assert adder_bits(_network(layer)) == 12 - 2


def test_channels_that_keep_fewer_bits_cost_less_behind_them():
    first = {"kind": "dense", "weights": [[1, 1, 1], [1, 1, 1]], "weight_type": "SQ(4,0)",
             "output_type": "UQ(2,3)", "name": "a"}  # fmt: skip
    second = {"kind": "dense", "weights": [[1, 1]], "weight_type": "SQ(4,0)",
              "output_type": "UQ(2,0)", "name": "b"}  # fmt: skip
    whole = adder_bits(_network(first, second))
    fewer = adder_bits(_network(first | {"output_fraction_bits": [3, 1]}, second))
    # Two bits less into the second layer; two bits more fall away at the end of the first.
    assert whole == (2 * 12 - 2 * 5) + (10 - 2)
    assert fewer == (2 * 12 - 5 - 3) + (8 - 2)


@pytest.mark.parametrize(("stride", "padding"), [(1, "same"), (2, "same"), (1, "valid")])
def test_each_weight_is_counted_in_the_windows_that_use_it(stride, padding):
    layer = {"kind": "conv2d", "weights": np.ones((3, 3, 1, 1), dtype=int).tolist(),
             "weight_type": "SQ(2,0)", "output_type": "UQ(4,0)", "stride": stride,
             "padding": padding}  # fmt: skip
    context = next(_network(layer, shape=(4, 4, 1)).contexts())
    rows, columns, _ = context.output_shape
    (top, _), (left, _) = context.layer.sides(context.input_shape)
    counted = np.zeros((3, 3))
    for row, column, i, j in itertools.product(range(rows), range(columns), range(3), range(3)):
        y, x = row * stride + i - top, column * stride + j - left
        counted[i, j] += 0 <= y < 4 and 0 <= x < 4
    assert uses(context)[:, :, 0, 0].tolist() == counted.tolist()


def test_the_smooth_estimate_falls_with_every_learned_width_and_every_weight():
    encoder = QuantisedEncoder(sensor_network(), Precision(True, True, True))
    encoder.adder_bits().backward()
    inner, last = encoder.arithmetic_layers()
    used = inner.weights.detach() != 0
    assert (inner.weight_bits.grad[used] > 0).all()
    assert (inner.output_bits.grad > 0).all()
    assert last.output_bits is None
    assert inner.product_bits.grad >= 0
    assert torch.equal(torch.sign(inner.weights.grad[used]), torch.sign(inner.weights[used]))
