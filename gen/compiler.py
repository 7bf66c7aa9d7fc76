"""The order of the passes, and the check that each of them kept the network's meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gen.gates.bits import evaluate
from gen.gates.layer import LayerGates
from gen.gates.of_graph import gates_of_layer
from gen.gates.schedule import schedule
from gen.graph import NOT_BUILT, Graph
from gen.interpret import interpret, latencies
from gen.passes import lower as lower_pass
from gen.passes import pipeline as pipeline_pass
from gen.passes import prune as prune_pass
from gen.passes import ranges as ranges_pass
from gen.passes import share as share_pass
from gen.passes import simplify as simplify_pass
from gen.structure import Structure, measure
from hexcoder.config import Chip, Clock, Compiler, Config, Pipeline, Silicon
from hexcoder.errors import CheckFailed
from hexcoder.technology import Technology
from network.golden import layer_outputs
from network.schema import Network
from pdk.technology import technology_for, technology_of

CHECK_EVENTS = 128
CHECK_SEED = 20251


Progress = Callable[[str, float], None]
"""Told the pass that runs, and the part of it that is done."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a config says to the compiler."""

    pipeline: Pipeline = field(default_factory=Pipeline)
    compiler: Compiler = field(default_factory=Compiler)
    technology: Technology = field(default_factory=lambda: technology_of(Silicon().pdk))
    clock: Clock = field(default_factory=Clock)
    chip: Chip = field(default_factory=Chip)

    @classmethod
    def of(cls, config: Config) -> Settings:
        """The settings of a design point."""
        return cls(
            config.pipeline, config.compiler, technology_for(config), config.clock, config.chip
        )


