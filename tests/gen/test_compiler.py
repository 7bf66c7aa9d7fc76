import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.config import Compiler, Pipeline
from hexcoder.errors import CheckFailed
from hexcoder.fixed_point import FixedPoint
from hexcoder.gen import check
from hexcoder.gen.check import check_graph
from hexcoder.gen.compiler import Settings, compile_network
from hexcoder.gen.emit.circuit import EncoderCore
from hexcoder.gen.emit.fixed import FixedDesign
from hexcoder.gen.gates.of_graph import Sources
from hexcoder.gen.graph import NOT_BUILT, Dot, Quantise, Register
from hexcoder.gen.interpret import interpret, layer_latency, node_values
from hexcoder.gen.passes import pipeline, prune, share, simplify
from hexcoder.gen.passes.lower import lower
from hexcoder.gen.passes.ranges import ranges
from hexcoder.network.golden import layer_outputs
from hexcoder.network.schema import Network
from tests.networks import graphs, inputs_of, networks, sensor_network

QUICK = Compiler(effort=0.05)
PLACES = st.builds(Pipeline, input=st.booleans(), layers=st.booleans(), output=st.booleans())


def _built_equal(graph, inputs, network):
    found, golden = interpret(graph, inputs), layer_outputs(network, inputs)
    for layer in graph.layers:
        built = [k for k, node in enumerate(layer.nodes) if node != NOT_BUILT]
        assert np.array_equal(found[layer.name][:, built], golden[layer.name][:, built])


@given(networks() | graphs(), PLACES)
def test_any_network_keeps_its_meaning_through_all_passes(network, places):
    compiled = compile_network(network, Settings(pipeline=places, compiler=QUICK))
    _built_equal(compiled.graph, inputs_of(network, 60, seed=3), network)


@given(networks() | graphs())
def test_ranges_hold_every_value_that_occurs(network):
    graph = compile_network(network, Settings(compiler=QUICK)).graph
    values = node_values(graph, inputs_of(network, 60, seed=4))
    for value, (low, high) in zip(values, graph.ranges, strict=True):
        assert low <= value.min()
        assert value.max() <= high


def test_the_range_of_a_sum_is_exact_where_shared_terms_cancel():
    # (a + b) - b is a: interval arithmetic over the two sums would give -15 to 30.
    network = _dense([[1, 1], [1, 0]], "UQ(4,0)", "SQ(8,0)")
    graph = lower(network)
    both, first = graph.layers[0].nodes
    sums = [graph.nodes[n].source for n in (both, first)]

    def add(name, left, right, factor):
        return Dot(
            layer="dense_0", name=name, sources=(left, right), coefficients=(1, factor),
            offset=0, group=0,
        )  # fmt: skip

    difference = add("d", *sums, -1)
    back = add("e", len(graph.nodes), sums[1], 1)
    longer = replace(graph, nodes=(*graph.nodes, difference, back))
    assert ranges(longer).ranges[-2:] == ((0, 15), (0, 30))


def _dense(weights, input_type, output_type, **keys):
    return Network.model_validate(
        {
            "name": "dense",
            "input": {"shape": [len(weights[0])], "type": input_type},
            "layers": [
                {
                    "kind": "dense",
                    "weights": weights,
                    "weight_type": "SQ(8,0)",
                    "output_type": output_type,
                    **keys,
                }
            ],
        }
    )


@given(st.lists(st.lists(st.integers(-100, 100), min_size=2, max_size=2), min_size=1, max_size=3))
def test_extremes_of_a_dense_layer_s_ranges_are_reached(weights):
    network = _dense(weights, "SQ(3,0)", "SQ(12,0)")
    graph = compile_network(network, Settings()).graph
    corners = np.array([[a, b] for a in range(-4, 4) for b in range(-4, 4)])
    values = node_values(graph, corners)
    for node in graph.layers[-1].nodes:
        assert graph.ranges[node] == (values[node].min(), values[node].max())


