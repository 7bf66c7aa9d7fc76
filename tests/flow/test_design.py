"""What rtl/metrics.json says of ports, against the module under test."""

from random import Random

import pytest

from hexcoder.flow.design import read_design
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.schema import NetworkGraph
from hexcoder.sensor.frames import fixed_module
from tests.networks import drawn_graph


def _with_several(count):
    """Graphs with several inputs or outputs of different types."""
    found = []
    for seed in range(200):
        graph = drawn_graph(Random(seed), 4)
        if len(graph.inputs) > 1 and len(graph.outputs) > 1:
            found.append(graph)
        if len(found) == count:
            return found
    raise AssertionError("no such graph was drawn")


@pytest.mark.parametrize("graph", _with_several(3))
def test_widths_of_several_tensors(graph: NetworkGraph, tmp_path):
    build(graph, Settings(), tmp_path)
    module = fixed_module(graph, "encoder_core")
    interface = read_design(tmp_path / "metrics.json").interface
    assert interface.input_widths == module.input_widths
    assert interface.output_widths == module.output_widths
