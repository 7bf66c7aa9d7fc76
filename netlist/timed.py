"""A netlist with delays in Icarus Verilog: its outputs at speed, and toggles with glitches."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.netlist.flat import ONE, CellModel, FlatNetlist
from hexcoder.netlist.gate_level import (
    Course,
    NothingSimulatedError,
    compare_rows,
    complete_lines,
    run_events,
)
from hexcoder.netlist.simulation import Interface
from hexcoder.tools import plain

DUMP = "activity.vcd"

_UNMATCHED = re.compile(
    r"Unable to match ModPath (?P<input>\S+) -> (?P<output>\S+) in \w+\.dut\.(?P<instance>\S+)$"
)


@dataclass(frozen=True)
class Timed:
    """What a simulation with delays gave.

    ``toggle_rates``, (nets,) float64, are toggles a clock cycle of each net of the flat netlist,
    glitches among them, over so many ``cycles``; ``verdict`` is on the outputs in front of each
    clock edge.
    """

    toggle_rates: np.ndarray
    cycles: int
    verdict: NetlistVerdict | None


def timed_cells(models: Mapping[str, CellModel], kinds: Iterable[str]) -> str:
    """Verilog of cells with a path from each input to each output, for SDF to annotate.

    Path delays are inertial: a pulse shorter than the delay is swallowed, as in a real gate it
    mostly is.
    """
    lines = ["`timescale 1ns/1ps"]
    for kind in sorted(set(kinds)):
        model = models[kind]
        register = model.register
        lines.append(f"module {kind} ({', '.join([*model.inputs, *model.outputs])});")
        lines += [f"  input {pin};" for pin in model.inputs]
        lines += [f"  output {pin};" for pin in model.outputs]
        if register:
            lines += [
                f"  reg {register.state};",
                f"  always @(posedge {register.clock}) "
                f"{register.state} <= {register.next_state.verilog()};",
            ]
        lines += [f"  assign {pin} = {f.verilog()};" for pin, f in model.outputs.items()]
        starts = (register.clock,) if register else model.inputs
        paths = [f"({start} => {pin}) = (0, 0);" for pin in model.outputs for start in starts]
        if paths:
            lines += ["  specify", *(f"    {path}" for path in paths), "  endspecify"]
        lines += ["endmodule", ""]
    return "\n".join(lines)


def simulate_timed(
    netlist: Path,
    sdf: Path,
    flat: FlatNetlist,
    models: Mapping[str, CellModel],
    top: str,
    interface: Interface,
    inputs: np.ndarray,
    expected: np.ndarray | None,
    workdir: Path,
    period_ns: float,
    input_delay_ns: float,
    limit_s: float = 600.0,
) -> Timed:
    """Send events through a netlist at its clock's period, with the delays of an SDF file.

    ``netlist`` is Verilog of cells, ``flat`` the same netlist; inputs and expected outputs are
    integers (events, elements), and inputs change ``input_delay_ns`` after the clock's edge.
    ``workdir`` gets testbench, cells, logs. After ``limit_s`` the simulation ends, and what it has
    done counts. InputError if Icarus Verilog is missing or fails, or too few events were simulated.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    workdir = plain(workdir)
    cells, dump = workdir / "cells.v", workdir / DUMP
    cells.write_text(timed_cells(models, {i.kind for i in flat.instances}), encoding="utf-8")
    scopes = sorted({f"dut{_scope(instance.path)}" for instance in flat.instances} | {"dut"})
    watched = ", ".join(scopes)
    first, last = interface.latency_cycles + 1, len(inputs) * interface.interval_cycles
    course = Course(
        period_ns,
        min(input_delay_ns, 0.4 * period_ns),
        start=f'$sdf_annotate("{plain(sdf)}", dut); $dumpfile("{dump}");',
        cycle=f"if (cycle == {first}) $dumpvars(1, {watched}); if (cycle == {last}) $dumpoff;",
        options=("-gspecify",),
    )
    try:
        rows = run_events([netlist, cells], top, interface, inputs, workdir, course, limit_s)
        with open(workdir / "vvp.log", encoding="utf-8", errors="replace") as log:
            warnings = _warnings(complete_lines(log), flat)
        if warnings:
            raise InputError(f"{sdf}: {warnings[0]} (log: {workdir / 'vvp.log'})")
        cycles = min(len(rows), last) - first
        if cycles < 1:
            raise NothingSimulatedError(limit_s, workdir / "vvp.log")
        counts = _count(dump, flat)
    finally:
        dump.unlink(missing_ok=True)
    verdict = None if expected is None else compare_rows(rows, expected, interface)
    return Timed(counts / cycles, cycles, verdict)


