"""The stage 'layout': its steps, and what their metrics have to keep."""

from collections.abc import Mapping
from typing import Any

from hexcoder.config import Config
from hexcoder.flow.layout.block import LaidOut
from hexcoder.flow.layout.steps.block_liberty import BLOCK_LIBERTY
from hexcoder.flow.layout.steps.checks import CONNECTIVITY, DESIGN_RULES, LVS
from hexcoder.flow.layout.steps.equivalence import EQUIVALENCE
from hexcoder.flow.layout.steps.glitches import GLITCHES
from hexcoder.flow.layout.steps.netlist import FINAL_NETLIST
from hexcoder.flow.layout.steps.parasitics import PARASITICS
from hexcoder.flow.layout.steps.pictures import PICTURES
from hexcoder.flow.layout.steps.place import PLACE
from hexcoder.flow.layout.steps.power import POWER
from hexcoder.flow.layout.steps.simulation import SIMULATION
from hexcoder.flow.layout.steps.timing import TIMING
from hexcoder.flow.layout.steps.views import VIEWS
from hexcoder.flow.power import with_energy
from hexcoder.flow.verdicts import agrees, holds
from hexcoder.pdk.process import version
from hexcoder.pdk.processes import process_of
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import Place
from hexcoder.steps.step import FlatMetrics, Stage


def require_layout(config: Config) -> None:
    """Say so where the config's PDK cannot be laid out."""
    process_of(config.silicon.pdk)


def _meets_clock(slack_ns: float, metrics: Mapping[str, Any], place: Place) -> str | None:
    lines = []
    for corner in _corners(metrics):
        setup = metrics[f"timing__setup__ws__corner:{corner}"]
        hold = metrics[f"timing__hold__ws__corner:{corner}"]
        if setup < 0:
            lines.append(
                f"clock period of {place.config.clock.period_ns} ns not met at {corner} after "
                f"layout: worst setup slack {setup:.3f} ns"
            )
        if hold < 0:
            lines.append(f"hold not met at {corner} after layout: worst slack {hold:.3f} ns")
    return "; ".join(lines) or None


def _within_limits(slack_ns: float, metrics: Mapping[str, Any], place: Place) -> str | None:
    lines = []
    for corner in _corners(metrics):
        slow, heavy = (
            metrics[f"design__max_{kind}_violation__count__corner:{corner}"]
            for kind in ("slew", "cap")
        )
        if slow or heavy:
            worst = metrics[f"beyond_limits__corner:{corner}"][0]
            lines.append(f"{corner} {slow} slow transitions and {heavy} heavy loads ({worst})")
    return f"beyond the library's limits: {'; '.join(lines)}" if lines else None


def _corners(metrics: Mapping[str, Any]) -> list[str]:
    start = "timing__setup__ws__corner:"
    return [name.removeprefix(start) for name in metrics if name.startswith(start)]


def _rules_kept(rules: Mapping[str, Any]) -> str | None:
    broken = [f"{name} {rule['count']}" for name, rule in rules.items() if rule["count"]]
    return f"design rules: {', '.join(broken)}" if broken else None


def _connected(verdict: Mapping[str, Any]) -> str | None:
    return (
        None
        if verdict["passed"]
        else (
            f"connectivity: {len(verdict['opens'])} nets open, {len(verdict['shorts'])} shorts, "
            f"{verdict['missed']} pins without metal"
        )
    )


def _matches(verdict: Mapping[str, Any]) -> str | None:
    mismatches = verdict["mismatches"]
    return f"layout against netlist: {'; '.join(mismatches[:3])}" if mismatches else None


LIMITS = (
    holds("antenna_nets", lambda nets: f"antennas: {', '.join(nets)}" if nets else None),
    agrees("final_netlist_check", "final netlist"),
    holds(
        "final_formal_equivalence",
        lambda v: None if v["proved"] else f"the final netlist is not the RTL: {v['reason']}",
    ),
    Verdict("timing__setup__ws", _meets_clock),
    Verdict("timing__setup__ws", _within_limits),
    agrees("timed_check", "final netlist with delays"),
    holds("design_rules", _rules_kept),
    holds("connectivity", _connected),
    holds("layout_against_netlist", _matches),
    holds(
        "abstract_check", lambda v: f"LEF: {'; '.join(v['faults'][:3])}" if v["faults"] else None
    ),
)


def _assemble(block: LaidOut, metrics: FlatMetrics) -> FlatMetrics:
    tool = f"coriolis-eda {version('coriolis-eda')}"
    header = {
        "name": block.config.name,
        "top": block.top,
        "origin": {"pdk": block.process.name, "tool": tool, "state": "after layout"},
    }
    return with_energy(header | metrics, block.event_ns)


LAYOUT = Stage(
    "layout",
    (
        PLACE,
        FINAL_NETLIST,
        SIMULATION,
        EQUIVALENCE,
        PARASITICS,
        TIMING,
        POWER,
        GLITCHES,
        DESIGN_RULES,
        CONNECTIVITY,
        LVS,
        VIEWS,
        BLOCK_LIBERTY,
        PICTURES,
    ),
    LaidOut,
    LIMITS,
    assemble=_assemble,
)
