"""A netlist with its cells' delays, many events at once: toggles with glitches, without Icarus.

Each lane is one step from a clock to the next: registers and inputs take their next values, and
the logic between them settles within the period. What is counted is what Icarus Verilog counts of
the same netlist with the same delays, but for ties at one step of time.
"""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hexcoder.compiled import pointer, shared_library
from hexcoder.errors import InputError
from hexcoder.netlist.delays import Delay
from hexcoder.netlist.flat import CellModel
from hexcoder.netlist.function import Function
from hexcoder.netlist.lanes import ALL, LANES, to_lanes
from hexcoder.netlist.simulation import NetlistSimulation
from hexcoder.netlist.streams import to_streams

STEP_PS = 1.0
"""Time is counted in such steps: those of Icarus Verilog with its SDF file."""

_DRIVER = Path(__file__).with_name("delayed_lanes.cpp")


class Gate(NamedTuple):
    """One output of a cell: a function of named pins.

    Attributes
    ----------
    pins : tuple of str
        Names that ``function`` uses, and those that turn the output with a delay of their own.
    nets : tuple of int
        Net at each pin.
    delays : tuple of (float, float)
        From each pin, in s.
    output : int
        Net.
    """

    function: Function
    pins: tuple[str, ...]
    nets: tuple[int, ...]
    delays: tuple[Delay, ...]
    output: int


@dataclass(frozen=True, slots=True)
class Sources:
    """What starts to change at a clock: registers and inputs.

    Attributes
    ----------
    nets : (n,) int
    delays : (n, 2) float64
        In s after the clock's edge, of a rise and of a fall.
    before, after : (n, words) uint64
        Values in 64 lanes a word, before and after the change.
    """

    nets: np.ndarray
    delays: np.ndarray
    before: np.ndarray
    after: np.ndarray


def count_toggles(
    nets: int, gates: Sequence[Gate], sources: Sources, step_ps: float = STEP_PS
) -> np.ndarray:
    """Toggles of each net over all lanes: (nets,) int64.

    Parameters
    ----------
    nets : int
        Their number; nets 0 and 1 are the constants.
    gates : sequence of Gate
        Each after those that it reads.
    sources : Sources
    step_ps : float
        Delays are rounded to such steps, and are at least one.
    """
    numbers: dict[tuple[tuple[str, ...], int], int] = {}
    tables: list[list[int]] = []
    kinds = np.empty(len(gates), np.int32)
    for place, gate in enumerate(gates):
        # By object: hashing an expression takes longer than all else here.
        key = gate.pins, id(gate.function)
        if key not in numbers:
            numbers[key] = len(numbers)
            tables.append(_words(gate.function.truth_table(gate.pins), 1 << len(gate.pins)))
        kinds[place] = numbers[key]
    first_pins = np.cumsum([0, *[len(gate.nets) for gate in gates]], dtype=np.int64)
    pin_nets = np.array([net for gate in gates for net in gate.nets], np.int32)
    arcs = chain.from_iterable(gate.delays for gate in gates)
    delays = _steps(np.fromiter(chain.from_iterable(arcs), np.float64), step_ps)
    starts = _steps(sources.delays, step_ps)
    outputs = np.array([gate.output for gate in gates], np.int32)
    toggles = np.zeros(nets, np.int64)
    first_words = np.cumsum([0, *map(len, tables)], dtype=np.int64)
    before, after = map(np.ascontiguousarray, (sources.before, sources.after))
    arguments: list[int | np.ndarray] = [
        nets, len(sources.nets), sources.nets.astype(np.int32), *_edges(starts),
        len(gates), first_pins, pin_nets, *_edges(delays), outputs,
        kinds, first_words, np.array([word for table in tables for word in table], np.uint64),
        before.shape[1], before, after, toggles,
    ]  # fmt: skip
    _library().count_toggles(
        *(ctypes.c_int64(a) if isinstance(a, int) else pointer(a) for a in arguments)
    )
    return toggles


