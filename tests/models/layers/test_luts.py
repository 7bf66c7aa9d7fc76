"""Trained tables: torch computes what the network says; wiring and entries learn; the price."""

import numpy as np
import pytest
import torch

import hexcoder
from hexcoder import nn
from hexcoder.errors import InputError
from hexcoder.models.layers.luts import EDGE, LEARN, reduced
from hexcoder.models.layers.model import QuantisedModel, model_input
from hexcoder.models.layers.thermometer import COMPARATOR
from hexcoder.network.golden import evaluate


@pytest.fixture(autouse=True)
def one_thread():
    """Layers this small gain nothing by a second."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


INPUT = [model_input("x", (3,), "SQ(3,2)")]


def _every(network):
    """All inputs that there are."""
    low, high = network.input_bounds
    grids = np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)))
    return np.stack([grid.ravel() for grid in grids], axis=1)


def _levels():
    return [[-1.5, 0.0, 1.3], [0.5, 0.5, 3.0], [-3.0, 2.1, 2.25]]


def _tables_alone(fan_in):
    first = nn.Thermometer(_levels(), "SQ(3,2)")
    return [first, nn.Luts(first.bits, 9, fan_in), nn.Luts(9, 6, fan_in, candidates=5)]


MODULES = {
    "counts": lambda: [*_tables_alone(3), nn.GroupSum(2)],
    "counts of wide tables": lambda: [*_tables_alone(6), nn.GroupSum(3, 2, is_centred=True)],
    "bits": lambda: _tables_alone(2),
    "thresholds counted": lambda: [
        nn.Thermometer([[0.5, 1.0], [0.0, 2.0], [-3.0, -2.0]], "SQ(3,2)"),
        nn.GroupSum(2, is_centred=True),
    ],
    "float codes": lambda: [nn.FloatCode(3, 2, 1, "SQ(3,2)"), nn.Luts(12, 6, 3), nn.GroupSum(2)],
    "sums in front": lambda: [
        nn.Dense(3, 4, "SQ(3,2)", activation="none", learned=("weights", "activations")),
        nn.Thermometer([[-1.0, 0.0, 0.75]] * 4, "SQ(3,2)"),
        nn.Luts(12, 8, 4),
        nn.GroupSum(2),
    ],
    "sums behind": lambda: [
        *_tables_alone(4),
        nn.Dense(6, 2, "SQ(4,4)", activation="none", learned=("weights",)),
    ],
}


@pytest.mark.parametrize("name", MODULES)
def test_torch_and_the_network_agree_on_every_input(name):
    torch.manual_seed(5)
    model = QuantisedModel(torch.nn.Sequential(*MODULES[name]()), INPUT)
    network = model.freeze()
    inputs = _every(network)
    found = evaluate(network, inputs)
    np.testing.assert_array_equal(model.integers(inputs), found)
    assert len(np.unique(found, axis=0)) > 1
    if "sums" not in name and name != "thresholds counted":
        # Tables in a row, and the counts behind them, are one node.
        assert [node.kind for node in network.nodes].count("lut_network") == 1


@pytest.mark.parametrize("learn", LEARN)
def test_every_way_to_learn_finds_a_table_and_freezes_to_it(learn):
    """A multiplexer: one of two bits, as the third says."""
    every = (torch.arange(16)[:, None] >> torch.arange(4) & 1).float()
    wanted = torch.where(every[:, 0] > 0, every[:, 1], every[:, 2])
    torch.manual_seed(3)
    tables = nn.Luts(4, 24, 4, candidates=1, learn=learn)
    optimiser = torch.optim.Adam(tables.parameters(), 0.05)
    for _ in range(100):
        optimiser.zero_grad()
        (tables(every) - wanted[:, None]).square().sum().backward()
        optimiser.step()
    found = tables(every)
    # Tables that read the three bits know the answer.
    reads = tables.wiring().argmax(dim=1).reshape(24, 4)
    knows = [{0, 1, 2} <= set(row) for row in reads.tolist()]
    assert any(knows)
    assert (found[:, knows] == wanted[:, None]).all()
    network = QuantisedModel(tables, [model_input("x", (4,), "UQ(1,0)")]).freeze()
    np.testing.assert_array_equal(evaluate(network, every.numpy().astype(int)), found.detach())


@pytest.mark.parametrize("learn", LEARN)
def test_tables_before_tables_learn_through_them(learn):
    torch.manual_seed(4)
    every = (torch.arange(64)[:, None] >> torch.arange(6) & 1).float()
    wanted = ((every[:, 0] + every[:, 3] + every[:, 5]) >= 2).float()
    model = torch.nn.Sequential(nn.Luts(6, 24, 3, learn=learn), nn.Luts(24, 15, 3, learn=learn))
    before = (model(every).mean(dim=1).round() == wanted).float().mean()
    optimiser = torch.optim.Adam(model.parameters(), 0.03)
    for _ in range(150):
        optimiser.zero_grad()
        (model(every).mean(dim=1) - wanted).square().mean().backward()
        optimiser.step()
    after = (model(every).mean(dim=1).round() == wanted).float().mean()
    assert after > before
    assert after > 0.9


def test_the_slope_of_a_relaxed_table_is_that_of_its_multilinear_form():
    torch.manual_seed(5)
    tables = nn.Luts(3, 1, 3, candidates=1, learn="relaxed")
    corners = ((tables.entries + 1) / 2).detach()[0]
    wires = tables.wiring().argmax(dim=1).tolist()
    for index in range(8):
        bits = torch.tensor([[float(index >> k & 1) for k in range(3)]], requires_grad=True)
        read = bits.detach()[0, wires]
        tables(bits).sum().backward()
        wanted = torch.zeros(3)
        for place, wire in enumerate(wires):
            spelled = [int(bit) << k for k, bit in enumerate(read) if k != place]
            low = sum(spelled)
            wanted[wire] += corners[low | 1 << place] - corners[low]
        torch.testing.assert_close(bits.grad[0], wanted)


def test_a_changed_entry_and_a_changed_wire_are_seen():
    torch.manual_seed(5)
    module = torch.nn.Sequential(*_tables_alone(3), nn.GroupSum(2))
    model = QuantisedModel(module, INPUT)
    network, last = model.freeze(), module[2]
    inputs = _every(network)
    with torch.no_grad():
        last.entries.neg_()
    assert (model.integers(inputs) == last.outputs // 2 - evaluate(network, inputs)).all()
    with torch.no_grad():
        last.entries.neg_()
        last.scores.copy_(last.scores.roll(1, dims=1))
    assert (model.integers(inputs) != evaluate(network, inputs)).any()


@pytest.mark.parametrize(
    ("wires", "entries", "wanted"),
    [
        ([4, 7], "0110", ([4, 7], 0b0110)),
        # Read twice, only indices 0 and 3 are there.
        ([4, 4], "0110", ([4], 0b00)),
        ([4, 4], "1001", ([4], 0b11)),
        ([4, 4], "1000", ([4], 0b10)),
        # The second input changes nothing.
        ([4, 7], "1010", ([4], 0b10)),
        ([4, 7], "1100", ([7], 0b10)),
        ([1, 2, 3], "11111111", ([1], 0b11)),
        # Majority of a, b, a is a.
        ([1, 2, 1], "11101000", ([1], 0b10)),
    ],
)
def test_inputs_that_say_nothing_are_left_out(wires, entries, wanted):
    """``entries`` as they are written, the highest index first."""
    bits = np.array([one == "1" for one in reversed(entries)])
    assert reduced(wires, bits) == wanted


def test_the_gradient_of_a_bit_is_the_tables_extended_difference():
    tables = nn.Luts(2, 1, 2, candidates=1)
    with torch.no_grad():
        tables.scores[:] = torch.eye(2) * 99
        tables.reach[:] = True
        # and, at (0, 1): the first input decides, the second decides only if the first were 1.
        tables.entries[:] = torch.tensor([[-1.0, -1.0, -1.0, 1.0]])
    bits = torch.tensor([[0.0, 1.0]], requires_grad=True)
    tables(bits).sum().backward()
    # Per input: the pair at the index counts 1, that with the other input flipped 1/2, over 3/2.
    np.testing.assert_allclose(bits.grad[0].numpy(), [1 / 1.5, 0.5 / 1.5], rtol=1e-5)


def test_training_finds_the_wires_and_the_table():
    """Two classes by the exclusive-or of two signs among four, which no single wire tells."""
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (400, 4))
    y = ((x[:, 1] > 0) != (x[:, 3] > 0)).astype(np.int64)
    torch.manual_seed(2)
    module = torch.nn.Sequential(
        nn.Thermometer([[2**-4]] * 4, "SQ(1,4)"), nn.Luts(4, 12, 2), nn.GroupSum(2)
    )
    inputs = {"x": ((4,), "SQ(1,4)")}
    network = hexcoder.train_model(
        module, inputs, x, y, epochs=20, batch_size=64, learning_rate=3e-2
    )
    assert hexcoder.score(network, x, y).accuracy > 0.9


def test_the_price_counts_what_is_read():
    module = torch.nn.Sequential(
        nn.Thermometer([[0.0]] * 4, "SQ(3,0)"), nn.Luts(4, 4, 2), nn.Luts(4, 2, 2), nn.GroupSum(1)
    )
    first, second = module[1], module[2]
    with torch.no_grad():
        # The second layer reads tables 0 and 1 alone, which read inputs 0 and 1.
        first.scores[:] = 9 * torch.eye(4)[[0, 1, 0, 1, 2, 3, 2, 3]]
        second.scores[:] = 9 * torch.eye(4)[[0, 1, 0, 1]]
        first.entries[:] = torch.tensor([-1.0, -1.0, -1.0, 1.0])
        second.entries[:] = torch.tensor([-1.0, -1.0, -1.0, 1.0])
    model = QuantisedModel(module, [model_input("x", (4,), "SQ(3,0)")])
    # An and has two pairs that differ. Two tables of each layer are read; one full adder.
    assert model.adder_bits().item() == pytest.approx(2 * 3 * COMPARATOR + 4 * 2 * EDGE[2] + 1)
    with torch.no_grad():
        second.entries[1] = -1.0
    # A constant table counts nothing, and its input's tables are read by the other all the same.
    assert model.adder_bits().item() == pytest.approx(2 * 3 * COMPARATOR + 3 * 2 * EDGE[2])
    model.adder_bits().backward()
    assert (first.entries.grad[:2, 3] > 0).all()
    assert (first.entries.grad[2:] == 0).all()


def test_a_price_makes_tables_cheaper():
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (400, 4))
    y = (x.sum(axis=1) > 0).astype(np.int64)
    prices = []
    for cost in (0.0, 100.0):
        torch.manual_seed(2)
        first = nn.Thermometer.at_quantiles(x, 1, "SQ(1,5)")
        module = torch.nn.Sequential(first, nn.Luts(4, 24, 4), nn.GroupSum(2))
        inputs = {"x": ((4,), "SQ(1,5)")}
        hexcoder.train_model(
            module, inputs, x, y, epochs=25, batch_size=64, learning_rate=3e-2, adder_cost=cost
        )
        model = QuantisedModel(module, [model_input("x", (4,), "SQ(1,5)")])
        prices.append(model.adder_bits().item())
    assert prices[1] < 0.7 * prices[0]


def test_a_float_code_is_a_magnitude_and_its_sign():
    code = nn.FloatCode(1, 2, 2, "SQ(5,0)")
    found = code(torch.tensor([[-9.0], [0.0], [3.0], [9.0], [15.0]])).to(int).tolist()
    # Mantissa, exponent, sign, each with its lowest bit first. 9 is 2 (4 + 0), 15 is 2 (4 + 3).
    by_hand = ["00011", "00000", "11000", "00010", "11010"]
    assert ["".join(map(str, row)) for row in found] == by_hand


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Luts(4, 2, 9), "fan_in = 9: it must be 1 to 8"),
        (lambda: nn.Luts(4, 2, 2, candidates=0), "candidates = 0"),
        (lambda: nn.FloatCode(3, 0, 2, "UQ(4,0)"), "got 3 of 0 and 2 bits"),
        (lambda: nn.FloatCode(3, 5, 4, "UQ(17,0)"), "at most 16 bits"),
        (lambda: nn.Thermometer([[], []], "SQ(2,2)"), r"shape \[2, 0\]; give \(elements, bits\)"),
    ],
)
def test_wrong_parameters_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (lambda: [nn.Luts(3, 2, 2)], r"tables '0' read bits, UQ\(1,0\); they get SQ\(3,2\)"),
        (lambda: [nn.Luts(4, 2, 2)], "tables for 4 bits; they get 3"),
        (lambda: [nn.Thermometer([[1.0]], "SQ(3,2)")], "of 1 elements; it gets 3"),
        (lambda: [nn.FloatCode(1, 2, 2, "SQ(3,2)")], "of 1 elements; it gets 3"),
        (lambda: [nn.FloatCode(3, 2, 2, "UQ(3,2)")], r"is for UQ\(3,2\); it gets SQ\(3,2\)"),
        (
            lambda: [nn.Thermometer([[1.0]] * 3, "SQ(3,2)"), nn.GroupSum(2)],
            "3 bits in 2 groups",
        ),
    ],
)
def test_what_does_not_fit_together_is_one_line(layers, message):
    with pytest.raises(InputError, match=message):
        QuantisedModel(torch.nn.Sequential(*layers()), INPUT)
