"""Simulation of a gate netlist, 64 events at a time, with toggle rates for power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.asic import Mismatch, NetlistVerdict
from hexcoder.netlist.flat import CellModel, FlatNetlist, read_cell_models, read_netlist
from hexcoder.netlist.lanes import LANES, LaneSimulation, from_lanes, to_lanes
from hexcoder.netlist.streams import from_streams, to_streams

_CHUNK = 1 << 16
_PORTS = ("clk", "rst", "in_valid", "in_data", "out_valid", "out_data")


@dataclass(frozen=True)
class Interface:
    """Shape of a module's data: bits of each element, the first in the lowest bits of the port.

    An event's answer comes ``latency_cycles`` clocks after it, the next event ``interval_cycles``
    clocks or more.
    """

    input_widths: tuple[int, ...]
    output_widths: tuple[int, ...]
    latency_cycles: int
    interval_cycles: int = 1

    def clock_of(self, events: int) -> np.ndarray:
        """Clock of each of some events that follow each other as fast as may be."""
        return np.arange(events) * self.interval_cycles


@dataclass(frozen=True)
class Clocks:
    """What comes out: ``valid``, bool (clocks,), and ``values``, int64 (clocks, elements)."""

    valid: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class _Outputs:
    values: np.ndarray
    wrong_valid: np.ndarray
    pairs: int


class NetlistSimulation:
    """A netlist that takes an event a clock, or every few; make one with :meth:`build`.

    The lanes are streams of consecutive events, all simulated at once. Zero delay: each net changes
    at most once a clock, so glitches are not counted. The netlist has the ports that docs name for
    ``encoder_core``.
    """

    def __init__(
        self, netlist: FlatNetlist, models: Mapping[str, CellModel], interface: Interface
    ) -> None:
        self.netlist, self.interface = netlist, interface
        ports = ["in_valid", "in_data"], ["out_valid", "out_data"]
        self.lanes = LaneSimulation(netlist, models, *ports)

    @staticmethod
    def build(
        netlist_json: Path, cell_models: Path, top: str, interface: Interface
    ) -> NetlistSimulation:
        """Read a netlist of library cells in yosys' JSON format, and its cells' models.

        InputError if it cannot be simulated, naming the net or cell, or if g++ is missing.
        """
        models = read_cell_models(cell_models)
        netlist = read_netlist(netlist_json, models, top)
        _check_ports(netlist, interface, netlist_json)
        return NetlistSimulation(netlist, models, interface)

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs (events, output elements) int64 of inputs (events, input elements)."""
        return np.concatenate([part.values for part in self._chunks(inputs)])

    def check(self, inputs: np.ndarray, expected: np.ndarray) -> NetlistVerdict:
        """Compare the outputs, and out_valid in every cycle, with what is expected.

        Inputs and outputs are integers (events, elements); they are compared modulo 2**width, so
        signed values will do.
        """
        parts = list(self._chunks(inputs))
        return netlist_verdict(
            np.concatenate([part.values for part in parts]),
            expected,
            self.interface.output_widths,
            np.concatenate([part.wrong_valid for part in parts]),
        )

    def clocks(self, inputs: np.ndarray, valid: np.ndarray) -> Clocks:
        """Reset, then one stream clock by clock, and clocks until the last event has left.

        Parameters
        ----------
        inputs : (clocks, input elements)
        valid : bool array (clocks,)
            Whether there is an event.
        """
        latency, count = self.interface.latency_cycles, len(inputs)
        values = np.zeros((count + latency, 1 + sum(self.interface.input_widths)), np.uint64)
        values[:count, 0] = valid
        # One stream of so many steps: the lowest lane.
        values[:count, 1:] = to_streams(inputs, self.interface.input_widths, count)
        # Nothing is cleared: what was inside before, and what comes meanwhile, is what reset is
        # for; without a register there is nothing to reset.
        in_reset = np.zeros_like(values, shape=(latency + 2, values.shape[1]))
        in_reset[:, 0] = bool(latency)
        self.lanes.run(in_reset, reset=True)
        outputs, _ = self.lanes.run(values)
        found = from_streams(outputs[:, 1:], self.interface.output_widths, count + latency)
        return Clocks(outputs[:, 0] & np.uint64(1) != 0, found)

    def toggle_rates(self, inputs: np.ndarray) -> np.ndarray:
        """Toggles a clock of each net, over consecutive events with the pipeline full.

        Inputs (events, input elements) are in the order in which they follow each other. The rates,
        (nets,) float64, are in the order of ``netlist.nets``; 2 for the clock and its tree.
        """
        toggles = np.zeros(len(self.netlist.nets), np.uint64)
        pairs = sum(part.pairs for part in self._chunks(inputs, toggles))
        if not pairs:
            least = self.interface.latency_cycles + 2
            raise InputError(f"toggle rates take at least {least} events, got {len(inputs)}")
        rates = toggles / pairs
        rates[sorted(self.netlist.clocks)] = 2.0
        return rates

    def _chunks(self, inputs: np.ndarray, toggles: np.ndarray | None = None) -> Iterator[_Outputs]:
        """Simulate in chunks that bound memory; reset comes before each."""
        elements = len(self.interface.input_widths)
        if inputs.ndim != 2 or inputs.shape[1] != elements:
            wanted = f"(events, {elements})"
            raise InputError(f"inputs have the shape {inputs.shape}, not {wanted}")
        for start in range(0, len(inputs), _CHUNK):
            part = self._simulate(inputs[start : start + _CHUNK], toggles)
            yield replace(part, wrong_valid=start + part.wrong_valid)

    def _simulate(self, inputs: np.ndarray, toggles: np.ndarray | None) -> _Outputs:
        events, latency = len(inputs), self.interface.latency_cycles
        # Streams of a few events would be all warm-up.
        steps = max(-(-events // LANES), min(events, 4 * (latency + 1)))
        interval = self.interface.interval_cycles
        clocks = steps * interval + latency
        busy = np.zeros((LANES, clocks), np.uint8)
        comes = self.interface.clock_of(steps)
        busy[:, comes] = np.arange(LANES * steps).reshape(LANES, steps) < events
        entering, leaving = to_lanes(busy), to_lanes(np.roll(busy, latency, axis=1))

        values = np.zeros((clocks, 1 + sum(self.interface.input_widths)), np.uint64)
        values[:, 0] = entering
        # Until the next event comes the data of the last lie at the input.
        given = to_streams(inputs, self.interface.input_widths, steps)
        values[: steps * interval, 1:] = np.repeat(given, interval, axis=0)
        # The pipeline is full once the first event has left it.
        counted = np.zeros_like(entering)
        counted[: steps * interval] = np.repeat(entering[comes], interval)
        counted[: latency + 1] = 0
        self.lanes.clear()
        self.lanes.run(np.zeros_like(values, shape=(latency + 2, values.shape[1])), reset=True)
        outputs, _ = self.lanes.run(values, toggles=toggles, counted=counted)

        lanes, cycles = np.nonzero(from_lanes(outputs[:, 0] ^ leaving))
        wrong = lanes * steps + np.maximum(cycles - latency, 0) // interval
        return _Outputs(
            from_streams(outputs[latency + comes, 1:], self.interface.output_widths, events),
            wrong,
            int(np.bitwise_count(counted).sum()),
        )


def netlist_verdict(
    actual: np.ndarray, expected: np.ndarray, widths: Sequence[int], wrong_valid: np.ndarray
) -> NetlistVerdict:
    """Compare (events, elements) modulo 2**width.

    ``wrong_valid`` has the event next to each cycle in which ``out_valid`` is wrong.
    """
    wanted = expected.astype(np.int64) & ((1 << np.array(widths, np.int64)) - 1)
    wrong = actual != wanted
    first = None
    if wrong.any():
        event, element = (int(index) for index in np.argwhere(wrong)[0])
        first = Mismatch(
            event=event,
            element=element,
            expected=int(wanted[event, element]),
            actual=int(actual[event, element]),
        )
    return NetlistVerdict(
        vectors=len(actual),
        mismatches=int(wrong.any(axis=1).sum()),
        valid_errors=len(wrong_valid),
        first=first,
        first_valid_event=int(wrong_valid.min()) if len(wrong_valid) else None,
        passed=first is None and not len(wrong_valid),
    )


def _check_ports(netlist: FlatNetlist, interface: Interface, path: Path) -> None:
    for port in _PORTS:
        if port not in netlist.ports:
            raise InputError(f"{path}: the top module has no port '{port}'")
    wanted = {"in_data": sum(interface.input_widths), "out_data": sum(interface.output_widths)}
    for port, bits in wanted.items():
        if len(netlist.ports[port]) != bits:
            raise InputError(f"{path}: port {port} has {len(netlist.ports[port])} bits, not {bits}")
