"""Exported QONNX, evaluated by onnx's own reference, against the golden model."""

from random import Random

import numpy as np
import onnx
import pytest
from hypothesis import given
from onnx.reference import ReferenceEvaluator

from hexcoder.errors import InputError
from hexcoder.models.__main__ import main
from hexcoder.models.exporters.layers import EXPORTS
from hexcoder.models.exporters.qonnx import export_qonnx
from hexcoder.models.exporters.writer import EXACT_BITS, value_bits
from hexcoder.models.importers.files import import_model
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.golden import evaluate
from hexcoder.network.kinds import KINDS
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import Network, RealInput, RealOutput, save_network
from tests.models.quantisers import OPERATORS
from tests.networks import graphs, inputs_of, networks

EVENTS = 8


def _real_inputs(network, integers):
    """Real numbers of an input's integers, where its step is that of its type."""
    parts = network.split_inputs(integers)
    return {
        name: (part * network.inputs_by_name[name].type.step).astype(np.float32)
        for name, part in parts.items()
    }


def _answers(model, inputs):
    evaluator = ReferenceEvaluator(model, new_ops=OPERATORS)
    rows = []
    for event in range(len(next(iter(inputs.values())))):
        found = evaluator.run(
            None, {name: part[event : event + 1] for name, part in inputs.items()}
        )
        rows.append(np.concatenate([one.ravel() for one in found]))
    return np.array(rows)


def _compare(network):
    integers = inputs_of(network, EVENTS)
    if any(value_bits(context) > EXACT_BITS for context in network.contexts()):
        with pytest.raises(InputError, match="float32"):
            export_qonnx(network)
        return
    model = export_qonnx(network)
    onnx.checker.check_model(model)
    found = _answers(model, _real_inputs(network, integers))
    np.testing.assert_array_equal(found, to_reals(network, evaluate(network, integers)))


def test_every_kind_is_exported():
    assert set(EXPORTS) == set(KINDS)


@given(networks())
def test_chains(network):
    _compare(network)


@given(graphs())
def test_graphs(network):
    _compare(network)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("conv2d", "dense")])
def test_each_kind(kind):
    from tests.networks import drawn_graph

    for seed in range(12):
        _compare(drawn_graph(Random(seed), 3, (kind, "constant", "requantise")))


def test_real_inputs_and_outputs_stay_outside():
    builder = GraphBuilder("scales")
    x = builder.input(
        "x", (3,), "SQ(4,0)", RealInput(scale=0.3, offset=0.125, rounding="half_even")
    )
    weights = np.random.default_rng(0).integers(-3, 4, (3, 2))
    builder.output(
        builder.add("linear", "sums", [x], weights=weights), RealOutput(scale=0.7, offset=-1.5)
    )
    network = builder.network()
    reals = np.random.default_rng(1).normal(0, 1.5, (20, 3)).astype(np.float32)
    found = _answers(export_qonnx(network), {"x": reals})
    wanted = to_reals(network, evaluate(network, to_integers(network, reals)))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_our_importer_reads_it_back(tmp_path):
    rng = np.random.default_rng(3)
    builder = GraphBuilder("round_trip")
    x = builder.input("x", (6, 4), "SQ(3,3)")
    hidden = builder.add(
        "linear", "conv", [x], weights=rng.integers(-7, 8, (3, 4, 5)), fraction_bits=3, stride=[2]
    )
    hidden = builder.add("requantise", "act", [hidden], type="UQ(2,3)", minimum=0)
    flat = builder.move("flat", [hidden], builder.numbers(hidden).reshape(-1))
    biases = rng.integers(-7, 8, 3)
    total = builder.add("linear", "head", [flat], weights=rng.integers(-7, 8, (10, 3)),
                        biases=biases)  # fmt: skip
    builder.output(builder.add("requantise", "out", [total], type="SQ(6,2)", rounding="half_even"))
    network = builder.network()
    save_network(network, tmp_path / "network.json")
    assert main(["export", str(tmp_path / "network.json"), "-o", str(tmp_path / "m.onnx")]) == 0
    again = import_model(tmp_path / "m.onnx", None, None)
    integers = inputs_of(network, 50)
    reals = integers * network.inputs_by_name["x"].type.step
    wanted = to_reals(network, evaluate(network, integers))
    found = to_reals(again, evaluate(again, to_integers(again, reals.reshape(-1, 6, 4))))
    np.testing.assert_array_equal(found, wanted)


def test_too_wide_sums_are_refused(tmp_path):
    network = Network.model_validate(
        {
            "name": "wide", "version": 1, "format": "hexcoder-network",
            "input": {"shape": [2], "type": "UQ(16,0)"},
            "layers": [{"kind": "dense", "name": "sums", "weight_type": "SQ(12,0)",
                        "weights": [[2047, -2048]], "output_type": "SQ(30,0)"}],
        }
    )  # fmt: skip
    save_network(network, tmp_path / "network.json")
    with pytest.raises(InputError, match="layer 'sums': its values take"):
        main(["export", str(tmp_path / "network.json"), "-o", str(tmp_path / "m.onnx")])
    assert not (tmp_path / "m.onnx").exists()