def test_equal_products_of_a_layer_are_built_once():
    network = _dense([[3, 5], [3, 5]], "UQ(4,0)", "SQ(9,0)")
    graph = compile_network(network, Settings()).graph
    assert graph.layers[-1].nodes[0] == graph.layers[-1].nodes[1]


def test_what_no_output_needs_is_not_built():
    layer = _dense([[1, 1], [1, 2], [3, 1]], "UQ(4,0)", "SQ(9,0)").layers[0]
    last = _dense([[1, 0, 1]], "UQ(4,0)", "SQ(12,0)").layers[0]
    network = Network.model_validate(
        {
            "name": "two",
            "input": {"shape": [2], "type": "UQ(4,0)"},
            "layers": [layer.model_dump(), last.model_dump()],
        }
    )
    graph = compile_network(network, Settings()).graph
    assert [node == NOT_BUILT for node in graph.layers[0].nodes] == [False, True, False]


@pytest.mark.parametrize(
    ("places", "latency"),
    [
        (Pipeline(input=True, layers=True, output=True), 3),
        (Pipeline(input=False, layers=True, output=True), 2),
        (Pipeline(input=False, layers=False, output=True), 1),
        (Pipeline(input=False, layers=False, output=False), 0),
    ],
)
def test_each_register_place_adds_one_clock(places, latency):
    graph = compile_network(sensor_network(), Settings(pipeline=places)).graph
    assert layer_latency(graph, "latent") == latency


@given(networks(), PLACES)
def test_all_paths_to_an_output_have_the_same_latency(network, places):
    graph = compile_network(network, Settings(pipeline=places, compiler=QUICK)).graph
    registered = [output.name for output in graph.layers if not output.is_wiring]
    expected = places.input + places.output + places.layers * (len(registered) - 1)
    for layer in graph.layers:
        layer_latency(graph, layer.name)
    assert graph.layers[-1].clocks == expected


@given(graphs(), PLACES)
def test_what_goes_out_of_a_graph_goes_out_at_one_time(network, places):
    compiled = compile_network(network, Settings(pipeline=places, compiler=QUICK))
    graph = compiled.graph
    for module in graph.modules:
        layer_latency(graph, module.name)
        waits = {clocks for _, _, clocks in Sources(graph).read_by(module)}
        assert min(waits) == 0
    core = EncoderCore(graph, compiled.layers)
    assert core.latency == max(layer.clocks for layer in graph.output_layers)


def _break_share(graph, *arguments):
    """Changes one coefficient in the second layer, as a wrong solution would."""
    graph = share.share(graph, *arguments)
    nodes = list(graph.nodes)
    index = next(i for i, n in enumerate(nodes) if isinstance(n, Dot) and n.layer == "latent")
    node = nodes[index]
    coefficients = (2 * node.coefficients[0], *node.coefficients[1:])
    nodes[index] = Dot(
        layer=node.layer, name=node.name, sources=node.sources, coefficients=coefficients,
        offset=node.offset, group=node.group,
    )  # fmt: skip
    return replace(graph, nodes=tuple(nodes), ranges=())


def _break_simplify(graph):
    """Forgets the saturation of the first layer's first output."""
    graph = simplify.simplify(graph)
    nodes = list(graph.nodes)
    index = next(i for i, n in enumerate(nodes) if isinstance(n, Quantise) and n.layer == "conv")
    node = nodes[index]
    nodes[index] = Quantise(
        layer=node.layer, name=node.name, source=node.source, drop=node.drop,
        target=node.target, saturate=False,
    )  # fmt: skip
    return replace(graph, nodes=tuple(nodes), ranges=())


def _break_pipeline(graph, places):
    """Leaves out one register."""
    graph = pipeline.pipeline(graph, places)
    index = next(i for i, n in enumerate(graph.nodes) if isinstance(n, Register))
    source = graph.nodes[index].source
    nodes = tuple(
        node.with_operands(tuple(source if o == index else o for o in node.operands))
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes, ranges=())