@dataclass(frozen=True, slots=True)
class Pass:
    """A named step from graph to graph."""

    name: str
    apply: Callable[[Graph], Graph]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled network, with ranges, and what was measured after each pass.

    Parameters
    ----------
    graph : Graph
    layers : dict of LayerGates, by the layer's name
    passes : dict of Structure, by the pass's name
    checked_events : int
        Events on which every pass was held against the golden model.
    """

    graph: Graph
    layers: dict[str, LayerGates]
    passes: dict[str, Structure]
    checked_events: int

    @property
    def structure(self) -> Structure:
        """Size of the finished design."""
        return list(self.passes.values())[-1]


def passes(settings: Settings, progress: Progress) -> tuple[Pass, ...]:
    """The passes behind ``lower``, in order; ``ranges`` runs after each that changed nodes."""

    def share(graph: Graph) -> Graph:
        return share_pass.share(
            graph,
            settings.compiler,
            settings.technology,
            lambda part: progress("share", part),
        )

    return (
        Pass("simplify", simplify_pass.simplify),
        Pass("share", share),
        Pass("simplify_shared", simplify_pass.simplify),
        Pass("prune", prune_pass.prune),
        Pass("pipeline", lambda graph: pipeline_pass.pipeline(graph, settings.pipeline)),
    )


def check_inputs(network: Network, events: int = CHECK_EVENTS) -> np.ndarray:
    """Inputs to hold passes against: extremes, one-hot at full scale, and random tensors.

    Returns
    -------
    int64 array (n, elements)
    """
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    random = np.random.default_rng(CHECK_SEED)
    whole = random.integers(type_.minimum, type_.maximum + 1, (events, elements))
    sparse = np.where(random.random((events, elements)) < 0.2, whole, 0)
    flat = np.array([[type_.minimum], [type_.maximum], [0], [1]]).repeat(elements, axis=1)
    chosen = random.permutation(elements)[:events]
    one_hot = np.zeros((len(chosen), elements), dtype=np.int64)
    one_hot[np.arange(len(chosen)), chosen] = type_.maximum
    return np.concatenate([np.clip(flat, type_.minimum, type_.maximum), one_hot, whole, sparse])


def check_pass(name: str, graph: Graph, inputs: np.ndarray, golden: dict[str, np.ndarray]) -> None:
    """Hold a graph against the golden model.

    Raises
    ------
    CheckFailed
        Naming the pass, and the first layer, element and event that differ, with both values.
    """
    try:
        latencies(graph)
    except ValueError as error:
        raise CheckFailed(f"pass '{name}': {error}") from None
    found = interpret(graph, inputs)
    for layer in graph.layers:
        built = np.array([node != NOT_BUILT for node in layer.nodes])
        differs = (found[layer.name] != golden[layer.name]) & built
        if differs.any():
            event, element = (int(i) for i in np.argwhere(differs)[0])
            raise CheckFailed(
                f"pass '{name}' changed the network: layer '{layer.name}', element {element}, "
                f"event {event}: expected {golden[layer.name][event, element]}, "
                f"got {found[layer.name][event, element]}"
            )


def port_columns(values: np.ndarray, width: int) -> list[int]:
    """Each bit of a port as an integer with a bit an event, of integers (events, elements)."""
    bits = (values[:, :, None] >> np.arange(width) & 1).reshape(len(values), -1)
    packed = np.packbits(bits.astype(np.uint8), axis=0, bitorder="little")
    return [int.from_bytes(column.tobytes(), "little") for column in packed.T]


def check_gates(graph: Graph, layer: LayerGates, golden: dict[str, np.ndarray]) -> None:
    """Hold a layer's gates against the golden model, fed with its own inputs.

    Parameters
    ----------
    graph : Graph
    layer : LayerGates
    golden : dict of int array (n, elements)
        Values of the input, under the name "", and of every layer's output.

    Raises
    ------
    CheckFailed
        Naming the layer, and the first element and event that differ, with both values.
    """
    names = ["", *(output.name for output in graph.layers)]
    place = names.index(layer.name)
    inputs, expected = golden[names[place - 1]], golden[layer.name]
    port = port_columns(inputs, layer.x_width // inputs.shape[1])
    values = evaluate(
        layer.live,
        len(layer.gates.names),
        {net: port[bit] for net, bit in layer.x.items()},
        len(inputs),
    )
    width = layer.y_width // expected.shape[1]
    wanted = port_columns(expected, width)
    ones = (1 << len(inputs)) - 1
    nodes = graph.layers[place - 1].nodes
    for bit, literal in enumerate(layer.y):
        found = values[literal >> 1] ^ (ones if literal & 1 else 0)
        if found != wanted[bit] and nodes[bit // width] != NOT_BUILT:
            differs = found ^ wanted[bit]
            event = (differs & -differs).bit_length() - 1
            element = bit // width
            got = sum(
                ((values[lit >> 1] >> event & 1) ^ (lit & 1)) << k
                for k, lit in enumerate(layer.y[element * width : (element + 1) * width])
            )
            raise CheckFailed(
                f"pass 'gates' changed the network: layer '{layer.name}', element {element}, "
                f"event {event}: expected {expected[event, element] & (1 << width) - 1}, got {got}"
            )


def _scheduled(layers: dict[str, LayerGates], settings: Settings) -> dict[str, LayerGates]:
    """Layers with ranks of registers inside."""
    stages = settings.pipeline.stages
    clock, technology = settings.clock, settings.technology
    room = clock.period_ns - clock.uncertainty_ns - technology.register_ns
    cuts = stages - 1 if isinstance(stages, int) else None
    done = schedule(list(layers.values()), room, cuts, technology, settings.pipeline.even)
    return dict(zip(layers, done, strict=True))


def compile_network(
    network: Network,
    settings: Settings | None = None,
    progress: Progress = lambda name, part: None,
) -> Compiled:
    """Compile a network to gates ready for emission.

    After every pass the result is evaluated on :func:`check_inputs` and compared with the golden
    model, element by element of every layer.

    Raises
    ------
    CheckFailed
        If a pass changed a value; the pass is named.
    """
    settings = settings or Settings()
    inputs = check_inputs(network)
    golden = layer_outputs(network, inputs)
    progress("lower", 0.0)
    graph = ranges_pass.ranges(lower_pass.lower(network))
    check_pass("lower", graph, inputs, golden)
    measured = {"lower": measure(graph, settings.technology)}
    for step in passes(settings, progress):
        progress(step.name, 0.0)
        graph = step.apply(graph)
        if not graph.ranges:
            graph = ranges_pass.ranges(graph)
        check_pass(step.name, graph, inputs, golden)
        measured[step.name] = measure(graph, settings.technology)
    progress("gates", 0.0)
    layers = {
        layer.name: gates_of_layer(graph, layer.name, settings.technology)
        for layer in graph.layers
        if layer.kind != "flatten"
    }
    for layer in layers.values():
        check_gates(graph, layer, {"": inputs, **golden})
    measured["gates"] = measure(graph, settings.technology, layers)
    if settings.pipeline.stages is not None:
        progress("schedule", 0.0)
        layers = _scheduled(layers, settings)
        measured["schedule"] = measure(graph, settings.technology, layers)
    return Compiled(graph, layers, measured, len(inputs))
