"""A netlist run clock by clock in 64 lanes, with faults planted in registers and on nets."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from hexcoder.compiled import pointer, shared_library
from hexcoder.netlist.flat import ONE, CellModel, FlatNetlist
from hexcoder.netlist.lanes_program import write_program

LANES = 64
REFERENCE = 63
"""Lane that others are compared with."""
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_DRIVER = Path(__file__).with_name("lanes_clock.cpp")


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults by clock, in order: arrays (n,).

    ``clocks``, int64, not falling: a flip of a register is there before that clock's logic settles;
    a transient lasts for that clock. ``places``, int64, are numbers of a register, or the number of
    registers plus that of a transient. ``lanes``, uint64, have a bit for each lane that is hit.
    """

    clocks: np.ndarray
    places: np.ndarray
    lanes: np.ndarray

    @classmethod
    def none(cls) -> Faults:
        """No fault."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, np.zeros(0, np.uint64))


class LaneSimulation:
    """A netlist that keeps its state from run to run.

    ``inputs`` and ``outputs`` are ports, whose bits are the columns of values; ``rst`` and ``clk``
    are not among them. A fault can invert the nets ``transients`` for a clock. ``registers`` stand
    in the order of their numbers; ``nets``, uint64, have a word of lanes each, in the order of the
    program.
    """

    def __init__(
        self,
        netlist: FlatNetlist,
        models: Mapping[str, CellModel],
        inputs: Sequence[str],
        outputs: Sequence[str],
        transients: Sequence[int] = (),
    ):
        self._library = _library()
        self._program = program = write_program(netlist, models, transients)
        self.registers = program.registers
        self._netlist_places = program.place[: len(netlist.nets)]

        def places(names: Sequence[str]) -> np.ndarray:
            nets = [net for port in names for net in netlist.ports[port]]
            return program.place[np.array(nets, np.int64)]

        self._in_nets, self._out_nets = places(["rst", *inputs]), places(outputs)
        self.nets = np.zeros(len(program.place), np.uint64)
        self.clear()

    @property
    def state(self) -> np.ndarray:
        """A word of lanes for each register: uint64 array (registers,)."""
        return self.nets[self._program.states]

    @state.setter
    def state(self, words: np.ndarray) -> None:
        self.nets[self._program.states] = words

    def clear(self) -> None:
        """Set every net and register to 0 in all lanes."""
        self.nets[:] = 0
        self.nets[ONE] = ALL

    def scramble(self, seed: int) -> None:
        """Give every register a random value, the same in all lanes: a chip at power-up."""
        random = np.random.default_rng(seed)
        self.state = spread(random.integers(0, 2, len(self.registers)))

    def run(
        self,
        values: np.ndarray,
        *,
        reset: bool = False,
        faults: Faults | None = None,
        watched: np.ndarray | None = None,
        toggles: np.ndarray | None = None,
        counted: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run some clocks.

        Parameters
        ----------
        values : uint64 array (clocks, input bits)
            A word of 64 lanes for each bit of each clock.
        watched : int64 array, optional
            Numbers of registers to compare with lane 63.
        toggles : uint64 array (nets of the netlist,), optional
            Gets how often each net changed from clock to clock.
        counted : uint64 array (clocks,), optional
            Lanes in which changes from the clock before to each clock count; by default all.

        Returns
        -------
        outputs : uint64 array (clocks, output bits)
            Before each clock's edge.
        differs : uint64 array (clocks,)
            Lanes in which a watched register differs after the edge.
        """
        program = self._program
        first = np.full((len(values), 1), ALL if reset else np.uint64(0), np.uint64)
        values = np.ascontiguousarray(np.column_stack([first, values]), np.uint64)
        faults = faults or Faults.none()
        fault_nets = np.concatenate([program.states, program.transients])[faults.places]
        lasts = (faults.places < len(self.registers)).astype(np.uint8)
        watched = np.zeros(0, np.int64) if watched is None else program.states[watched]
        outputs = np.zeros((len(values), len(self._out_nets)), np.uint64)
        differs = np.zeros(len(values), np.uint64)
        counts = np.zeros(len(self.nets), np.uint64) if toggles is not None else None
        counted = np.full(len(values), ALL) if counted is None else counted
        arguments: list[int | np.ndarray | None] = [
            self.nets, len(self.nets), len(values),
            len(program.kinds), program.kinds, program.counts, program.rows,
            program.first_reader, program.readers,
            len(program.states), program.states, program.next_nets,
            len(self._in_nets), self._in_nets, values,
            len(self._out_nets), self._out_nets, outputs,
            len(faults.clocks), faults.clocks, fault_nets, faults.lanes, lasts,
            len(watched), watched, differs, counted, counts,
        ]  # fmt: skip
        self._library.run_clocks(
            *(ctypes.c_int64(a) if isinstance(a, int) else pointer(a) for a in arguments)
        )
        if toggles is not None and counts is not None:
            toggles += counts[self._netlist_places]
        return outputs, differs


@cache
def _library() -> ctypes.CDLL:
    """The compiled driver."""
    return shared_library(_DRIVER)


def spread(bits: np.ndarray) -> np.ndarray:
    """The same bits in all lanes: bool or 0/1 array to uint64 of the same shape."""
    return np.where(bits.astype(bool), ALL, np.uint64(0))


def to_lanes(bits: np.ndarray) -> np.ndarray:
    """Bits of each lane, 0/1 array (lanes, ...), as words, uint64 array (...)."""
    words = np.zeros(bits.shape[1:], np.uint64)
    for lane, lane_bits in enumerate(bits):
        words |= lane_bits.astype(np.uint64) << np.uint64(lane)
    return words


def from_lanes(words: np.ndarray, lanes: int = LANES) -> np.ndarray:
    """Inverse of :func:`to_lanes`: uint8 array (lanes, ...)."""
    return np.stack(
        [(words >> np.uint64(lane) & np.uint64(1)).astype(np.uint8) for lane in range(lanes)]
    )
