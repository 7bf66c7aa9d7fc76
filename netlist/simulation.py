"""Compiled simulation of a gate netlist, 64 events at a time, with toggle rates for power."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.tools import require, run_logged
from netlist.flat import FlatNetlist, read_cell_models, read_netlist
from netlist.simulation_cpp import write_cpp

_LANES = 64
_CHUNK = 1 << 16
_DRIVER = Path(__file__).with_name("simulation.cpp")
_PORTS = ("clk", "rst", "in_valid", "in_data", "out_valid", "out_data")


@dataclass(frozen=True)
class Interface:
    """Shape of a module's data: bits of each element, the first in the lowest bits of the port."""

    input_widths: tuple[int, ...]
    output_widths: tuple[int, ...]
    latency_cycles: int


@dataclass(frozen=True)
class Mismatch:
    """The first output element that differs, as unsigned codes."""

    event: int
    element: int
    expected: int
    actual: int


@dataclass(frozen=True)
class NetlistVerdict:
    """Result of a comparison.

    Attributes
    ----------
    vectors : int
    mismatches : int
        Events with at least one wrong element.
    valid_errors : int
        Clock cycles in which ``out_valid`` is wrong.
    first : Mismatch or None
    first_valid_event : int or None
        Event next to the first wrong ``out_valid``.
    """

    vectors: int
    mismatches: int
    valid_errors: int
    first: Mismatch | None
    first_valid_event: int | None

    @property
    def passed(self) -> bool:
        """Whether every element and every ``out_valid`` was right."""
        return self.mismatches == 0 and self.valid_errors == 0


@dataclass(frozen=True)
class _Outputs:
    values: np.ndarray
    valid_errors: int
    first_valid_event: int | None


