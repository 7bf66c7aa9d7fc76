"""The chip in 64 lanes, each a chip with a configuration, links and faults of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hexcoder.errors import CheckFailed
from hw.chip.register_map import ADDRESS_BITS, Field
from tb.chip.pins import (
    DEVICE_ADDRESS,
    INPUT_LINKS,
    OUTPUT_WORDS,
    WORD_BITS,
    Clocks,
    read_chip,
)
from tb.lanes import LANES, Faults, LaneSimulation, from_lanes, spread, to_lanes
from tb.netlist_model import CellModel, FlatNetlist, Instance, read_cell_models, read_netlist
from tb.rtl_gates import rtl_gates

_STORED = re.compile(
    r"(?P<field>\w+?)_(byte)?_(?P<byte>\d+)(_copy_\d)?(\[(?P<index>\d+)\]|_(?P<number>\d+))?$"
)
_WHOLE = re.compile(r"(?P<field>\w+)(\[(?P<index>\d+)\])?$")

PINS = ("in_valid", "in_data", "scl", "sda", "device_address")
ANSWERS = ("out_valid", "out_data", "sda_low")
LINK_BITS = INPUT_LINKS * WORD_BITS
FRAME_BITS = OUTPUT_WORDS * WORD_BITS
RESET_CLOCKS = 8


def _bits(values: np.ndarray, width: int) -> np.ndarray:
    """Integers (..., n) as bits (..., n * width), the lowest first."""
    bits = values[..., None] >> np.arange(width) & 1
    return bits.reshape(*values.shape[:-1], -1).astype(np.uint8)


def _all_lanes(values: np.ndarray) -> np.ndarray:
    """Values of some lanes (n, ...) for all 64: those behind the last have what that has."""
    return values[np.minimum(np.arange(LANES), len(values) - 1)]


def link_bits(words: np.ndarray) -> np.ndarray:
    """Link words (..., 12) as bits of the port (..., 384)."""
    return _bits(words, WORD_BITS)


class ChipLanes:
    """A chip's RTL or netlist in 64 lanes.

    Parameters
    ----------
    netlist : FlatNetlist
        With the ports of module ``chip``.
    models : dict of str to CellModel
    latency : int
        Clocks from link words to their frame.
    transients : sequence of int
        Nets that a fault can invert.
    """

    def __init__(
        self,
        netlist: FlatNetlist,
        models: dict[str, CellModel],
        latency: int,
        transients: tuple[int, ...] = (),
    ):
        self.netlist, self.latency, self._models = netlist, latency, models
        self.simulation = LaneSimulation(netlist, models, PINS, ANSWERS, transients)

    @classmethod
    def of_rtl(cls, design: Path, work: Path, *, with_voters: bool = False) -> ChipLanes:
        """The RTL of a compiled chip, elaborated to generic gates and not optimised."""
        described = read_chip(design, work)
        netlist, models, *_ = rtl_gates(design / "encoder.v", "chip", work)
        voters = tuple(voter_nets(netlist, models)) if with_voters else ()
        return cls(netlist, models, described.latency, voters)

    @classmethod
    def of_netlist(
        cls, netlist: Path, cells: Path, latency: int, *, with_voters: bool = False
    ) -> ChipLanes:
        """A netlist of library cells."""
        models = read_cell_models(cells)
        flat = read_netlist(netlist, models, "chip")
        voters = tuple(voter_nets(flat, models)) if with_voters else ()
        return cls(flat, models, latency, voters)

    def reset(self, seed: int = 1) -> None:
        """Power up with registers that hold anything, then reset."""
        self.simulation.scramble(seed)
        self.drive(
            np.zeros((RESET_CLOCKS, 1 + LINK_BITS), np.uint64),
            np.ones(RESET_CLOCKS, np.uint8),
            np.ones(RESET_CLOCKS, np.uint8),
            reset=True,
        )

    def preset(
        self, written: Sequence[Sequence[tuple[int, bytes]]], fields: Mapping[str, Field]
    ) -> None:
        """Put bytes into the bank at once, as if they had been written over I2C.

        For simulations in which that would take longer than all that is looked at; the load itself
        is proved by itself. :meth:`tb.chip.driver.ChipDriver.activate` makes them count.

        Parameters
        ----------
        written : sequence of sequence of (int, bytes)
            For each lane first register and bytes, as :func:`tb.chip.driver.write_sequence` gives
            them: the same registers for all. Lanes behind the last have what that has.
        fields : mapping of str to Field

        Raises
        ------
        CheckFailed
            If the netlist has not all of the registers' bits, by the names that they have in the
            RTL.
        """
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
        values = memory[:, addresses] >> np.array(bits, np.uint8) & 1
        state = self.simulation.state
        state[numbers] = to_lanes(_all_lanes(values))
        self.simulation.state = state

    def held_net(self, register: Instance) -> str:
        """Name of the net that has what a register holds."""
        model = self._models[register.kind]
        assert model.register is not None
        for pin, function in model.outputs.items():
            if pin in register.pins and function.strip("()") == model.register.state:
                return self.netlist.nets[register.pins[pin]]
        return ""

    def _stored_bit(
        self, register: Instance, fields: Mapping[str, Field]
    ) -> tuple[int, int] | None:
        """Register address and bit that a register of the bank holds."""
        part, net = register.path.split("/")[0], self.held_net(register).split("/")[-1]
        if part != "bank":
            return None
        whole = _WHOLE.match(net)
        if whole and whole["field"] in fields:
            # A field of one byte has the name of what reads it.
            return fields[whole["field"]].address, int(whole["index"] or "0")
        match = _STORED.match(net)
        if not match:
            return None
        bit = match["index"] or match["number"] or "0"
        return fields[match["field"]].address + int(match["byte"]), int(bit)

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
        """Run some clocks; faults, watched and toggles as of :meth:`tb.lanes.LaneSimulation.run`.

        Parameters
        ----------
        events : uint64 array (clocks, 385)
            Words of lanes: the valid bit, then the bits of the link words.
        scl, sda : uint8 array (clocks,) or uint64 array of words of lanes

        Returns
        -------
        outputs : uint64 array (clocks, 162)
            Words of lanes: the valid bit, the frame, and whether SDA is pulled low.
        differs : uint64 array (clocks,)
            See :meth:`tb.lanes.LaneSimulation.run`.
        """
        levels = [level if level.dtype == np.uint64 else spread(level) for level in (scl, sda)]
        address = spread(np.tile(_bits(np.array([DEVICE_ADDRESS]), 7), (len(scl), 1)))
        values = np.column_stack([events, *levels, address])
        return self.simulation.run(
            values, reset=reset, faults=faults, watched=watched, toggles=toggles
        )

    def run(self, given: Clocks) -> Clocks:
        """Drive all lanes alike and read the first: what the driver and the vectors want."""
        events = np.column_stack([given.valid.astype(np.uint8), link_bits(given.words)])
        outputs, _ = self.drive(spread(events), given.scl, given.sda)
        lane = from_lanes(outputs, 1)[0]
        return Clocks(
            lane[:, 0].astype(bool), frame_words(lane[:, 1:-1]), given.scl, 1 - lane[:, -1]
        )

    def stream(
        self, words: np.ndarray, toggles: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Send events of its own through each lane, one a clock.

        Parameters
        ----------
        words : int64 array (lanes, events, 12)
            Link words, for up to 64 lanes.
        toggles : optional
            As of :meth:`tb.lanes.LaneSimulation.run`.

        Returns
        -------
        valid : bool array (lanes, events)
        frames : int64 array (lanes, events, 5)
        """
        lanes, events = words.shape[:2]
        bits = np.zeros((lanes, events + self.latency, 1 + LINK_BITS), np.uint8)
        bits[:, :events, 0] = 1
        bits[:, :events, 1:] = link_bits(words)
        ones = np.ones(events + self.latency, np.uint8)
        outputs, _ = self.drive(to_lanes(_all_lanes(bits)), ones, ones, toggles=toggles)
        found = from_lanes(outputs[self.latency :], lanes)
        return found[:, :, 0].astype(bool), frame_words(found[:, :, 1:-1])