def delayed_toggle_rates(
    simulation: NetlistSimulation,
    models: Mapping[str, CellModel],
    delays: Sequence[Mapping[tuple[str, str], Delay]],
    arrivals: Mapping[str, float],
    events: np.ndarray,
    input_delay_s: float,
    step_ps: float = STEP_PS,
) -> tuple[np.ndarray, int]:
    """Toggles a clock cycle of each net, glitches among them, and the cycles that were counted.

    Parameters
    ----------
    simulation : NetlistSimulation
        Of the netlist, without delays: it gives the values that the logic settles at.
    models : mapping of str to CellModel
    delays : sequence of mapping of (input, output) to (float, float)
        Of each instance of the netlist; in s, to a rise and a fall:
        :func:`hexcoder.netlist.delays.cell_delays`.
    arrivals : mapping of str to float
        When the clock's edge reaches a register, in s, by its path; 0 if it is not there.
    events : (n, input elements) integers
        Consecutive events.
    input_delay_s : float
        When inputs change after the clock's edge.
    step_ps : float

    Returns
    -------
    rates : (nets,) float64
    cycles : int
    """
    flat = simulation.netlist
    gates: list[Gate] = []
    starts: dict[int, Delay] = {}
    none = 0.0, 0.0
    for instance, paths in zip(flat.instances, delays, strict=True):
        model = models[instance.kind]
        outputs = [pin for pin in model.outputs if pin in instance.pins]
        if model.register:
            at = arrivals.get(instance.path, 0.0)
            for pin in outputs:
                rise, fall = paths[model.register.clock, pin]
                starts[instance.pins[pin]] = at + rise, at + fall
        elif not model.inputs:
            starts |= dict.fromkeys(instance.nets(outputs), none)
        elif flat.clocks.isdisjoint(instance.nets(outputs)):
            nets = tuple([instance.pins[pin] for pin in model.inputs])
            for pin in outputs:
                of_pins = tuple([paths.get((start, pin), none) for start in model.inputs])
                function = model.outputs[pin]
                gates.append(Gate(function, model.inputs, nets, of_pins, instance.pins[pin]))
    for name in flat.inputs:
        for net in flat.ports[name]:
            if net not in flat.clocks:
                starts[net] = input_delay_s, input_delay_s
    before, after, cycles = _settled(simulation, models, events)
    found = {net: place for place, net in enumerate(before)}
    rows = [found[net] for net in starts]
    stacked = (np.array([values[net] for net in found]) for values in (before, after))
    old, new = (values[rows] for values in stacked)
    sources = Sources(np.array([*starts]), np.array([*starts.values()]), old, new)
    rates = count_toggles(len(flat.nets), gates, sources, step_ps) / cycles
    rates[sorted(flat.clocks)] = 2.0
    return rates, cycles


def _settled(
    simulation: NetlistSimulation, models: Mapping[str, CellModel], events: np.ndarray
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray], int]:
    """Values of each input and register before and after each clock with a full pipeline.

    Both by net, (words,) uint64; and the number of clocks. Lane l of word j is clock l * words + j
    of these; lanes without one do not change.
    """
    flat, lanes, shape = simulation.netlist, simulation.lanes, simulation.interface
    latency, interval = shape.latency_cycles, shape.interval_cycles
    cycles = len(events) * interval - latency - 1
    if cycles < 1:
        raise InputError(f"toggle rates take at least {latency + 2} events, got {len(events)}")
    # Every stream begins with an event.
    words = -(-cycles // (LANES * interval)) * interval
    clocks = words + latency + 1
    # Streams overlap by what fills the pipeline.
    place = np.arange(LANES)[:, None] * words + np.arange(clocks)
    given = to_streams(
        events[np.minimum(place // interval, len(events) - 1).ravel()], shape.input_widths, clocks
    )
    comes = np.where(np.arange(clocks) % interval == 0, ALL, np.uint64(0))
    values = np.column_stack([comes[:, None], given])
    lanes.clear()
    lanes.run(np.zeros_like(values, shape=(latency + 2, values.shape[1])), reset=True)
    states = []
    for clock in range(clocks):
        states.append(lanes.state.copy())
        lanes.run(values[clock : clock + 1])
    counted = np.arange(LANES * words).reshape(LANES, words) < cycles
    mask = to_lanes(counted.astype(np.uint8))
    before: dict[int, np.ndarray] = {}
    after: dict[int, np.ndarray] = {}

    def add(net: int, course: np.ndarray) -> None:
        old, new = course[latency:-1], course[latency + 1 :]
        before[net], after[net] = old, old ^ (old ^ new) & mask

    for name, columns in (("in_valid", values[:, :1]), ("in_data", values[:, 1:])):
        for net, course in zip(flat.ports[name], columns.T, strict=True):
            add(net, course)
    for net in flat.ports["rst"]:
        add(net, np.zeros(clocks, np.uint64))
    for instance, course in zip(lanes.registers, np.array(states).T, strict=True):
        model = models[instance.kind]
        assert model.register is not None
        for pin, function in model.outputs.items():
            if pin in instance.pins:
                value = function.evaluate({model.register.state: course}, np.full(clocks, ALL))
                add(instance.pins[pin], value)
    for instance in flat.instances:
        model = models[instance.kind]
        for pin, function in model.outputs.items():
            if not model.inputs and pin in instance.pins:
                add(instance.pins[pin], function.evaluate({}, np.full(clocks, ALL)))
    return before, after, cycles


def _steps(delays: np.ndarray, step_ps: float) -> np.ndarray:
    rounded = np.rint(delays.reshape(-1, 2) * (1e12 / step_ps))
    return np.maximum(rounded, 1).astype(np.int32)


def _edges(delays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(delays[:, 0]), np.ascontiguousarray(delays[:, 1])


def _words(table: int, bits: int) -> list[int]:
    """A truth table in words of 64 bits, the lowest first."""
    return [table >> start & (1 << LANES) - 1 for start in range(0, bits, LANES)]


@cache
def _library() -> ctypes.CDLL:
    """The compiled driver."""
    return shared_library(_DRIVER)