def _warnings(log: Iterable[str], flat: FlatNetlist) -> list[str]:
    """What Icarus says of the SDF file, but for pins that it knows by another pin's name.

    Of a cell's inputs on one net, Icarus Verilog keeps one as the start of a path. It does not find
    the others, which :func:`hexcoder.netlist.delays.write_sdf` gives the same delay.
    """
    lines = [line.rstrip("\n") for line in log if "SDF" in line]
    unmatched: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for line in lines:
        if match := _UNMATCHED.search(line):
            unmatched[match["instance"], match["output"]][match["input"]] = line
    expected: set[str] = set()
    for instance in flat.instances if unmatched else ():
        name = instance.path.replace("/", ".")
        for output in instance.pins:
            missing = unmatched.get((name, output), {})
            kept = {net for pin, net in instance.pins.items() if pin not in {*missing, output}}
            expected |= {text for pin, text in missing.items() if instance.pins.get(pin) in kept}
    return [line for line in lines if line not in expected]


def _scope(path: str) -> str:
    modules = path.split("/")[:-1]
    return "".join(f".{module}" for module in modules)


def _count(dump: Path, flat: FlatNetlist) -> np.ndarray:
    """Toggles of each net in a VCD file (IEEE 1364, 18)."""
    number = {name: index for index, name in enumerate(flat.nets)}
    counts = np.zeros(len(flat.nets))
    toggles: Counter[str] = Counter()
    words: dict[str, str] = {}
    with open(dump, encoding="utf-8") as file:
        nets: dict[str, list[int]] = {}
        for code, names in _declared(file):
            # A port has a name in each module that it goes through; one of them is the net's.
            here = [number.get(name, -1) for name in names]
            if max(here) >= 0:
                nets[code] = here
        covered = {net for here in nets.values() for net in here}
        for instance in flat.instances:
            for net in instance.pins.values():
                if net not in covered and net > ONE:
                    raise InputError(f"{dump}: net {flat.nets[net]} is not in the dump")
        snapshot = False
        for line in complete_lines(file):
            kind = line[0]
            if kind == "$":
                snapshot = not line.startswith("$end")
            elif kind == "b":
                text, code = line[1:].split()
                here = nets.get(code)
                if here is None:
                    continue
                word = text.rjust(len(here), "0")[::-1]
                if not snapshot:
                    for net, old, new in zip(here, words[code], word, strict=True):
                        counts[net] += old != new and net >= 0
                words[code] = word
            elif kind in "01x" and not snapshot:
                toggles[line[1:-1]] += 1
    for code, here in nets.items():
        if len(here) == 1:
            counts[here[0]] = toggles[code]
    return counts


def _declared(file: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Code and names of each variable, low bit first."""
    scope: list[str] = []
    for line in file:
        words = line.split()
        if not words:
            continue
        if words[0] == "$scope":
            scope.append(words[2])
        elif words[0] == "$upscope":
            scope.pop()
        elif words[0] == "$enddefinitions":
            return
        elif words[0] == "$var":
            width, code, name = int(words[2]), words[3], words[4].removeprefix("\\")
            path = "/".join([*scope[2:], name])
            yield code, [path] if width == 1 else [f"{path}[{bit}]" for bit in range(width)]
