"""Modules of one's own: torch computes what the network says; what has no gates is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from hexcoder.errors import InputError
from hexcoder.models.layers.model import QuantisedModel, model_input
from hexcoder.models.layers.quantise import Quantise, Table
from hexcoder.models.layers.sums import Convolution, Dense, Pool
from hexcoder.network.golden import evaluate


class Everything(nn.Module):
    """One of each layer, and torch's operations between them."""

    def __init__(self, rounding="half_up", overflow="saturate"):
        super().__init__()
        keys = {"rounding": rounding, "overflow": overflow}
        learned = ("weights", "activations")
        self.conv = Convolution(3, 4, (3,), "UQ(2,4)", padding=((1, 1),), learned=learned, **keys)
        self.pool = Pool("max", (2,))
        self.decay = Table(lambda value: torch.exp(-value), "UQ(2,4)", "UQ(0,6)")
        self.out = Dense(20, 2, "SQ(4,6)", activation="none", weight_type="ternary", **keys)
        self.bits = Dense(20, 3, "SQ(2,0)", activation="binary", weight_type="binary")
        self.powers = Dense(3, 2, "SQ(3,3)", weight_digits=1, bias_type=None)
        self.cut = Quantise("SQ(3,4)", **keys)

    def forward(self, x, y):
        hidden = self.pool(self.conv(x))
        hidden = self.cut(hidden * self.decay(hidden) - 0.5)
        hidden = torch.cat([hidden, hidden[:, :1]], dim=1)[:, :5]
        flat = hidden.reshape(len(hidden), -1)
        product = self.cut(torch.matmul(flat.reshape(len(hidden), 5, 4), y))
        squares = (product**2).sum(dim=(1, 2)).unsqueeze(1)
        constant = torch.tensor([[0.5, -1.0, 0.25], [1.0, 1.0, 0.0]])
        mixed = constant @ y[:, :3] + torch.stack([y[:, 0], y[:, 3]], dim=1)
        bits = self.bits(flat)
        return self.out(flat), bits, squares, torch.relu(-mixed), self.powers(bits).amax(dim=1)


INPUTS = [model_input("x", (10, 3), "SQ(3,4)"), model_input("y", (4, 2), "SQ(2,2)")]


def _integers(network, count, seed):
    low, high = network.input_bounds
    return np.random.default_rng(seed).integers(low, high + 1, (count, len(low)))


@pytest.mark.parametrize("rounding", ["half_up", "floor"])
@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
def test_torch_and_the_network_agree_bit_for_bit(rounding, overflow):
    torch.manual_seed(3)
    model = QuantisedModel(Everything(rounding, overflow), INPUTS)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value += torch.randn_like(value) * (1.5 if name.endswith("_bits") else 0.3)
    network = model.freeze()
    inputs = _integers(network, 300, 1)
    np.testing.assert_array_equal(model.integers(inputs), evaluate(network, inputs))
    # What was evaluated in float64 goes on in float32, unchanged.
    assert all(value.dtype == torch.float32 for value in model.parameters())
    assert model.freeze() == network


def test_a_changed_weight_is_seen():
    torch.manual_seed(3)
    model = QuantisedModel(Everything(), INPUTS)
    network = model.freeze()
    with torch.no_grad():
        model.module.out.biases += 1.0
    inputs = _integers(network, 50, 1)
    assert (model.integers(inputs) != evaluate(network, inputs)).any()


def test_the_cost_counts_digits_times_widths():
    dense = Dense(3, 2, "UQ(2,3)", weight_type="SQ(4,0)", bias_type=None)
    with torch.no_grad():
        dense.weights[:] = torch.tensor([[1.0, 0.0], [3.0, -1.0], [0.0, 7.0]])
    model = QuantisedModel(dense, [model_input("x", (3,), "SQ(3,2)")])

    def digits(weight):
        bits = np.log2(1 + abs(weight))
        return bits / 3 + 4 / 9 * min(bits, 1)

    wanted = 5 * (2 * digits(1) + digits(3) + digits(7))
    assert model.adder_bits().item() == pytest.approx(wanted, rel=1e-6)


def test_the_cost_of_a_convolution_leaves_padding_out():
    conv = Convolution(1, 1, (3,), "UQ(2,3)", padding=((1, 1),), weight_type="SQ(2,0)")
    with torch.no_grad():
        conv.weights[:] = 1.0
    model = QuantisedModel(conv, [model_input("x", (4, 1), "UQ(3,0)")])
    # Four windows of three taps, of which two hang over an edge: ten products of three bits.
    assert model.adder_bits().item() == pytest.approx(10 * 3 * (1 / 3 + 4 / 9), rel=1e-6)


def test_learned_widths_behind_a_move_reach_the_cost():
    class Moved(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Dense(2, 2, "UQ(2,4)", learned=("activations",))
            self.second = Dense(4, 1, "UQ(2,4)")

        def forward(self, x):
            hidden = self.first(x)
            return self.second(torch.cat([hidden, hidden], dim=1))

    module = Moved()
    model = QuantisedModel(module, [model_input("x", (2,), "SQ(3,2)")])
    before = model.adder_bits().item()
    model.adder_bits().backward()
    assert (module.first.quantise.kept_bits.grad > 0).all()
    with torch.no_grad():
        module.first.quantise.kept_bits -= 2
    assert model.adder_bits().item() < before


class Wrong(nn.Module):
    """Does one thing that has no gates."""

    def __init__(self, what):
        super().__init__()
        self.what, self.linear = what, nn.Linear(4, 2)

    def forward(self, x):
        return {
            "linear": lambda: self.linear(x),
            "sine": lambda: torch.sin(x),
            "division": lambda: x / 3,
            "branch": lambda: x if x.sum() > 0 else -x,
            "batch": lambda: x[0],
            "cube": lambda: x**3,
            "constant": lambda: torch.ones(2),
        }[self.what]()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("linear", "torch's 'linear' has no exact gates"),
        ("sine", "torch's 'sin' has no exact gates"),
        ("division", "division is by a constant power of two"),
        ("branch", "not supported between|decides by values"),
        ("batch", "the first axis is the batch's"),
        ("cube", "only squares"),
        ("constant", "it must give tensors"),
    ],
)
def test_what_has_no_gates_is_refused_by_name(what, message):
    with pytest.raises(InputError, match=message):
        QuantisedModel(Wrong(what), [model_input("x", (4,), "SQ(3,2)")])


def test_a_table_says_what_it_is_for():
    table = Table(torch.exp, "UQ(1,2)", "UQ(2,4)")
    with pytest.raises(InputError, match=r"is for UQ\(1,2\); it gets SQ\(3,2\)"):
        QuantisedModel(table, [model_input("x", (4,), "SQ(3,2)")])
