"""Delay, transition, energy, leakage and input capacitance of cells, by ngspice."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.pdk.cells.extraction import DrawnCell
from hexcoder.pdk.process import Corner
from hexcoder.processes import run

SETTLE_NS = 0.4
"""Before the first edge of an input."""

LOW, HIGH = 0.2, 0.8
"""Part of the supply between which a transition is measured; delays are measured at half."""


def ramp_of(slew: float) -> float:
    """Time from rail to rail of an edge that takes ``slew`` between LOW and HIGH."""
    return slew / (HIGH - LOW)


def ngspice_version() -> str:
    """Name and version of the simulator."""
    done = run(["ngspice", "--version"])
    found = re.search(r"ngspice-\S+", done.stdout)
    return found[0] if found else "ngspice"


def run_ngspice(deck: str, path: Path) -> str:
    """Write a deck, run it, keep the log beside it; what ngspice printed.

    Raises
    ------
    InputError
        If ngspice is missing.
    """
    path.write_text(deck)
    try:
        done = run(["ngspice", "-n", "-b", path], stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise InputError(
            "program 'ngspice' is not installed; on Debian: apt-get install ngspice"
        ) from None
    path.with_suffix(".log").write_text(done.stdout + done.stderr)
    return done.stdout


class Bench:
    """A cell with a source at each input and a load at each output, in one run of ngspice."""

    def __init__(
        self, cell: DrawnCell, pins: Sequence[str], outputs: Sequence[str], corner: Corner
    ):
        self.cell, self.pins, self.outputs, self.corner = cell, list(pins), list(outputs), corner
        self.inputs = [pin for pin in pins if pin not in ("vdd", "vss", *outputs)]
        self.commands: list[str] = []
        self.count = 0

    def _command(self, *lines: str) -> None:
        self.commands += lines

    def hold(self, pin: str, value: float) -> None:
        """A constant input; 0 or 1."""
        volts = value * self.corner.volts
        self._command(f"alter @v{pin}[pwl] = [ 0 {volts:.6g} 1 {volts:.6g} ]")

    def edges(self, pin: str, first: int, times: Sequence[float], ramp: float) -> None:
        """An input that starts at ``first`` and turns at each time; ``ramp`` is rail to rail."""
        volts = self.corner.volts
        value = first
        points = [(0.0, value * volts)]
        for time in times:
            points += [(time, value * volts), (time + ramp, (1 - value) * volts)]
            value = 1 - value
        text = " ".join(f"{time * 1e-9:.8g} {level:.6g}" for time, level in points)
        self._command(f"alter @v{pin}[pwl] = [ {text} ]")

    def load(self, output: str, femtofarads: float) -> None:
        """Capacitance at an output."""
        self._command(f"alter cload_{output} = {femtofarads:.6g}f")

    def run_for(self, nanoseconds: float, step: float = 0.01) -> None:
        """A transient analysis."""
        self._command(f"tran {step:.4g}n {nanoseconds:.6g}n")

    def measure(self, what: str) -> int:
        """Add a measurement of the last analysis; its number in the result."""
        number = self.count
        self.count += 1
        self._command(f"meas tran r{number} {what}")
        return number

    def leakage(self) -> int:
        """Supply current of the operating point."""
        number = self.count
        self.count += 1
        self._command("op", f"let r{number} = -i(vsupply)", f"print r{number}")
        return number

    def forget(self) -> None:
        """Free the waveforms of what has run."""
        self._command("destroy all")

    def deck(self) -> str:
        """The input of ngspice."""
        volts = self.corner.volts
        lines = [
            f"* {self.cell.name}, {self.corner.name}",
            *self.cell.process.model_lines(self.corner),
            f".temp {self.corner.celsius}",
            ".option reltol=1e-4 abstol=1e-14 chgtol=1e-17",
            self.cell.spice(self.pins),
            f"vsupply vdd 0 {volts}",
            "vground vss 0 0",
            *(f"v{pin} {pin} 0 pwl(0 0 1 0)" for pin in self.inputs),
            *(f"cload_{output} {output} 0 1f" for output in self.outputs),
            f"xcell {' '.join(self.pins)} {self.cell.name}",
            ".control",
            "set num_threads=1",
            "set numdgt=8",
            *self.commands,
            "quit",
            ".endc",
            ".end",
        ]
        return "\n".join(lines) + "\n"

    def run(self, folder: Path) -> dict[int, float]:
        """Results by number; what failed is missing."""
        path = folder / f"{self.cell.name}_{self.corner.name}.sp"
        output = run_ngspice(self.deck(), path)
        found = re.findall(r"^r(\d+)\s*=\s*([-+\d.eE]+)", output, re.MULTILINE)
        return {int(number): float(value) for number, value in found}
