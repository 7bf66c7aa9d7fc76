"""Static timing of a netlist: worst slacks, worst paths, endpoints without a constraint."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.flow.analysis.sta import run_sta
from hexcoder.metrics.asic import Histogram
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.flat import FlatNetlist
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.description import Pdk
from hexcoder.tools import plain, tcl_word

_END = re.compile(r"(-?\d+\.\d+) \((?:MET|VIOL\w*)\)$", re.MULTILINE)
_BINS = 30
_STEPS_NS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SLACK = re.compile(r"^\s*(-?\d+\.\d+)\s+slack \((?:MET|VIOLATED)\)", re.MULTILINE)
_TRANSITIONS = "report_check_types -max_transition -all_violators -verbose"
_SLOW = re.compile(r"^Pin (\S+) .*\n(?:.*\n){3}Slack .*VIOLATED", re.MULTILINE)
_PATHS = 10
_ENDPOINTS = 1_000_000
_REPORTS = ("setup", "hold", "endpoints", "checks")


@dataclass(frozen=True)
class Timing:
    """Slacks in ns, negative where a constraint is not met; endpoints are text.

    ``slow_pins`` are those at which a transition is slower than the library's limit, the slowest
    first; looked for after layout alone.
    """

    setup_ws_ns: float
    setup_tns_ns: float
    hold_ws_ns: float
    unconstrained_endpoints: tuple[str, ...]
    worst_startpoint: str
    worst_endpoint: str
    clock_skew_ns: float
    slacks_ns: tuple[float, ...]
    slow_pins: tuple[str, ...] = ()


def analyse_timing(
    netlist: Netlist,
    pdk: Pdk,
    library: Library,
    constraints: Path,
    folder: Path,
    layout: Sequence[str] = (),
) -> Timing:
    """Run static timing analysis.

    Parameters
    ----------
    netlist : Netlist
    pdk : Pdk
    library : Library
    constraints : Path
        SDC file.
    folder : Path
        Gets timing_setup.rpt and timing_hold.rpt with the worst paths, timing_endpoints.rpt with
        the setup slack of all, timing_checks.rpt and, after layout, timing_transitions.rpt, and
        in logs/ the script and its log.
    layout : sequence of str
        Commands for what is known after layout; see :func:`hexcoder.flow.analysis.sta.run_sta`.

    Returns
    -------
    Timing

    Raises
    ------
    InputError
        If OpenSTA is missing, fails, or finds no path.
    """
    reports = {kind: folder / f"timing_{kind}.rpt" for kind in _REPORTS}
    paths = {kind: tcl_word(plain(path)) for kind, path in reports.items()}
    transitions = folder / "timing_transitions.rpt"
    slews = tcl_word(plain(transitions))
    listing = (
        f"-format full_clock_expanded -fields {{capacitance slew input_pin net}} "
        f"-endpoint_count {_PATHS} -digits 4"
    )
    commands = [
        f"report_checks -path_delay max {listing} > {paths['setup']}",
        f"report_checks -path_delay min {listing} > {paths['hold']}",
        f"report_checks -path_delay max -format end -group_count {_ENDPOINTS} -endpoint_count 1 "
        f"> {paths['endpoints']}",
        f"check_setup -verbose > {paths['checks']}",
        "report_tns -digits 6",
        # Of an ideal clock there is none, and looking for it takes OpenSTA quadratic time.
        *(["report_clock_skew"] if layout else []),
        # Before layout there is nothing but estimated wires.
        *([f"{_TRANSITIONS} > {slews}"] if layout else []),
    ]
    (folder / "logs").mkdir(exist_ok=True)
    log = run_sta(commands, netlist, pdk, constraints, folder / "logs" / "timing.tcl", layout)
    texts = {kind: path.read_text() for kind, path in reports.items()}
    total = re.search(r"^tns (-?[\d.]+)", log, re.MULTILINE)
    if total is None:
        raise InputError("sta: no total negative slack in its log (logs/timing.log)")
    scale = library.time_unit_s / 1e-9
    return Timing(
        setup_ws_ns=_worst(texts["setup"], "setup") * scale,
        setup_tns_ns=float(total[1]) * scale,
        hold_ws_ns=_worst(texts["hold"], "hold") * scale,
        unconstrained_endpoints=_unconstrained(texts["checks"]),
        worst_startpoint=_first(r"^Startpoint: (\S+)", texts["setup"]),
        worst_endpoint=_first(r"^Endpoint: (\S+)", texts["setup"]),
        clock_skew_ns=_skew(log) * scale,
        slacks_ns=tuple(float(s) * scale for s in _END.findall(texts["endpoints"])),
        slow_pins=tuple(_SLOW.findall(transitions.read_text())) if layout else (),
    )


def slack_histogram(slacks_ns: Sequence[float]) -> Histogram:
    """Count endpoints by setup slack: ``edges_ns``, round numbers, and one ``count`` less."""
    if not slacks_ns:
        return Histogram(edges_ns=[], count=[])
    low, high = min(slacks_ns), max(slacks_ns)
    step = next(s for s in _STEPS_NS if (high - low) / s <= _BINS or s == _STEPS_NS[-1])
    first = math.floor(low / step)
    edges = [number * step for number in range(first, math.floor(high / step) + 2)]
    counts = [0] * (len(edges) - 1)
    for slack in slacks_ns:
        counts[math.floor(slack / step) - first] += 1
    return Histogram(edges_ns=[round(edge, 6) for edge in edges], count=counts)


def _worst(report: str, kind: str) -> float:
    slacks = [float(slack) for slack in _SLACK.findall(report)]
    if not slacks:
        raise InputError(f"sta: found no {kind} path (logs/timing.log)")
    return min(slacks)


def _skew(log: str) -> float:
    """Last column of report_clock_skew's last line; 0.0 without two registers."""
    found = re.search(
        r"^Latency\s+CRPR\s+Skew\n(?:.*\n)*?\s+\S+\s+\S+\s+(-?\d+\.\d+)\s*$", log, re.MULTILINE
    )
    return float(found[1]) if found else 0.0


def _unconstrained(report: str) -> tuple[str, ...]:
    """Endpoints that check_setup lists, indented, below its warning."""
    match = re.search(r"There (?:is|are) \d+ unconstrained endpoints?\.\n((?:  .*\n?)*)", report)
    return tuple(match[1].split()) if match else ()


def constant_outputs(netlist: FlatNetlist) -> frozenset[str]:
    """Bits of output ports that a tie cell drives: no path ends there, so none is constrained."""
    tied = {0, 1}
    for instance in netlist.instances:
        if len(instance.pins) == 1:
            tied.update(instance.pins.values())
    return frozenset(
        f"{port}[{bit}]"
        for port, nets in netlist.ports.items()
        if port not in netlist.inputs
        for bit, net in enumerate(nets)
        if net in tied
    )


def _first(pattern: str, report: str) -> str:
    match = re.search(pattern, report, re.MULTILINE)
    return match[1] if match else ""