@dataclass(frozen=True)
class NetlistSimulation:
    """A netlist as a shared library; make one with :meth:`build`.

    Zero delay: each net changes at most once a clock, so glitches are not counted.
    """

    netlist: FlatNetlist
    interface: Interface
    library: ctypes.CDLL
    words: int

    @staticmethod
    def build(
        netlist_json: Path, cell_models: Path, top: str, interface: Interface, workdir: Path
    ) -> NetlistSimulation:
        """Compile a netlist.

        Parameters
        ----------
        netlist_json : Path
            Netlist of library cells in yosys' JSON format; ports as docs say of ``encoder_core``.
        cell_models : Path
            See :func:`netlist.flat.read_cell_models`.
        top : str
        interface : Interface
        workdir : Path
            Gets the C++ and the library.

        Raises
        ------
        InputError
            If the netlist cannot be simulated, naming the net or cell, or g++ is missing.
        """
        models = read_cell_models(cell_models)
        netlist = read_netlist(netlist_json, models, top)
        _check_ports(netlist, interface, netlist_json)
        workdir.mkdir(parents=True, exist_ok=True)
        files, words = write_cpp(netlist, models, workdir)
        library = _compile([*files, _DRIVER], workdir)
        return NetlistSimulation(netlist, interface, library, words)

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs (events, output elements) int64 of inputs (events, input elements)."""
        return np.concatenate([part.values for _, part in self._chunks(inputs)])

    def check(self, inputs: np.ndarray, expected: np.ndarray) -> NetlistVerdict:
        """Compare the outputs, and out_valid in every cycle, with what is expected.

        Parameters
        ----------
        inputs : (events, input elements) integers
        expected : (events, output elements) integers
            Compared modulo 2**width, so signed values will do.
        """
        mask = (1 << np.array(self.interface.output_widths, np.int64)) - 1
        mismatches = valid_errors = 0
        first, first_valid = None, None
        for start, part in self._chunks(inputs):
            wanted = expected[start : start + len(part.values)].astype(np.int64) & mask
            wrong = part.values != wanted
            mismatches += int(wrong.any(axis=1).sum())
            valid_errors += part.valid_errors
            if first_valid is None and part.first_valid_event is not None:
                first_valid = start + part.first_valid_event
            if first is None and wrong.any():
                event, element = (int(index) for index in np.argwhere(wrong)[0])
                values = int(wanted[event, element]), int(part.values[event, element])
                first = Mismatch(start + event, element, *values)
        return NetlistVerdict(len(inputs), mismatches, valid_errors, first, first_valid)

    def toggle_rates(self, inputs: np.ndarray) -> np.ndarray:
        """Toggles a clock cycle of each net, over consecutive events with the pipeline full.

        Parameters
        ----------
        inputs : (events, input elements) integers
            In the order in which the events follow each other.

        Returns
        -------
        (nets,) float64
            In the order of ``netlist.nets``; 2 for the clock and its tree.
        """
        toggles = np.zeros(self.words, np.uint64)
        pairs = [0]
        for _ in self._chunks(inputs, toggles, pairs):
            pass
        if not pairs[0]:
            least = self.interface.latency_cycles + 2
            raise InputError(f"toggle rates take at least {least} events, got {len(inputs)}")
        rates = toggles[: len(self.netlist.nets)] / pairs[0]
        rates[sorted(self.netlist.clocks)] = 2.0
        return rates

    def _chunks(
        self,
        inputs: np.ndarray,
        toggles: np.ndarray | None = None,
        pairs: list[int] | None = None,
    ) -> Iterator[tuple[int, _Outputs]]:
        """Simulate in chunks that bound memory; reset comes before each."""
        elements = len(self.interface.input_widths)
        if inputs.ndim != 2 or inputs.shape[1] != elements:
            wanted = f"(events, {elements})"
            raise InputError(f"inputs have the shape {inputs.shape}, not {wanted}")
        for start in range(0, len(inputs), _CHUNK):
            part = np.ascontiguousarray(inputs[start : start + _CHUNK], np.int64)
            outputs, counted = self._simulate(part, toggles)
            if pairs is not None:
                pairs[0] += counted
            yield start, outputs

    def _simulate(self, inputs: np.ndarray, toggles: np.ndarray | None) -> tuple[_Outputs, int]:
        shape = self.interface
        # Streams of a few events would be all warm-up.
        steps = max(-(-len(inputs) // _LANES), min(len(inputs), 4 * (shape.latency_cycles + 1)))
        values = np.zeros((len(inputs), len(shape.output_widths)), np.int64)
        wrong_valid = np.zeros(2, np.int64)
        pairs = self.library.simulate(
            _pointer(inputs),
            ctypes.c_int64(len(inputs)),
            ctypes.c_int64(steps),
            shape.latency_cycles,
            len(shape.input_widths),
            _pointer(np.array(shape.input_widths, np.int32)),
            _pointer(values),
            len(shape.output_widths),
            _pointer(np.array(shape.output_widths, np.int32)),
            _pointer(toggles) if toggles is not None else None,
            _pointer(wrong_valid),
        )
        errors = int(wrong_valid[0])
        return _Outputs(values, errors, int(wrong_valid[1]) if errors else None), pairs


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def _check_ports(netlist: FlatNetlist, interface: Interface, path: Path) -> None:
    for port in _PORTS:
        if port not in netlist.ports:
            raise InputError(f"{path}: the top module has no port '{port}'")
    wanted = {"in_data": sum(interface.input_widths), "out_data": sum(interface.output_widths)}
    for port, bits in wanted.items():
        if len(netlist.ports[port]) != bits:
            raise InputError(f"{path}: port {port} has {len(netlist.ports[port])} bits, not {bits}")


def _compile(files: list[Path], workdir: Path) -> ctypes.CDLL:
    compiler = require("g++", "on Debian: apt-get install g++")

    def compile_one(source: Path) -> Path:
        target = workdir / f"{source.stem}.o"
        flags = ["-O1", "-march=native", "-fPIC", "-c"]
        run_logged(
            [compiler, *flags, str(source), "-o", str(target)], workdir / f"{source.stem}.log"
        )
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, files))
    library = workdir / "netlist.so"
    run_logged([compiler, "-shared", "-o", str(library), *map(str, objects)], workdir / "link.log")
    for compiled in objects:
        compiled.unlink()
    loaded = ctypes.CDLL(str(library.resolve()))
    loaded.simulate.restype = ctypes.c_int64
    return loaded
