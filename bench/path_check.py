"""OpenSTA with the Liberty files against ngspice: python -m bench.path_check CORNER.

Random paths of random cells, with a random capacitance at each net; side inputs are held so that
the edge passes. Both simulate the same edge: ngspice the drawn transistors, OpenSTA the tables.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError, run_command
from hexcoder.flow.analysis.loads import net_loads
from hexcoder.flow.analysis.power import Power, analyse_power
from hexcoder.flow.analysis.sta import run_sta
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.flat import FlatNetlist, Instance
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.cells.characterise import Way, ways
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.cells.extraction import DrawnCell, read_cells
from hexcoder.pdk.cells.functions import FUNCTIONS, inputs_of, outputs_of
from hexcoder.pdk.cells.measurement import ramp_of, run_ngspice
from hexcoder.pdk.description import Pdk, load_pdk
from hexcoder.pdk.process import Corner
from hexcoder.pdk.sky130.process import SKY130

SLEW_NS = 0.1
LENGTHS = 5, 15
WIRE_FF = 0.5, 15.0
"""Least and most capacitance of a net beside its pin."""

PERIOD_NS = 1000.0
"""Of OpenSTA's clock; an edge each way in it."""

EDGES = "rise", "fall"
SETTLED_NS = 1.0
"""From the start to the first edge."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A cell of a path: how the edge passes, and what its output's wire holds in fF."""

    cell: str
    way: Way
    wire_ff: float


@dataclass(frozen=True, slots=True)
class PathDelay:
    """One edge through one path, in ns."""

    cells: tuple[str, ...]
    edge: str
    opensta_ns: float
    ngspice_ns: float

    @property
    def error(self) -> float:
        """Of OpenSTA against ngspice."""
        return self.opensta_ns / self.ngspice_ns - 1


@dataclass(frozen=True, slots=True)
class Compared:
    """All paths at one corner: delays, and the energy of a rising and a falling edge, in pJ."""

    delays: tuple[PathDelay, ...]
    tables_pj: float
    ngspice_pj: float

    def summary(self) -> dict[str, float]:
        """Median and worst of the errors' amounts, and the error of the energy."""
        errors = np.array([delay.error for delay in self.delays])
        return {
            "edges": len(self.delays),
            "median_error": round(float(np.median(np.abs(errors))), 4),
            "mean_error": round(float(errors.mean()), 4),
            "worst_error": round(float(errors[np.argmax(np.abs(errors))]), 4),
            "energy_tables_pj": round(self.tables_pj, 4),
            "energy_ngspice_pj": round(self.ngspice_pj, 4),
            "energy_error": round(self.tables_pj / self.ngspice_pj - 1, 4),
        }


def random_paths(count: int, seed: int) -> list[list[Gate]]:
    """Paths of 5 to 15 gates."""
    random = np.random.default_rng(seed)
    names = sorted(name for name in FUNCTIONS if inputs_of(name))

    def gate() -> Gate:
        cell = names[int(random.integers(len(names)))]
        choices = ways(cell)
        way = choices[int(random.integers(len(choices)))]
        return Gate(cell, way, round(float(random.uniform(*WIRE_FF)), 2))

    return [
        [gate() for _ in range(int(random.integers(LENGTHS[0], LENGTHS[1] + 1)))]
        for _ in range(count)
    ]


def compare_paths(
    paths: Sequence[Sequence[Gate]], corner: str, drawn: dict[str, DrawnCell], folder: Path
) -> Compared:
    """Both edges of every path through both simulators.

    Raises
    ------
    InputError
        If ngspice or OpenSTA is missing or fails.
    """
    by_spice, ngspice_pj = _ngspice(paths, SKY130.corners[corner], drawn, folder)
    pdk = load_pdk(SKY130.name).at(corner)
    by_sta = _opensta(paths, pdk, folder)
    delays = [
        PathDelay(tuple(g.cell for g in path), edge, by_sta[number, edge], by_spice[number, edge])
        for number, path in enumerate(paths)
        for edge in EDGES
    ]
    return Compared(tuple(delays), _energy(paths, pdk), ngspice_pj)


