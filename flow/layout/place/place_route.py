"""Place and route a netlist of drawn cells with Coriolis, again with more room where it must."""

import math
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.flow.layout.place.power_grid import draw_power_grid
from hexcoder.flow.layout.place.spares import drop_spares
from hexcoder.flow.layout.place.worker import FINISHED
from hexcoder.flow.layout.repair.antenna import repair_antennas
from hexcoder.flow.layout.repair.notches import fill_notches
from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.wiring import SUPPLIES, Wiring, cell_boxes, write_gds
from hexcoder.flow.synthesis.design import add_cell, net_of
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.liberty import read_liberty
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.pdk.cells.drawn import TERMINALS, drawn_cells
from hexcoder.pdk.cells.functions import FLOP_PINS
from hexcoder.pdk.cells.terminals import read_terminals
from hexcoder.pdk.description import BufferCell, load_pdk
from hexcoder.pdk.process import Process, version
from hexcoder.tools import run_logged

UTILISATIONS = (0.58, 0.50, 0.42, 0.34)
"""Tried in this order until routing is complete."""

MOST_WIRE = 2.15
"""Half perimeters of all nets as placed over the die's area, in m a mm2. Of two encoders, most of
whose area is full adders, one was routed whole at 2.08 and not at 2.33, the other not at 2.58."""

MOST_OVERLAPPING = 0.03
"""Of all nets, as Coriolis leaves them. The first of these has 1 % at 2.08, which are soon apart,
and 7 % at 2.33, which never are."""

SLOW_INPUT, SLOW_OUTPUT = 0.8, 0.8
"""Transitions at a gate with the most that it may drive, of the slowest in its tables."""
ESTIMATED = 0.8
"""Of that limit: routed wires are longer than half their perimeter."""

WIRE_FF_PER_UM = 0.22
"""Of routed wires, by the length that their pins' places tell, measured on whole blocks."""

SURVEYS = 8
"""Placements at most that only say which nets want buffers, before the one that is routed."""

