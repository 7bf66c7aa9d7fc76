"""Which simulation a chip's RTL runs in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from hexcoder.errors import InputError
from hexcoder.steps.reads import versions
from hexcoder.tb.chip.pins import read_pins
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.chip.verilated_chip import VerilatedChip
from hexcoder.tb.rtl.lanes import is_large, lanes_name

Simulator = Literal["auto", "lanes", "verilator"]


@contextmanager
def open_chip(
    design: Path, work: Path, simulator: Simulator = "auto"
) -> Iterator[VerilatedChip | ChipLanes]:
    """A chip's RTL after reset; ``work`` gets what is compiled.

    "verilator" compiles the design; "lanes" runs its gates in 64 lanes, of which
    :meth:`ChipLanes.run` drives all alike, and compiles nothing; "auto" takes Verilator for a small
    design.
    """
    if simulator == "auto":
        simulator = "lanes" if is_large(design) else "verilator"
    if simulator == "verilator":
        with VerilatedChip(design, work) as chip:
            yield chip
    else:
        chip = ChipLanes.of_rtl(design, work / "lanes")
        chip.reset()
        yield chip


def open_netlist(design: Path, asic: Path, *, transients: bool = False) -> ChipLanes:
    """A chip's netlist in 64 lanes, after reset.

    ``design`` has metrics.json of its RTL; ``asic``, of the stage, netlist.json and cells.json.
    With ``transients`` a fault can invert what voters drive, and gates of control.
    """
    for needed in (asic / "netlist.json", asic / "cells.json"):
        if not needed.is_file():
            raise InputError(f"{needed}: no such file; `make asic` makes it")
    chip = ChipLanes.of_netlist(
        asic / "netlist.json", asic / "cells.json", read_pins(design), transients=transients
    )
    chip.reset()
    return chip


def simulator_name(chip: VerilatedChip | ChipLanes) -> str:
    """For a verdict."""
    if isinstance(chip, VerilatedChip):
        return f"Verilator {versions('verilator')['verilator']}"
    return lanes_name()
