"""``gen --check`` names the pass that broke the network, also where compiling did not see it."""

import dataclasses

import numpy as np
import pytest

from hexcoder.config import Chip, Pipeline
from hexcoder.errors import CheckFailed
from hexcoder.gen import compiler
from hexcoder.gen.agreement import compare_with_golden
from hexcoder.gen.compiler import Settings
from hexcoder.gen.graph import Dot
from hexcoder.gen.passes import share, simplify
from tests.networks import sensor_network

NO_EVENTS = np.zeros((0, 48), dtype=np.int64)


def _with_larger_coefficients(graph):
    """A sum of the last layer with larger coefficients: the same where its operands are zero."""
    nodes = list(graph.nodes)
    index = max(k for k, n in enumerate(nodes) if isinstance(n, Dot) and n.layer == "latent")
    larger = tuple(coefficient + 1 for coefficient in nodes[index].coefficients)
    nodes[index] = dataclasses.replace(nodes[index], coefficients=larger)
    return dataclasses.replace(graph, nodes=tuple(nodes), ranges=())


def _with_crossed_inputs(layer):
    """Two bits of the input change places: the same where the inputs are zero."""
    (a, bit_a), (b, bit_b), *others = layer.x.items()
    return dataclasses.replace(layer, x={a: bit_b, b: bit_a, **dict(others)})


def _blind(monkeypatch):
    """While compiling, passes see an event of zeros alone."""
    monkeypatch.setattr(compiler, "check_inputs", lambda network: np.zeros((1, 48), np.int64))


def _then(function, spoil):
    return lambda *arguments: spoil(function(*arguments))


FAULTS = {
    "share": (share, "share", _with_larger_coefficients),
    "simplify": (simplify, "simplify", _with_larger_coefficients),
    "gates": (compiler, "gates_of_layer", _with_crossed_inputs),
    "schedule": (
        compiler, "schedule", lambda layers: [_with_crossed_inputs(layers[0]), *layers[1:]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_the_pass_that_broke_the_network_is_named(name, monkeypatch):
    module, function, spoil = FAULTS[name]
    _blind(monkeypatch)
    monkeypatch.setattr(module, function, _then(getattr(module, function), spoil))
    settings = Settings(pipeline=Pipeline(stages=4))
    with pytest.raises(CheckFailed, match=f"pass '{name}' changed .* layer '.*', element"):
        compare_with_golden(sensor_network(), settings, NO_EVENTS, 500, 1)


@pytest.mark.parametrize("weights", ["fixed", "loadable"])
def test_designs_of_both_kinds_agree_and_say_how_much_was_compared(weights):
    settings = Settings(chip=Chip(weights=weights))
    verdict = compare_with_golden(sensor_network(), settings, NO_EVENTS, 500, 1)
    sets = {"configurations": 1} if weights == "loadable" else {}
    expected = {"network": "sensor", "vectors": 500, **sets, "mismatches": 0, "seed": 1}
    assert verdict == expected