def _ngspice(
    paths: Sequence[Sequence[Gate]], corner: Corner, drawn: dict[str, DrawnCell], folder: Path
) -> tuple[dict[tuple[int, str], float], float]:
    volts, ramp = corner.volts, ramp_of(SLEW_NS)
    window = 12.0 * corner.slowness
    times = {"rise": SETTLED_NS, "fall": SETTLED_NS + window}
    used = sorted({gate.cell for path in paths for gate in path})
    order = {cell: ["vdd", "vss", *inputs_of(cell), *outputs_of(cell)] for cell in used}
    lines = [
        f"* paths at {corner.name}",
        *SKY130.model_lines(corner),
        f".temp {corner.celsius}",
        ".option reltol=1e-3 abstol=1e-13",
        *(drawn[cell].spice(order[cell]) for cell in used),
        f"vsupply vdd 0 {volts}",
        "vground vss 0 0",
        f"vin in 0 pwl(0 0 {times['rise']}n 0 {times['rise'] + ramp}n {volts} "
        f"{times['fall']}n {volts} {times['fall'] + ramp}n 0)",
    ]
    measures = []
    for number, path in enumerate(paths):
        before, inverted = "in", False
        for place, gate in enumerate(path):
            after = f"p{number}_{place}"
            pins = {"vdd": "vdd", "vss": "vss", gate.way.output: after, gate.way.pin: before}
            pins |= {pin: f"{after}_{pin}" for pin in _unread(gate)}
            pins |= {pin: "vdd" if value else "vss" for pin, value in gate.way.others.items()}
            nodes = " ".join(pins[pin] for pin in order[gate.cell])
            lines.append(f"x{after} {nodes} {gate.cell}")
            lines.append(f"c{after} {after} 0 {gate.wire_ff}f")
            before, inverted = after, inverted != gate.way.inverting
        for edge, time in times.items():
            other = {"rise": "fall", "fall": "rise"}[edge] if inverted else edge
            measures.append(
                f"meas tran d{number}_{edge} trig v(in) val={volts / 2} {edge}=1 "
                f"targ v({before}) val={volts / 2} {other}=1 td={time}n"
            )
    total = times["fall"] + window
    measures += [
        f"meas tran charge integ i(vsupply) from={times['rise']}n to={total}n",
        f"meas tran leak avg i(vsupply) from={SETTLED_NS / 2}n to={times['rise']}n",
    ]
    lines += [".control", "set num_threads=1", f"tran 0.005n {total}n", *measures, "quit"]
    lines += [".endc", ".end"]
    deck = folder / f"paths_{corner.name}.sp"
    output = run_ngspice("\n".join(lines) + "\n", deck)
    edges = re.findall(r"^d(\d+)_(rise|fall)\s*=\s*([-+\d.eE]+)", output, re.MULTILINE)
    if len(edges) != 2 * len(paths):
        raise InputError(f"ngspice measured {len(edges)} of {2 * len(paths)} edges; see {deck}")
    supply = dict(re.findall(r"^(charge|leak)\s*=\s*([-+\d.eE]+)", output, re.MULTILINE))
    charge = float(supply["charge"]) - float(supply["leak"]) * 2e-9 * window
    delays = {(int(number), edge): float(value) * 1e9 for number, edge, value in edges}
    return delays, -charge * volts * 1e12


def _opensta(
    paths: Sequence[Sequence[Gate]], pdk: Pdk, folder: Path
) -> dict[tuple[int, str], float]:
    body, loads, ports = [], [], ["in"]
    for number, path in enumerate(paths):
        before = "in"
        for place, gate in enumerate(path):
            last = place == len(path) - 1
            after = f"out_{number}" if last else f"p{number}_{place}"
            if last:
                ports.append(after)
            else:
                body.append(f"  wire {after};")
            pins = {gate.way.output: after, gate.way.pin: before}
            pins |= {pin: f"1'b{value}" for pin, value in gate.way.others.items()}
            text = ", ".join(f".{pin}({net})" for pin, net in pins.items())
            body.append(f"  {gate.cell} x{number}_{place} ({text});")
            if last:
                loads.append(f"set_load {gate.wire_ff * 1e-3:.6g} [get_ports {after}]")
            before = after
    head = [f"module paths({', '.join(ports)});", "  input in;"]
    head += [f"  output {port};" for port in ports[1:]]
    verilog = _write(folder / "paths.v", [*head, *body, "endmodule"])
    spef = _write(folder / "paths.spef", _lumped_spef(paths))
    clock = [
        f"create_clock -name clock -period {PERIOD_NS}",
        "set_input_delay 0 -clock clock [get_ports in]",
        "set_output_delay 0 -clock clock [all_outputs]",
        f"set_input_transition {SLEW_NS} [get_ports in]",
    ]
    constraints = _write(folder / "paths.sdc", [*clock, *loads])
    netlist = Netlist(verilog, verilog.with_suffix(".json"), "paths")
    commands = [
        f'puts "path {number} {edge}"\n'
        f"report_checks -{edge}_from [get_ports in] -to [get_ports out_{number}] -digits 6"
        for number in range(len(paths))
        for edge in EDGES
    ]
    text = run_sta(
        commands, netlist, pdk, constraints, folder / "paths.tcl", [f"read_spef {{{spef}}}"]
    )
    arrival = r"^path (\d+) (rise|fall)$.*?(-?\d+\.\d+)\s+data arrival time"
    arrivals = re.findall(arrival, text, re.S | re.M)
    return {(int(number), edge): float(value) for number, edge, value in arrivals}


