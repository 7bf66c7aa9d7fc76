"""Pass ``schedule``: in which pipeline stage each gate stands.

Registers go where the fewest bits cross: each rank is a minimum cut (Ford and Fulkerson 1956) of
the gates between what the clock forces in front of it and what it forces behind it. This is
retiming of a pipeline (Leiserson and Saxe 1991) rank by rank, in single bits: words may cross
skewed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from hexcoder.errors import InputError
from hexcoder.gen.gates.bits import Kind
from hexcoder.gen.gates.layer import LayerGates
from hexcoder.technology import Technology

MOST_STAGES = 256
EVEN = 1.1
"""Longest of even stages over the shortest that they could be: it leaves cuts a choice."""
_FORCED = 1 << 24
"""Capacity of what no register can cut."""


@dataclass(frozen=True, slots=True)
class _Design:
    """All layers' gates as one: gate k drives nets and is read by gates.

    Parameters
    ----------
    delays : list of tuple of float
        Delay to each output of each gate, in ns. Inputs of the design are gates without delay.
    reads : list of list of (int, int)
        Gate and output that drive each operand of each gate.
    outputs : list of (int, int)
        What drives each bit that goes out.
    """

    delays: list[tuple[float, ...]]
    reads: list[list[tuple[int, int]]]
    outputs: list[tuple[int, int]]
    places: list[list[int]]


def _delays(kind: Kind, fan_outs: Sequence[int], technology: Technology) -> tuple[float, ...]:
    base = {
        Kind.FULL_ADDER: (technology.full_adder_sum_ns, technology.full_adder_carry_ns),
        Kind.XOR: (technology.xor_ns,),
        Kind.AND: (technology.and_ns,),
        Kind.AND_OR_INVERT: (technology.and_ns + technology.xor_ns,),
    }[kind]
    return tuple(
        delay + technology.fan_out_ns * max(fan_out - 1, 0)
        for delay, fan_out in zip(base, fan_outs, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Wired:
    """Modules and what drives their ports.

    Parameters
    ----------
    layers : sequence of LayerGates
        Each after what it reads.
    drivers : sequence of list of (int, int)
        Of each bit of a layer's port ``x`` the number of the layer that drives it, or -1 for the
        network's input, and which bit of that it is.
    outputs : sequence of int
        Numbers of the layers that go out.
    inputs : int
        Bits of the network's input.
    """

    layers: Sequence[LayerGates]
    drivers: Sequence[list[tuple[int, int]]]
    outputs: Sequence[int]
    inputs: int

    @property
    def only_out(self) -> set[int]:
        """Layers that go out and that no other layer reads: they may wait inside."""
        read = {number for bits in self.drivers for number, _ in bits}
        return set(self.outputs) - read


def chained(layers: Sequence[LayerGates]) -> Wired:
    """Layers each of which reads the whole of the one before."""
    drivers = [[(n - 1, bit) for bit in range(one.x_width)] for n, one in enumerate(layers)]
    outputs = [len(layers) - 1] if layers else []
    return Wired(layers, drivers, outputs, layers[0].x_width if layers else 0)


def _join(wired: Wired, technology: Technology) -> _Design:
    """All gates of all layers, connected."""
    delays: list[tuple[float, ...]] = [(0.0,)] * wired.inputs
    reads: list[list[tuple[int, int]]] = [[] for _ in range(wired.inputs)]
    places: list[list[int]] = []
    ports: list[list[tuple[int, int] | None]] = []
    for layer, drivers in zip(wired.layers, wired.drivers, strict=True):
        port = [(bit, 0) if number < 0 else ports[number][bit] for number, bit in drivers]
        driver: list[tuple[int, int] | None] = [None] * len(layer.gates.names)
        fan_out = [0] * len(layer.gates.names)
        for gate in layer.live:
            for literal in gate.inputs:
                fan_out[literal >> 1] += 1
        for literal in layer.y:
            fan_out[literal >> 1] += 1
        place = []
        for gate in layer.live:
            if gate.kind is Kind.INPUT:
                net = gate.outputs[0]
                driver[net] = port[layer.x[net]]
                place.append(-1)
                continue
            place.append(len(delays))
            for output, net in enumerate(gate.outputs):
                driver[net] = (len(delays), output)
            fan_outs = [fan_out[net] for net in gate.outputs]
            delays.append(_delays(gate.kind, fan_outs, technology))
            drivers_of = (driver[literal >> 1] for literal in gate.inputs)
            reads.append([one for one in drivers_of if one is not None])
        places.append(place)
        ports.append([driver[literal >> 1] for literal in layer.y])
    out = [one for number in wired.outputs for one in ports[number] if one is not None]
    return _Design(delays, reads, out, places)


def _earliest(
    design: _Design, room: float, stages: np.ndarray | None = None, fixed: int = 0
) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    """First stage of each gate, and when its outputs are stable in it.

    ``stages`` holds what earlier cuts have decided: gates in front of stage ``fixed`` stay there.
    """
    first = np.zeros(len(design.delays), dtype=np.int64)
    stable: list[tuple[float, ...]] = []
    for gate, (delays, operands) in enumerate(zip(design.delays, design.reads, strict=True)):
        stage = 0
        if stages is not None:
            stage = int(stages[gate]) if stages[gate] < fixed else fixed
        start = 0.0
        for source, output in operands:
            if first[source] > stage:
                stage, start = int(first[source]), stable[source][output]
            elif first[source] == stage:
                start = max(start, stable[source][output])
        if start + max(delays) > room:
            stage, start = stage + 1, 0.0
        first[gate] = stage
        stable.append(tuple(start + delay for delay in delays))
    return first, stable


def _latest(design: _Design, room: float, last: int) -> np.ndarray:
    """Last stage in which each gate can stand, if the outputs have to be ready in ``last``."""
    latest = np.full(len(design.delays), last, dtype=np.int64)
    # Time that is left behind each output of a gate in its stage.
    tails = [[0.0] * len(delays) for delays in design.delays]
    for gate in range(len(design.delays) - 1, -1, -1):
        delays, stage = design.delays[gate], int(latest[gate])
        needed = max(d + tail for d, tail in zip(delays, tails[gate], strict=True))
        if needed > room:
            stage, needed = stage - 1, max(delays)
        latest[gate] = stage
        for source, output in design.reads[gate]:
            if latest[source] > stage:
                latest[source] = stage
                tails[source] = [0.0] * len(tails[source])
            if latest[source] == stage:
                tails[source][output] = max(tails[source][output], needed)
    return latest


def _cut(design: _Design, before: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Gates behind the cut with the fewest nets, as a mask.

    Parameters
    ----------
    before, behind : bool array
        Gates that have to stand before or behind the cut.
    """
    gates = len(design.delays)
    first_net = np.cumsum([0, *(len(delays) for delays in design.delays)])
    source, sink = 0, 1
    node = np.arange(gates) + 2
    node[before], node[behind] = source, sink
    net_node = 2 + gates + np.arange(first_net[-1])
    tails, heads, capacities = [], [], []
    drivers = np.repeat(np.arange(gates), np.diff(first_net))
    tails.append(node[drivers])
    heads.append(net_node)
    capacities.append(np.ones(len(drivers), dtype=np.int32))
    used_net, reader, used_gate = [], [], []
    for gate, operands in enumerate(design.reads):
        for driver, output in operands:
            used_net.append(first_net[driver] + output)
            used_gate.append(driver)
            reader.append(gate)
    nets = net_node[np.array(used_net, dtype=np.int64)]
    readers, used = (
        node[np.array(reader, dtype=np.int64)],
        node[np.array(used_gate, dtype=np.int64)],
    )
    forced = np.full(len(nets), _FORCED, dtype=np.int32)
    tails += [nets, readers]
    heads += [readers, used]
    capacities += [forced, forced]
    out = np.array([net_node[first_net[gate] + output] for gate, output in design.outputs])
    tails.append(out)
    heads.append(np.full(len(out), sink))
    capacities.append(np.full(len(out), _FORCED, dtype=np.int32))
    tail, head = np.concatenate(tails), np.concatenate(heads)
    capacity = np.concatenate(capacities)
    keep = (tail != head) & (head != source) & (tail != sink)
    size = 2 + gates + int(first_net[-1])
    graph = csr_matrix((capacity[keep], (tail[keep], head[keep])), shape=(size, size))
    # Edges that stand twice were added up: no capacity may leave 32 bits.
    graph.data = np.minimum(graph.data, _FORCED).astype(np.int32)
    flow = maximum_flow(graph, source, sink)
    residual = graph - flow.flow
    residual.data = (residual.data > 0).astype(np.int8)
    residual.eliminate_zeros()
    reached = np.zeros(size, dtype=bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return ~reached[node]


def _shortest_room(design: _Design, cuts: int, low: float, high: float) -> float:
    """Least time a stage with so many ranks of registers; ``high`` is enough."""
    while high - low > 0.001:
        middle = (low + high) / 2
        if int(_earliest(design, middle)[0].max(initial=0)) <= cuts:
            high = middle
        else:
            low = middle
    return high


def _stages_of(design: _Design, room: float, cuts: int | None, even: bool) -> np.ndarray:
    earliest, _ = _earliest(design, room)
    needed = int(earliest.max(initial=0))
    if needed > MOST_STAGES or max(max(delays) for delays in design.delays) > room:
        raise InputError(
            f"pipeline.stages: {room:.3f} ns are left of the clock period for gates; "
            "not even one fits: choose a longer clock.period_ns"
        )
    if cuts is None:
        cuts = needed
    elif cuts < needed:
        # Too few to meet the clock: as even as they can be.
        room = _shortest_room(design, cuts, room, room * (needed + 1))
    elif even:
        shortest = _shortest_room(design, cuts, max(max(d) for d in design.delays), room)
        room = min(room, EVEN * shortest)
    latest = _latest(design, room, cuts)
    stages = np.zeros(len(design.delays), dtype=np.int64)
    inputs = np.array([not operands for operands in design.reads]) & (
        np.array([max(delays) for delays in design.delays]) == 0
    )
    for cut in range(1, cuts + 1):
        earliest, _ = _earliest(design, room, stages, cut - 1)
        before = inputs | (stages < cut - 1) | (latest < cut)
        behind = (earliest >= cut) & ~before
        stages[_cut(design, before, behind)] = cut
    return stages


def schedule(
    wired: Wired,
    room_ns: float,
    cuts: int | None,
    technology: Technology,
    even: bool = False,
) -> list[LayerGates]:
    """Place ranks of registers inside the layers.

    Parameters
    ----------
    wired : Wired
    room_ns : float
        Time for gates in a stage: the clock's period less what register and uncertainty take.
    cuts : int or None
        How many ranks, or None for the fewest that leave no stage longer than ``room_ns``. With
        fewer than that the stages are made as even as they can be.
    technology : Technology
        Delays of the gates.
    even : bool
        Stages of about the same length where ``cuts`` leaves a choice, in place of the fewest
        registers: short stages make fewer glitches.

    Returns
    -------
    list of LayerGates
        With the stage of each gate. What goes out leaves in the last stage, unless another layer
        reads it too.

    Raises
    ------
    InputError
        If not even a single gate fits into ``room_ns``.
    """
    design = _join(wired, technology)
    stages = _stages_of(design, room_ns, cuts, even)
    last = cuts if cuts is not None else int(stages.max(initial=0))
    scheduled: list[LayerGates] = []
    ports: list[list[int]] = []
    for number, (layer, places) in enumerate(zip(wired.layers, design.places, strict=True)):
        port = [0 if n < 0 else ports[n][bit] for n, bit in wired.drivers[number]]
        net_stage = {0: 0}
        gate_stages = []
        for gate, place in zip(layer.live, places, strict=True):
            stage = int(stages[place]) if place >= 0 else port[layer.x[gate.outputs[0]]]
            gate_stages.append(stage)
            net_stage |= dict.fromkeys(gate.outputs, stage)
        leaves = [net_stage[literal >> 1] for literal in layer.y]
        if number in wired.only_out:
            leaves = [last] * len(leaves)
        scheduled.append(replace(layer, gate_stages=tuple(gate_stages), y_stages=tuple(leaves)))
        ports.append(leaves)
    return scheduled
