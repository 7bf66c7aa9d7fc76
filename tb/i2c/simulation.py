"""An I2C target with its test bank, compiled by Verilator."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from amaranth.back import verilog

from hexcoder.errors import InputError
from hexcoder.hw.i2c.target import I2cTarget
from hexcoder.processes import run
from hexcoder.tb.i2c.bank import I2cBank
from hexcoder.tb.rtl.verilated import verilate

TOP = "i2c_bank"
HARNESS = Path(__file__).with_name("harness.cpp")
_RECORD = {
    **{name: (bit, 1) for bit, name in enumerate(("sda_low", "bus_sda", "write", "read"))},
    **{"active": (4, 1), "reading": (5, 1), "write_data": (8, 8), "register": (16, 16)},
}
"""Lowest bit and bits of what a record of the harness holds."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was seen at each clock: arrays (clocks,), uint8, ``register`` uint16."""

    bus_sda: np.ndarray
    sda_low: np.ndarray
    write: np.ndarray
    read: np.ndarray
    active: np.ndarray
    reading: np.ndarray
    write_data: np.ndarray
    register: np.ndarray

    def part(self, first: int, last: int) -> Recording:
        """Some of the clocks."""
        return Recording(**{f.name: getattr(self, f.name)[first:last] for f in fields(self)})

    def writes(self) -> list[tuple[int, int]]:
        """Register and value of each byte that was written."""
        places = np.flatnonzero(self.write)
        return list(
            zip(self.register[places].tolist(), self.write_data[places].tolist(), strict=True)
        )


def write_bank(target: I2cTarget, path: Path) -> None:
    """Write module ``i2c_bank`` as Verilog."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = verilog.convert(I2cBank(target), name=TOP, emit_src=False, strip_internal_attrs=True)
    path.write_text(text)


@dataclass(frozen=True, slots=True)
class I2cSimulation:
    """A compiled simulation of module ``i2c_bank``."""

    program: Path

    def run(self, scl: np.ndarray, sda: np.ndarray, reset: np.ndarray, device: int) -> Recording:
        """Simulate from power-up.

        ``scl``, ``sda`` and the bank's ``reset`` are uint8 (clocks,); ``device`` is on the target's
        address pins.
        """
        words = scl | sda << 1 | reset << 2 | np.uint16(device << 8)
        done = run([self.program], input=words.astype("<u2").tobytes(), stderr=None)
        seen = np.frombuffer(done.stdout, dtype="<u4")
        if done.returncode or len(seen) != len(scl):
            raise InputError(f"{self.program}: the simulation failed")

        return Recording(
            **{
                name: (seen >> np.uint32(low) & np.uint32((1 << bits) - 1)).astype(
                    np.uint8 if bits <= 8 else np.uint16
                )
                for name, (low, bits) in _RECORD.items()
            }
        )


def build_i2c_simulation(folder: Path, target: I2cTarget | None = None) -> I2cSimulation:
    """Compile a target, by default :class:`I2cTarget` at 25 ns, with its bank.

    ToolFailed, with the last lines and the log, if the Verilog does not compile.
    """
    folder = folder.resolve()
    source, program = folder / f"{TOP}.v", folder / "simulation"
    write_bank(target or I2cTarget(), source)
    verilate(TOP, [source, HARNESS], program, [], "-O1")
    return I2cSimulation(program)