@pytest.mark.parametrize(
    ("module", "function", "broken", "message"),
    [
        (share, "share", _break_share, r"pass 'share' changed .* layer 'latent', element \d+"),
        (simplify, "simplify", _break_simplify, r"pass 'simplify' changed .* layer 'conv'"),
        (pipeline, "pipeline", _break_pipeline, r"pass 'pipeline': .* mixes events"),
    ],
)
def test_a_broken_pass_is_named_with_the_layer_that_it_changed(
    monkeypatch, module, function, broken, message
):
    original = getattr(module, function)

    def patched(*arguments):
        with monkeypatch.context() as inner:
            inner.setattr(module, function, original)
            return broken(*arguments)

    monkeypatch.setattr(module, function, patched)
    with pytest.raises(CheckFailed, match=message):
        compile_network(sensor_network(), Settings())


def test_an_output_whose_range_its_type_does_not_hold_is_named():
    network = sensor_network()
    graph = ranges(lower(network))
    *layers, latent = graph.layers
    narrow = replace(latent, type=FixedPoint.parse("SQ(1,5)"))
    inputs = inputs_of(network, 4)
    golden = layer_outputs(network, inputs)
    with pytest.raises(CheckFailed, match=r"'latent', element 0 may be -\d+ to \d+, which SQ\(1,5"):
        check_graph("p", replace(graph, layers=(*layers, narrow)), inputs, golden)


def test_check_pass_reports_the_event_and_both_values():
    network = sensor_network()
    graph = prune.prune(ranges(lower(network)))
    inputs = inputs_of(network, 10)
    golden = layer_outputs(network, inputs)
    golden["latent"] = golden["latent"].copy()
    wrong = golden["latent"][7, 2] = golden["latent"][7, 2] + 1
    message = f"layer 'latent', element 2, event 7: expected {wrong}, got {wrong - 1}"
    with pytest.raises(CheckFailed, match=message):
        check_graph("prune", graph, inputs, golden)


def test_check_inputs_hold_the_extremes_and_every_element_alone():
    network = sensor_network()
    inputs = check.check_inputs(network)
    assert {tuple(row) for row in (np.eye(48, dtype=int) * 63)} <= {tuple(row) for row in inputs}
    assert (inputs == 63).all(axis=1).any()
    assert (inputs == 0).all(axis=1).any()


def constant_network():
    """Outputs that are 3 and 0 whatever comes in."""
    layer = {
        "kind": "dense", "weights": [[0, 0], [0, 0]], "weight_type": "SQ(3,0)",
        "biases": [3, -1], "bias_type": "SQ(3,0)", "activation": "relu", "output_type": "UQ(4,0)",
    }  # fmt: skip
    return Network.model_validate(
        {
            "name": "constant",
            "input": {"shape": [2], "type": "UQ(2,0)"},
            "layers": [layer, layer | {"weights": [[1, 0], [0, 1]]}],
        }
    )


@pytest.mark.parametrize(
    ("places", "latency"),
    [
        (Pipeline(), 3),
        (Pipeline(input=False, layers=False), 1),
        (Pipeline(stages=4), 5),
    ],
)
def test_constant_outputs_come_as_late_as_any_other(places, latency):
    design = FixedDesign(constant_network(), Settings(pipeline=places), lambda name, part: None)
    assert design.emit().metrics.modules["encoder_core"].latency_cycles == latency


def test_a_block_without_registers_has_the_ports_of_all_others():
    places = Pipeline(input=False, layers=False, output=False)
    design = FixedDesign(sensor_network(), Settings(pipeline=places), lambda name, part: None)
    text = design.emit().verilog
    head = text.split("module encoder_core(", 1)[1].split(";", 1)[0]
    assert {"clk", "rst", "in_valid", "in_data"} <= set(re.findall(r"\w+", head))