_SIZE = re.compile(r"_x\d+$")
BUFFER, HOLD_BUFFER, REGISTER = "buf_x4", "buf_x1", "dff_x1"


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout that is on disk.

    Attributes
    ----------
    gds : Path
    wiring : Wiring
        The same as shapes by net; also on disk, as ``wiring.json``.
    block : Rerouting
        Its shapes by place.
    report : dict
        What the run measured; see docs/layout.md.
    """

    gds: Path
    wiring: Wiring
    block: Rerouting
    report: dict[str, Any]


def _write_blif(netlist: Netlist, liberty: Path, path: Path, logs: Path, clock: str) -> int:
    """Flatten the netlist for Coriolis; return the number of hold buffers."""
    flat = path.with_suffix(".json")
    commands = [
        f"read_liberty -lib {quoted(liberty)}",
        f"read_json {quoted(netlist.json)}",
        f"hierarchy -check -top {netlist.top}",
        "setattr -mod -unset keep_hierarchy *",
        "flatten -noscopeinfo",
        "splitnets -ports -format ()",
        "opt_clean -purge",
        # A net that is two output ports at once cannot be drawn.
        "insbuf -buf buf_x2 i q",
        "opt_clean",
        "check -assert -mapped",
        "delete =A:blackbox",
        f"write_json {quoted(flat)}",
    ]
    run_yosys(commands, logs / "netlist.ys")
    late = _delay_direct_paths(flat, clock)
    commands = [
        f"read_liberty -lib {quoted(liberty)}",
        f"read_json {quoted(flat)}",
        f"hierarchy -check -top {netlist.top}",
        "check -assert -mapped",
        f"write_blif {quoted(path)}",
    ]
    run_yosys(commands, logs / "blif.ys")
    return late


def _delay_direct_paths(path: Path, clock: str) -> int:
    """A buffer in front of each register that another register, or an input, drives directly.

    Nothing else is in the way of the data when the clock's tree brings the edge late.
    """
    design = read_json(path)
    (module,) = (m for m in design["modules"].values() if not m["attributes"].get("blackbox"))
    cells, ports = module["cells"], module["ports"]
    flops = {name: cell for name, cell in cells.items() if cell["type"] == REGISTER}
    direct = {cell["connections"][FLOP_PINS["output"]][0] for cell in flops.values()}
    for name, port in ports.items():
        if port["direction"] == "input" and name != clock:
            direct.update(port["bits"])
    bits = (b for cell in cells.values() for pin in cell["connections"].values() for b in pin)
    last = max(b for b in bits if isinstance(b, int))
    late = 0
    for cell in flops.values():
        bit = cell["connections"][FLOP_PINS["data"]][0]
        if bit not in direct:
            continue
        late += 1
        cell["connections"][FLOP_PINS["data"]] = [last + late]
        add_cell(module, f"hold_{late}", HOLD_BUFFER, {"i": bit}, {"q": last + late})
        module["netnames"][f"hold_net_{late}"] = net_of(last + late)
    write_json(path, design)
    return late


def _electrical(liberties: Sequence[Path], driving: BufferCell) -> Mapping[str, Any]:
    """What the worker wants to know of cells, in fF: inputs, and what an output may drive."""
    limits: dict[str, dict[str, float]] = {}
    for liberty in liberties:
        for name, pins in _limits(liberty).items():
            known = limits.setdefault(name, {})
            for pin, most in pins.items():
                known[pin] = min(most, known.get(pin, most))
    cells = read_liberty(liberties[0]).cells
    inputs = {
        name: {
            pin: round(described.capacitance_f * 1e15, 4)
            for pin, described in cell.pins.items()
            if described.direction == "input"
        }
        for name, cell in cells.items()
    }
    return {
        "inputs_ff": inputs,
        "limits_ff": limits,
        "stronger": _stronger(limits),
        "port_limit_ff": limits[driving.cell][driving.output],
        "buffer": BUFFER,
        "buffer_limit_ff": limits[BUFFER]["q"],
        "wire_ff_per_um": WIRE_FF_PER_UM,
        "most_wire_m_per_mm2": MOST_WIRE,
    }


def _stronger(limits: Mapping[str, Mapping[str, float]]) -> dict[str, list[str]]:
    """By cell: those of its function that may drive more, the weakest first."""
    sizes: dict[str, list[str]] = {}
    for name in sorted(limits, key=lambda name: max(limits[name].values(), default=0.0)):
        sizes.setdefault(_SIZE.sub("", name), []).append(name)
    return {
        name: larger
        for names in sizes.values()
        for place, name in enumerate(names)
        if (larger := names[place + 1 :])
    }


def _limits(liberty: Path) -> dict[str, dict[str, float]]:
    """By cell and output at one corner: ``max_capacitance``, or less where that makes a transition
    too slow, in fF.
    """
    library, tables = read_liberty(liberty), read_tables(liberty)
    found: dict[str, dict[str, float]] = {}
    for name, cell in library.cells.items():
        for pin, described in cell.pins.items():
            most = described.max_capacitance_f
            if described.direction != "output" or not most:
                continue
            for table in tables[name].slowest.get(pin, {}).values():
                # A slow input, and the limit on transitions at the end of the table.
                slew, longest = SLOW_INPUT * table.slews[-1], SLOW_OUTPUT * table.slews[-1]
                loads = np.linspace(table.loads[0], table.loads[-1], 100)
                kept = [load for load in loads if table.at(slew, load) <= longest]
                most = min(most, max(kept, default=table.loads[0]))
            found.setdefault(name, {})[pin] = round(ESTIMATED * most * 1e15, 4)
    return found


def _bit_order(name: str) -> tuple[str, int]:
    stem, _, rest = name.partition("(")
    return stem, int(rest.rstrip(")") or 0)


def _sides(ports: Mapping[str, str], clock: str) -> dict[str, list[str]]:
    """Inputs in the west, outputs in the east, in bit order; the clock enters in the west's middle.

    Where inputs are many more, the last of them share the east. North and south have no pins: the
    router does not reach them there.
    """
    inputs = sorted((p for p, d in ports.items() if d == "input" and p != clock), key=_bit_order)
    outputs = sorted((p for p, d in ports.items() if d == "output"), key=_bit_order)
    here = min(len(inputs), (len(inputs) + len(outputs) + 1) // 2)
    west, east = inputs[:here], outputs + inputs[here:]
    if clock in ports:
        west.insert(len(west) // 2, clock)
    return {"west": west, "east": east}


def place_and_route(
    netlist: Netlist,
    process: Process,
    liberties: Sequence[Path],
    folder: Path,
    clock: str = "clk",
    utilisations: Sequence[float] = UTILISATIONS,
    progress: Callable[[str], None] = lambda step: None,
) -> Placed:
    """Make a layout whose routing is complete.

    Parameters
    ----------
    netlist : Netlist
    process : Process
        Whose cells it is made of.
    liberties : sequence of Path
        Of all corners, the typical one first.
    folder : Path
        Gets ``layout.gds``, ``layout.json``, ``wiring.json``, the attempts in place/, and the logs.
    clock : str
        The clock's port.
    utilisations : sequence of float
        Cell area over core area, tried in this order.
    progress : callable
        Told each attempt.

    Raises
    ------
    InputError
        If a package is missing, Coriolis ends early, or no attempt is routed completely; with the
        number of nets that are not.
    """
    version("coriolis-eda")
    cells = drawn_cells(process)
    logs = folder / "logs" / "place"
    logs.mkdir(parents=True, exist_ok=True)
    top = netlist.top
    attempts = folder / "place"
    attempts.mkdir(exist_ok=True)
    source = attempts / f"{top}.blif"
    late = _write_blif(netlist, liberties[0], source, logs, clock)
    module = read_json(source.with_suffix(".json"))["modules"][top]
    ports = {name: port["direction"] for name, port in module["ports"].items()}
    failed: list[str] = []
    left = list(utilisations)
    while left:
        utilisation = left.pop(0)
        progress(f"place and route at {utilisation:.2f}")
        work = attempts / f"attempt_{utilisation:.2f}"
        settings = {
            "top": top,
            "clock": clock,
            "pdk": process.name,
            "cells": str(cells),
            "utilisation": utilisation,
            "aspect_ratio": 1.0,
            "pins": _sides(ports, clock),
            **_electrical(liberties, load_pdk(process.name).driving_cell),
        }
        path = logs / f"{utilisation:.2f}.log"
        try:
            work = _place(work, source, settings, path)
        except InputError as error:
            # Etesian ends the process where cells do not fit.
            failed.append(f"{utilisation:.2f}: {error}")
            continue
        log = path.read_text(errors="replace")
        report = read_json(work / "layout.json") | {"asked": utilisation, "hold_buffers": late}
        if (wire := report["wire_m_per_mm2"]) > MOST_WIRE:
            failed.append(f"{utilisation:.2f}: {wire:.2f} m of wire a mm2, of {MOST_WIRE}")
            left = _sparser(utilisation, wire, left)
            continue
        report["open_by_router"] = _open_segments(log, report["routed"])
        wiring = Wiring.read(work / "wiring.json")
        report["spares_dropped"] = drop_spares(wiring, cells / "cells.json")
        block = _shapes(wiring, cells)
        overlapping, nets = len(block.conflicts()), len(block.wiring.pins)
        if overlapping > MOST_OVERLAPPING * nets:
            failed.append(f"{utilisation:.2f}: {overlapping} of {nets} nets overlap")
            continue
        _finish(block, cells, report, progress)
        report["attempts"] = len(failed) + 1
        if not report["unsolved_nets"] and not report["rails_without_stack"]:
            return _keep(block, cells, folder, report)
        failed.append(
            f"{utilisation:.2f}: {report['unsolved_nets']} nets, "
            f"{report['rails_without_stack']} rails without power"
        )
    raise InputError(f"routing is not complete, by utilisation: {'; '.join(failed)}; see {logs}")


def _sparser(utilisation: float, wire: float, left: Sequence[float]) -> list[float]:
    """What to try after a placement with too much wire: first what should just have room for it.

    Wires grow with the side of the die, its area with the square.
    """
    fitting = math.floor(100 * utilisation * (MOST_WIRE / wire) ** 2) / 100
    fitting = min(fitting, utilisation - 0.01)
    return [u for u in (fitting, *left) if 0 < u <= fitting]


def _place(work: Path, source: Path, settings: Mapping[str, Any], log: Path) -> Path:
    """Place until spare buffers are enough, each time with the cells that were wanted before.

    Where they never are, the placement that leaves the fewest nets beyond their limits is routed.
    The folder of what is routed.
    """
    wanted: list[Any] = []
    left: list[int] = []
    while len(wanted) < SURVEYS:
        here = work.with_name(f"{work.name}_{len(wanted)}")
        _work(here, source, {**settings, "wanted": wanted, "may_survey": True}, log)
        report = read_json(here / "layout.json")
        more = report.get("wanted")
        if more is None:
            return here
        left.append(report["nets_left"])
        wanted.append(more)
    best = left.index(min(left)) if left else 0
    here = work.with_name(f"{work.name}_{best}_routed")
    _work(here, source, {**settings, "wanted": wanted[:best], "may_survey": False}, log)
    return here


def _work(work: Path, source: Path, settings: Mapping[str, Any], log: Path) -> None:
    """Run the worker in a folder, unless a run that was stopped later has left it whole."""
    if _is_done(work, settings):
        return
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    shutil.copy(source, work)
    write_json(work / "settings.json", settings)
    _run_worker(work, log)


def _run_worker(work: Path, log: Path) -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "hexcoder.flow.layout.place.worker",
        work / "settings.json",
    ]
    run_logged(command, log, finished=FINISHED)


def _is_done(work: Path, settings: Mapping[str, Any]) -> bool:
    """Whether a folder holds what the worker makes of these settings."""
    known = work / "settings.json"
    return (work / "layout.json").is_file() and known.is_file() and read_json(known) == settings


def _open_segments(log: str, routed: bool) -> int | None:
    """From Katana's last completion ratio, '[done+open]'."""
    found = re.findall(r"\[\s*(\d+)\s*\+\s*(\d+)\s*\]", log)
    return 0 if routed else int(found[-1][1]) if found else None


