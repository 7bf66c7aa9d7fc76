"""A netlist run clock by clock in 64 lanes, with faults planted in registers and on nets."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tb.netlist import compile_library
from tb.netlist_cpp import write_cpp
from tb.netlist_model import CellModel, FlatNetlist, Instance

LANES = 64
REFERENCE = 63
"""Lane that others are compared with."""
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_DRIVER = Path(__file__).with_name("lanes_clock.cpp")


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults by clock, in order.

    Parameters
    ----------
    clocks : int64 array (n,)
        Clock of the run, not falling. A flip of a register is there before that clock's logic
        settles; a transient lasts for that clock.
    places : int64 array (n,)
        Number of a register, or the number of registers plus that of a transient.
    lanes : uint64 array (n,)
        A bit for each lane that it hits.
    """

    clocks: np.ndarray
    places: np.ndarray
    lanes: np.ndarray

    @classmethod
    def none(cls) -> Faults:
        """No fault."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, np.zeros(0, np.uint64))


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


class LaneSimulation:
    """A netlist as a shared library that keeps its state from run to run.

    Parameters
    ----------
    netlist : FlatNetlist
    models : mapping of str to CellModel
    folder : Path
        Gets the C++ and the library.
    inputs, outputs : sequence of str
        Ports, whose bits are the columns of values; ``rst`` and ``clk`` are not among them.
    transients : sequence of int
        Nets that a fault can invert for a clock.

    Attributes
    ----------
    registers : list of Instance
        In the order of their numbers.
    state : uint64 array
        Nets, then registers.
    """

    def __init__(
        self,
        netlist: FlatNetlist,
        models: Mapping[str, CellModel],
        folder: Path,
        inputs: Sequence[str],
        outputs: Sequence[str],
        transients: Sequence[int] = (),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        files, words = write_cpp(netlist, models, folder, transients)
        self._library = compile_library([*files, _DRIVER], folder)
        self.registers: list[Instance] = [
            i for i in netlist.instances if models[i.kind].register is not None
        ]
        self.transients = tuple(transients)
        self.first_state = len(netlist.nets)
        self._in_nets = np.array([net for port in inputs for net in netlist.ports[port]], np.int64)
        self._out_nets = np.array(
            [net for port in outputs for net in netlist.ports[port]], np.int64
        )
        self.state = np.zeros(words, np.uint64)

    def scramble(self, seed: int) -> None:
        """Give every register a random value, the same in all lanes: a chip at power-up."""
        random = np.random.default_rng(seed)
        bits = random.integers(0, 2, len(self.registers)).astype(bool)
        self.state[self.first_state :] = np.where(bits, ALL, np.uint64(0))

    def run(
        self,
        values: np.ndarray,
        *,
        reset: bool = False,
        faults: Faults | None = None,
        watched: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run some clocks.

        Parameters
        ----------
        values : uint64 array (clocks, input bits)
            A word of 64 lanes for each bit of each clock.
        reset : bool
        faults : Faults, optional
        watched : int64 array, optional
            Numbers of registers to compare with lane 63.

        Returns
        -------
        outputs : uint64 array (clocks, output bits)
            Before each clock's edge.
        differs : uint64 array (clocks,)
            Lanes in which a watched register differs after the edge.
        """
        values = np.ascontiguousarray(values, np.uint64)
        faults = faults or Faults.none()
        watched = np.zeros(0, np.int64) if watched is None else watched
        outputs = np.zeros((len(values), len(self._out_nets)), np.uint64)
        differs = np.zeros(len(values), np.uint64)
        self._library.run_clocks(
            _pointer(self.state),
            ctypes.c_int64(len(values)),
            ctypes.c_uint64(int(ALL) if reset else 0),
            ctypes.c_int64(len(self._in_nets)),
            _pointer(self._in_nets),
            _pointer(values),
            ctypes.c_int64(len(self._out_nets)),
            _pointer(self._out_nets),
            _pointer(outputs),
            ctypes.c_int64(len(faults.clocks)),
            _pointer(faults.clocks),
            _pointer(faults.places),
            _pointer(faults.lanes),
            ctypes.c_int64(len(watched)),
            _pointer(watched),
            _pointer(differs),
        )
        return outputs, differs


def spread(bits: np.ndarray) -> np.ndarray:
    """The same bits in all lanes: bool or 0/1 array to uint64 of the same shape."""
    return np.where(bits.astype(bool), ALL, np.uint64(0))


def to_lanes(bits: np.ndarray) -> np.ndarray:
    """Bits of each lane, 0/1 array (lanes, ...), as words, uint64 array (...)."""
    words = np.zeros(bits.shape[1:], np.uint64)
    for lane, its in enumerate(bits):
        words |= its.astype(np.uint64) << np.uint64(lane)
    return words


def from_lanes(words: np.ndarray, lanes: int = LANES) -> np.ndarray:
    """Inverse of :func:`to_lanes`: uint8 array (lanes, ...)."""
    return np.stack(
        [(words >> np.uint64(lane) & np.uint64(1)).astype(np.uint8) for lane in range(lanes)]
    )
