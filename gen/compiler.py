"""The order of the passes, and the check that each of them kept the network's meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gen import lower as lower_pass
from gen import pipeline as pipeline_pass
from gen import prune as prune_pass
from gen import ranges as ranges_pass
from gen import share as share_pass
from gen import simplify as simplify_pass
from gen.graph import NOT_BUILT, Graph
from gen.interpret import interpret, latencies
from gen.structure import Structure, measure
from hexcoder.config import Pipeline
from hexcoder.errors import CheckFailed
from models.golden import layer_outputs
from models.network import Network

CHECK_EVENTS = 128
CHECK_SEED = 20251


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
    passes : dict of Structure, by the pass's name
    checked_events : int
        Events on which every pass was held against the golden model.
    """

    graph: Graph
    passes: dict[str, Structure]
    checked_events: int

    @property
    def structure(self) -> Structure:
        """Size of the finished graph."""
        return list(self.passes.values())[-1]


def passes(places: Pipeline) -> tuple[Pass, ...]:
    """The passes behind ``lower``, in order; ``ranges`` runs after each that changed nodes."""
    return (
        Pass("simplify", simplify_pass.simplify),
        Pass("share", share_pass.share),
        Pass("simplify_shared", simplify_pass.simplify),
        Pass("prune", prune_pass.prune),
        Pass("pipeline", lambda graph: pipeline_pass.pipeline(graph, places)),
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


def compile_network(
    network: Network,
    places: Pipeline,
    progress: Callable[[str], None] = lambda name: None,
) -> Compiled:
    """Compile a network to a graph ready for emission.

    After every pass the graph is interpreted on :func:`check_inputs` and compared with the golden
    model, element by element of every layer.

    Raises
    ------
    CheckFailed
        If a pass changed a value; the pass is named.
    """
    inputs = check_inputs(network)
    golden = layer_outputs(network, inputs)
    progress("lower")
    graph = ranges_pass.ranges(lower_pass.lower(network))
    check_pass("lower", graph, inputs, golden)
    measured = {}
    for step in passes(places):
        progress(step.name)
        graph = step.apply(graph)
        if not graph.ranges:
            graph = ranges_pass.ranges(graph)
        check_pass(step.name, graph, inputs, golden)
        measured[step.name] = measure(graph)
    return Compiled(graph, measured, len(inputs))