def _shapes(wiring: Wiring, cells: Path) -> Rerouting:
    return Rerouting(wiring, cell_boxes(cells / "cells.gds", wiring.stack, wiring.stack.routed))


def _finish(
    block: Rerouting, cells: Path, report: dict[str, Any], progress: Callable[[str], None]
) -> None:
    """Power straps, and new ways for nets that the router or the straps left overlapping."""
    wiring = block.wiring
    started = time.perf_counter()
    progress("power straps")
    grid = draw_power_grid(block)
    report["seconds"]["power straps"] = round(time.perf_counter() - started, 2)
    started = time.perf_counter()
    progress("routing again what overlaps")
    done = block.repair(keep=SUPPLIES)
    report["seconds"]["routing again"] = round(time.perf_counter() - started, 2)
    started = time.perf_counter()
    progress("antennas")
    antennas = repair_antennas(block, read_terminals(cells / TERMINALS), cells / "cells.gds")
    report["filled_notches"] = fill_notches(block)
    report["seconds"]["antennas"] = round(time.perf_counter() - started, 2)
    report |= {
        "power_straps": grid.straps,
        "power_stacks": grid.stacks,
        "rails_without_stack": grid.missed,
        "nets_routed_again": len(set(done.ripped)),
        "unsolved_nets": len(set(done.unsolved) | set(block.conflicts()) | set(block.opens())),
        "antenna_worst_ratio": antennas.worst,
        "antenna_nets": antennas.nets,
        "vias": _vias(wiring),
    }


def _vias(wiring: Wiring) -> int:
    cuts = wiring.stack.cut_names
    return sum(box.layer in cuts for boxes in wiring.wires.values() for box in boxes)


def _keep(block: Rerouting, cells: Path, folder: Path, report: dict[str, Any]) -> Placed:
    report["cells"] = dict(Counter(one.cell for one in block.wiring.instances).most_common())
    report["tool"] = f"coriolis-eda {version('coriolis-eda')}"
    gds = folder / "layout.gds"
    write_gds(block.wiring, cells / "cells.gds", gds)
    block.wiring.write(folder / "wiring.json")
    write_json(folder / "layout.json", report)
    return Placed(gds, block.wiring, block, report)


def load_placed(folder: Path) -> Placed:
    """What :func:`place_and_route` left in a folder."""
    wiring = Wiring.read(folder / "wiring.json")
    block = _shapes(wiring, drawn_cells(wiring.process))
    return Placed(folder / "layout.gds", wiring, block, read_json(folder / "layout.json"))
