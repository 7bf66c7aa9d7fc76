"""The chip in 64 lanes, each a chip with a configuration, links and faults of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hexcoder.errors import CheckFailed
from hexcoder.hw.chip.register_map import Field
from hexcoder.hw.interfaces import ADDRESS_BITS
from hexcoder.netlist.flat import CellModel, FlatNetlist, Instance, read_cell_models, read_netlist
from hexcoder.netlist.lanes import LANES, Faults, LaneSimulation, from_lanes, spread, to_lanes
from hexcoder.netlist.rtl_gates import rtl_gates
from hexcoder.tb.chip.driver import write_sequence
from hexcoder.tb.chip.pins import ADDRESS_WIDTH, DEVICE_ADDRESS, Clocks, Pins, read_pins, word_bits
from hexcoder.tb.chip.simulated_bus import fastest_driver
from hexcoder.tb.chip.targets import Target, transient_nets

_STORED = re.compile(
    r"(?P<field>\w+?)_(byte)?_(?P<byte>\d+)(_copy_\d)?(\[(?P<index>\d+)\]|_(?P<number>\d+))?$"
)
_WHOLE = re.compile(r"(?P<field>\w+)(\[(?P<index>\d+)\])?$")

PINS = ("in_valid", "in_data", "scl", "sda", "device_address")
ANSWERS = ("out_valid", "out_data", "sda_low")
RESET_CLOCKS = 8


def _all_lanes(values: np.ndarray) -> np.ndarray:
    """Values of some lanes (n, ...) for all 64: those behind the last have what that has."""
    return values[np.minimum(np.arange(LANES), len(values) - 1)]


class ChipLanes:
    """The RTL or netlist of a chip, or of another module behind I2C, in 64 lanes.

    ``transients`` are nets that a fault can invert, each with its class.
    """

    def __init__(
        self,
        netlist: FlatNetlist,
        models: dict[str, CellModel],
        pins: Pins,
        transients: Mapping[int, Target] | None = None,
    ):
        self.netlist, self.pins, self._models = netlist, pins, models
        self.transients = transients or {}
        self.simulation = LaneSimulation(netlist, models, PINS, ANSWERS, tuple(self.transients))

    @classmethod
    def of_rtl(cls, design: Path, work: Path, *, transients: bool = False) -> ChipLanes:
        """The RTL of a compiled chip, elaborated to generic gates and not optimised."""
        pins = read_pins(design)
        netlist, models, *_ = rtl_gates(design / "encoder.v", pins.top, work)
        return cls(netlist, models, pins, transient_nets(netlist, models) if transients else {})

    @classmethod
    def of_netlist(
        cls, netlist: Path, cells: Path, pins: Pins, *, transients: bool = False
    ) -> ChipLanes:
        """A netlist of library cells."""
        models = read_cell_models(cells)
        flat = read_netlist(netlist, models, pins.top)
        return cls(flat, models, pins, transient_nets(flat, models) if transients else {})

    def reset(self, seed: int = 1) -> None:
        """Power up with registers that hold anything, then reset."""
        self.simulation.scramble(seed)
        self.drive(
            np.zeros((RESET_CLOCKS, 1 + self.pins.inputs * self.pins.input_width), np.uint64),
            np.ones(RESET_CLOCKS, np.uint8),
            np.ones(RESET_CLOCKS, np.uint8),
            reset=True,
        )

    def preset(
        self,
        values: Sequence[Mapping[str, list[int]]],
        fields: Mapping[str, Field],
        *,
        activate: bool = True,
    ) -> None:
        """Make values count as if they had been written over I2C, but put into the bank at once.

        For simulations in which that would take longer than all that is looked at; the load itself
        is proved by itself. Each lane has values of its own, of the same fields; lanes behind the
        last have what that has. Without ``activate`` the bank holds them, and they do not count.
        CheckFailed if the netlist lacks registers' bits, by the names that they have in the RTL.
        """
        written = [write_sequence(fields, its) for its in values]
        memory = np.zeros((len(written), 1 << ADDRESS_BITS), np.uint8)
        given = np.zeros(1 << ADDRESS_BITS, bool)
        for lane, transfers in enumerate(written):
            for start, data in transfers:
                memory[lane, start : start + len(data)] = list(data)
                given[start : start + len(data)] = True
        numbers, addresses, bits = [], [], []
        for number, register in enumerate(self.simulation.registers):
            place = self._stored_bit(register, fields)
            if place is not None and given[place[0]]:
                numbers.append(number)
                addresses.append(place[0])
                bits.append(place[1])
        wanted = sum(
            field.byte_bits(byte)
            for field in fields.values()
            for byte in range(field.size)
            if given[field.address + byte]
        )
        found = len(set(zip(addresses, bits, strict=True)))
        if found != wanted:
            raise CheckFailed(f"the design has {found} of {wanted} register bits by name")
        stored = memory[:, addresses] >> np.array(bits, np.uint8) & 1
        state = self.simulation.state
        state[numbers] = to_lanes(_all_lanes(stored))
        self.simulation.state = state
        if activate:
            fastest_driver(self.run, self.pins, fields).activate(self.pins.shadow)

    def held_names(self, register: Instance) -> tuple[str, ...]:
        """Names of the net with a register's state: outside and in its own module."""
        pin = self._models[register.kind].state_pin
        if pin not in register.pins:
            return ()
        outside = self.netlist.nets[register.pins[pin]].split("/")[-1]
        return outside, self.netlist.held[register.path]

    def _stored_bit(
        self, register: Instance, fields: Mapping[str, Field]
    ) -> tuple[int, int] | None:
        """Register address and bit that a register of the bank holds."""
        if register.path.split("/")[0] != "bank":
            return None
        for net in self.held_names(register):
            whole = _WHOLE.match(net)
            if whole and whole["field"] in fields:
                # A field of one byte has the name of what reads it.
                return fields[whole["field"]].address, int(whole["index"] or "0")
            match = _STORED.match(net)
            if match and match["field"] in fields:
                bit = match["index"] or match["number"] or "0"
                return fields[match["field"]].address + int(match["byte"]), int(bit)
        return None

    def drive(
        self,
        events: np.ndarray,
        scl: np.ndarray,
        sda: np.ndarray,
        *,
        reset: bool = False,
        faults: Faults | None = None,
        watched: np.ndarray | None = None,
        toggles: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run some clocks; the last three as of :meth:`hexcoder.netlist.lanes.LaneSimulation.run`.

        ``events``, uint64 (clocks, 1 + input bits), are words of lanes: the valid bit, then the
        bits of the input words; ``scl`` and ``sda``, (clocks,), uint8, or uint64 words of lanes.
        Returns words of lanes (clocks, 1 + output bits + 1): the valid bit, the output words, and
        whether SDA is pulled low; and uint64 (clocks,), the lanes that differ.
        """
        levels = [level if level.dtype == np.uint64 else spread(level) for level in (scl, sda)]
        address = word_bits(np.array([DEVICE_ADDRESS]), ADDRESS_WIDTH)
        address = spread(np.tile(address, (len(scl), 1)))
        values = np.column_stack([events, *levels, address])
        return self.simulation.run(
            values, reset=reset, faults=faults, watched=watched, toggles=toggles
        )

    def run(self, given: Clocks) -> Clocks:
        """Drive all lanes alike and read the first: what the driver and the vectors want."""
        events = np.column_stack([given.valid.astype(np.uint8), self.pins.bits(given.words)])
        outputs, _ = self.drive(spread(events), given.scl, given.sda)
        lane = from_lanes(outputs, 1)[0]
        return Clocks(
            lane[:, 0].astype(bool), self.pins.words(lane[:, 1:-1]), given.scl, 1 - lane[:, -1]
        )

    def stream(
        self, words: np.ndarray, toggles: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Send events of its own through each lane, one a clock.

        Of int64 words (lanes, events, inputs), for up to 64 lanes, come out: valid, bool (lanes,
        events), and words, int64 (lanes, events, outputs).
        """
        lanes, events = words.shape[:2]
        latency = self.pins.latency
        sent = np.pad(self.pins.bits(words), ((0, 0), (0, latency), (1, 0)))
        sent[:, :events, 0] = 1
        ones = np.ones(events + latency, np.uint8)
        outputs, _ = self.drive(to_lanes(_all_lanes(sent)), ones, ones, toggles=toggles)
        found = from_lanes(outputs[latency:], lanes)
        return found[:, :, 0].astype(bool), self.pins.words(found[:, :, 1:-1])
