"""Layers with weights from registers against the golden model, whose weights are numbers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.errors import CheckFailed
from hexcoder.gen.gates.bits import Gates, evaluate
from hexcoder.gen.loadable import network as loadable
from hexcoder.gen.loadable.network import compile_loadable
from hexcoder.gen.loadable.product import digits, floored, multiples, product
from hexcoder.network.parameters import Parameters, parameter_bits, with_random_parameters
from hexcoder.pdk.technology import technology_of
from hexcoder.sensor.chip.configuration import ChipConfiguration
from hexcoder.sensor.chip.golden import blank_network, chip_network
from tests.networks import WEIGHTED, networks, sensor_network


@settings(max_examples=60, deadline=None)
@given(networks(kinds=WEIGHTED))
def test_any_network_computes_with_any_weights_what_the_golden_model_does(network):
    compiled = compile_loadable(network, technology_of("nangate45"))
    assert compiled.checked_events >= 300
    assert compiled.parameter_bits == len(parameter_bits(network))


def test_gates_that_are_not_the_network_are_refused(monkeypatch):
    golden = loadable.layer_outputs

    def with_floor(network, inputs):
        last = network.layers[-1].model_copy(update={"rounding": "floor"})
        layers = (*network.layers[:-1], last)
        return golden(network.model_copy(update={"layers": layers}), inputs)

    monkeypatch.setattr(loadable, "layer_outputs", with_floor)
    with pytest.raises(
        CheckFailed, match="pass 'loadable' changed the network: layer 'latent', element"
    ):
        compile_loadable(sensor_network(), technology_of("nangate45"))


@pytest.mark.parametrize("x_signed", [False, True])
@pytest.mark.parametrize("w_signed", [False, True])
@pytest.mark.parametrize(("x_width", "w_width"), [(1, 1), (3, 4), (4, 3), (2, 5)])
@pytest.mark.parametrize("drop", [0, 1, 3, -2])
def test_every_product_is_floored_exactly(x_signed, w_signed, x_width, w_width, drop):
    gates = Gates(technology_of("nangate45"))
    x = [gates.input(f"x_{k}") for k in range(x_width)]
    w = [gates.input(f"w_{k}") for k in range(w_width)]
    heap = product(gates, multiples(gates, x, x_signed, "x"), digits(gates, w, w_signed, "w"), "p")
    heap = floored(gates, heap, drop, "p")
    pairs = list(itertools.product(range(1 << x_width), range(1 << w_width)))

    def column(values, place):
        return sum((value >> place & 1) << event for event, value in enumerate(values))

    def value(code, width, signed):
        return code - (1 << width) if signed and code >> (width - 1) else code

    nets = {literal >> 1: column([a for a, _ in pairs], k) for k, literal in enumerate(x)}
    nets |= {literal >> 1: column([b for _, b in pairs], k) for k, literal in enumerate(w)}
    values = evaluate(gates.gates, len(gates.names), nets, len(pairs))
    for event, (a, b) in enumerate(pairs):
        total = heap.constant + sum(
            ((values[literal >> 1] >> event & 1) ^ (literal & 1)) << place
            for place, literals in heap.columns.items()
            for literal in literals
        )
        exact = value(a, x_width, x_signed) * value(b, w_width, w_signed)
        assert total == (exact >> drop if drop >= 0 else exact << -drop), (a, b)


def test_no_digit_but_the_highest_is_negative():
    gates = Gates(technology_of("nangate45"))
    made = digits(gates, [gates.input(f"w_{k}") for k in range(6)], True, "w")
    assert [digit.negative is None for digit in made] == [True, True, False]
    assert [digit.place for digit in made] == [0, 2, 4]


def test_elements_that_are_always_zero_are_not_built():
    network = sensor_network()
    whole = compile_loadable(network, technology_of("nangate45"))
    folded = compile_loadable(network, technology_of("nangate45"), range(24))
    sizes = [len(c.layers[0].gates.live) for c in (whole, folded)]
    assert sizes[1] < 0.7 * sizes[0]


def test_parameters_lie_in_the_chip_s_order():
    random = np.random.default_rng(4)
    bits = random.integers(0, 2, 12864)
    value = sum(int(bit) << place for place, bit in enumerate(bits))
    configuration = ChipConfiguration(tuple(range(48)), (2048,) * 48, True, 5, 0, value)
    assert (parameter_bits(chip_network(configuration)) == bits).all()


def test_the_chip_has_2144_weights_of_6_bits():
    contexts = [c for c in blank_network().contexts() if c.layer.kind != "flatten"]
    found = [Parameters.of(context) for context in contexts]
    assert sum(p.weights + p.biases for p in found) == 2144
    assert sum(p.bits for p in found) == 12 * 1072


@settings(max_examples=10, deadline=None)
@given(networks(kinds=WEIGHTED), st.integers(0, 2**32 - 1))
def test_random_parameters_stay_in_their_types(network, seed):
    drawn = with_random_parameters(network, np.random.default_rng(seed))
    type(network).model_validate(drawn.model_dump(mode="json", exclude_none=True))