def frame_words(bits: np.ndarray) -> np.ndarray:
    """Bits of frames (..., 160) as link words, int64 (..., 5)."""
    parts = bits.reshape(*bits.shape[:-1], OUTPUT_WORDS, WORD_BITS).astype(np.int64)
    return (parts << np.arange(WORD_BITS)).sum(axis=-1)


def voter_nets(netlist: FlatNetlist, models: dict[str, CellModel]) -> list[int]:
    """Nets that voters drive: what leaves the modules that triplication makes, and votes.

    A voter's net has the name of the register that it stands for, or of one of its copies.
    """
    made_in: dict[int, str] = {}
    for instance in netlist.instances:
        part = _voting_part(instance.path)
        if part and models[instance.kind].register is None:
            for pin in models[instance.kind].outputs:
                if pin in instance.pins:
                    made_in[instance.pins[pin]] = part
    read_outside = set()
    for instance in netlist.instances:
        for pin in models[instance.kind].inputs:
            net = instance.pins.get(pin)
            if net in made_in and not instance.path.startswith(f"{made_in[net]}/"):
                read_outside.add(net)
    return [
        net
        for net in made_in
        if "differs" not in netlist.nets[net]
        and (net in read_outside or "_voted_" in netlist.nets[net])
    ]


def _voting_part(path: str) -> str | None:
    """Path of the copy or voter that an instance stands in."""
    parts = path.split("/")
    for depth, name in enumerate(parts[:-1], start=1):
        if re.search(r"(_voter|_copy_\d_register)(_\d+)?$", name):
            return "/".join(parts[:depth])
    return None
