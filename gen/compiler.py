"""The order of the passes, and the check that each of them kept the network's meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hexcoder.config import Chip, Clock, Compiler, Config, Pipeline, Silicon
from hexcoder.errors import CheckFailed
from hexcoder.gen.check import check_gates, check_graph, check_inputs, raw_tensors
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.gen.gates.of_graph import gates_of_layer, joined
from hexcoder.gen.gates.schedule import schedule
from hexcoder.gen.graph import NOT_BUILT, Graph
from hexcoder.gen.passes import inline as inline_pass
from hexcoder.gen.passes import lower as lower_pass
from hexcoder.gen.passes import pipeline as pipeline_pass
from hexcoder.gen.passes import prune as prune_pass
from hexcoder.gen.passes import ranges as ranges_pass
from hexcoder.gen.passes import share as share_pass
from hexcoder.gen.passes import simplify as simplify_pass
from hexcoder.gen.structure import Structure, measure
from hexcoder.network.golden import layer_outputs
from hexcoder.network.schema import Network
from hexcoder.pdk.technology import technology_for, technology_of
from hexcoder.technology import Technology

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
class State:
    """What a pass takes and gives.

    Parameters
    ----------
    graph : Graph
        With ranges.
    layers : dict of LayerGates, by the layer's name; None before the pass ``gates``
    """

    graph: Graph
    layers: dict[str, LayerGates] | None = None

    def check(self, name: str, inputs: np.ndarray, golden: Mapping[str, np.ndarray]) -> None:
        """Hold graph and gates against the golden model.

        Parameters
        ----------
        name : str
            The pass that left this state.
        inputs : int array (events, elements)
        golden : dict of int array (events, elements)
            Output of every layer.

        Raises
        ------
        CheckFailed
            Naming the pass, and the first layer, element and event that differ.
        """
        check_graph(name, self.graph, inputs, golden)
        if self.layers is None:
            return
        raw = raw_tensors(self.graph, inputs, golden)
        for module in self.graph.modules:
            built = np.array([node != NOT_BUILT for node in module.nodes])
            given = [raw[source] for source in module.reads]
            check_gates(name, self.layers[module.name], given, raw[module.name][0], built)


@dataclass(frozen=True, slots=True)
class Pass:
    """A named step from state to state."""

    name: str
    apply: Callable[[State], State]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled network: what each pass left, and what was measured of it.

    Parameters
    ----------
    states : dict of State, by the pass's name
    passes : dict of Structure, by the pass's name
    checked_events : int
        Events on which every pass was held against the golden model.
    """

    states: dict[str, State]
    passes: dict[str, Structure]
    checked_events: int

    @property
    def graph(self) -> Graph:
        """The finished graph."""
        return list(self.states.values())[-1].graph

    @property
    def layers(self) -> dict[str, LayerGates]:
        """The finished gates of each layer with arithmetic, by its name."""
        return list(self.states.values())[-1].layers or {}

    @property
    def structure(self) -> Structure:
        """Size of the finished design."""
        return list(self.passes.values())[-1]

    def check(self, inputs: np.ndarray, golden: Mapping[str, np.ndarray]) -> None:
        """Hold the finished state against the golden model, as :meth:`State.check`.

        Where it differs, the first pass whose state differs on these inputs is named.
        """
        name, finished = list(self.states.items())[-1]
        try:
            finished.check(name, inputs, golden)
        except CheckFailed:
            for name, state in self.states.items():
                state.check(name, inputs, golden)
            raise


def graph_pass(name: str, apply: Callable[[Graph], Graph]) -> Pass:
    """A pass over the graph; ``ranges`` runs after it if it changed nodes."""

    def with_ranges(state: State) -> State:
        graph = apply(state.graph)
        return State(graph if graph.ranges else ranges_pass.ranges(graph))

    return Pass(name, with_ranges)


def passes(settings: Settings, progress: Progress) -> tuple[Pass, ...]:
    """The passes behind ``lower``, in order: over the graph, then over the layers' gates."""
    technology = settings.technology

    def share(graph: Graph) -> Graph:
        return share_pass.share(
            graph, settings.compiler, technology, lambda part: progress("share", part)
        )

    def gates(state: State) -> State:
        names = [layer.name for layer in state.graph.modules]
        layers = {
            name: gates_of_layer(state.graph, name, technology, settings.compiler.wait)
            for name in names
        }
        return State(state.graph, layers)

    def scheduled(state: State) -> State:
        return State(state.graph, _scheduled(state, settings))

    return (
        graph_pass("inline", inline_pass.inline),
        graph_pass("simplify", simplify_pass.simplify),
        graph_pass("share", share),
        graph_pass("simplify_shared", simplify_pass.simplify),
        graph_pass("prune", prune_pass.prune),
        graph_pass("pipeline", lambda graph: pipeline_pass.pipeline(graph, settings.pipeline)),
        Pass("gates", gates),
        *([Pass("schedule", scheduled)] if settings.pipeline.stages is not None else []),
    )


def _scheduled(state: State, settings: Settings) -> dict[str, LayerGates]:
    """Layers with ranks of registers inside."""
    layers = state.layers or {}
    stages = settings.pipeline.stages
    clock, technology = settings.clock, settings.technology
    room = clock.period_ns - clock.uncertainty_ns - technology.register_ns
    cuts = stages - 1 if isinstance(stages, int) else None
    done = schedule(joined(state.graph, layers), room, cuts, technology, settings.pipeline.even)
    return dict(zip(layers, done, strict=True))


def compile_network(
    network: Network,
    settings: Settings | None = None,
    progress: Progress = lambda name, part: None,
) -> Compiled:
    """Compile a network to gates ready for emission.

    After every pass the result is evaluated on :func:`hexcoder.gen.check.check_inputs` and
    compared with the golden model, element by element of every layer.

    Raises
    ------
    CheckFailed
        If a pass changed a value; the pass is named.
    """
    settings = settings or Settings()
    states, inputs = run(network, passes(settings, progress), progress)
    measured = {
        name: measure(state.graph, settings.technology, state.layers)
        for name, state in states.items()
    }
    return Compiled(states, measured, len(inputs))


def run(
    network: Network, steps: Sequence[Pass], progress: Progress
) -> tuple[dict[str, State], np.ndarray]:
    """Lower a network and run passes over it, each checked as :func:`compile_network` says.

    Returns
    -------
    dict of State, by the pass's name; int array (events, elements), the inputs of the checks
    """
    inputs = check_inputs(network)
    golden = layer_outputs(network, inputs)
    progress("lower", 0.0)
    state = State(ranges_pass.ranges(lower_pass.lower(network)))
    state.check("lower", inputs, golden)
    states = {"lower": state}
    for step in steps:
        progress(step.name, 0.0)
        states[step.name] = state = step.apply(state)
        state.check(step.name, inputs, golden)
    return states, inputs