def _energy(paths: Sequence[Sequence[Gate]], pdk: Pdk) -> float:
    """Of an edge each way, in pJ, as flow.analysis.power works it out; without leakage."""
    flat = FlatNetlist()
    flat.nets.append("in")
    rates, wires = [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]
    for number, path in enumerate(paths):
        before = 2
        for place, gate in enumerate(path):
            after = len(flat.nets)
            flat.nets.append(f"p{number}_{place}")
            rates.append(2.0)
            wires.append(gate.wire_ff * 1e-15)
            pins = {gate.way.output: after, gate.way.pin: before} | gate.way.others
            for pin in _unread(gate):
                pins[pin] = len(flat.nets)
                flat.nets.append(f"p{number}_{place}_{pin}")
                rates.append(2.0 if pin in gate.way.besides else 0.0)
                wires.append(0.0)
            flat.instances.append(Instance(f"x{number}_{place}", gate.cell, pins))
            before = after
    library = read_liberty(pdk.liberty)
    loads = net_loads(flat, library, pdk, None, np.array(wires))
    powers = analyse_power(flat, np.array(rates), loads, pdk, library, PERIOD_NS)
    total = sum((power.data for power in powers), Power())
    return (total.internal_w + total.switching_w) * PERIOD_NS * 1e3


def _unread(gate: Gate) -> list[str]:
    """Outputs that are not on the path."""
    return [pin for pin in outputs_of(gate.cell) if pin != gate.way.output]


def _write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join([*lines, ""]))
    return path


def _lumped_spef(paths: Sequence[Sequence[Gate]]) -> list[str]:
    lines = [
        '*SPEF "IEEE 1481-1998"', '*DESIGN "paths"', '*DATE ""', '*VENDOR "hexcoder"',
        '*PROGRAM "hexcoder"', '*VERSION "1"', '*DESIGN_FLOW "PIN_CAP NONE"', "*DIVIDER /",
        "*DELIMITER :", "*BUS_DELIMITER [ ]", "*T_UNIT 1 NS", "*C_UNIT 1 FF", "*R_UNIT 1 OHM",
        "*L_UNIT 1 HENRY",
    ]  # fmt: skip
    for number, gates in enumerate(paths):
        for place, gate in enumerate(gates[:-1]):
            driver = f"x{number}_{place}:{gate.way.output}"
            reader = f"x{number}_{place + 1}:{gates[place + 1].way.pin}"
            lines += [
                f"*D_NET p{number}_{place} {gate.wire_ff}", "*CONN", f"*I {driver} O",
                f"*I {reader} I", "*CAP", f"1 {reader} {gate.wire_ff}", "*RES",
                f"1 {driver} {reader} 0.001", "*END",
            ]  # fmt: skip
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Compare random paths at one corner and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.path_check", description=__doc__)
    parser.add_argument("corner", choices=sorted(SKY130.corners))
    parser.add_argument("--paths", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    drawn = read_cells(SKY130, drawn_cells(SKY130) / "cells.gds")
    with tempfile.TemporaryDirectory() as folder:
        paths = random_paths(given.paths, given.seed)
        compared = compare_paths(paths, given.corner, drawn, Path(folder))
    rows = [asdict(delay) | {"error": round(delay.error, 4)} for delay in compared.delays]
    print(json.dumps({"corner": given.corner, "seed": given.seed} | compared.summary()))
    print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    run_command(main)
