"""The stage 'asic': its steps, and what their metrics have to keep."""

from collections.abc import Mapping
from typing import Any

from hexcoder.flow.asic.area import AREA
from hexcoder.flow.asic.cell_models import CELL_MODELS
from hexcoder.flow.asic.constraints import CONSTRAINTS
from hexcoder.flow.asic.equivalence import EQUIVALENCE
from hexcoder.flow.asic.gate_level import GATE_LEVEL
from hexcoder.flow.asic.glitches import GLITCHES
from hexcoder.flow.asic.power import POWER
from hexcoder.flow.asic.simulation import SIMULATION
from hexcoder.flow.asic.synthesis import SYNTHESIS
from hexcoder.flow.asic.timing import TIMING
from hexcoder.flow.asic.triplication import TRIPLICATION
from hexcoder.flow.block import Block
from hexcoder.flow.power import with_energy
from hexcoder.flow.verdicts import agrees, holds
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import Place, versions
from hexcoder.steps.step import FlatMetrics, Stage
from hexcoder.tools import tool_version


def _meets_clock(slack_ns: float, metrics: Mapping[str, Any], place: Place) -> str | None:
    if slack_ns >= 0:
        return None
    return (
        f"clock period of {place.config.clock.period_ns} ns not met: worst setup slack "
        f"{slack_ns:.3f} ns, {metrics['worst_path']}"
    )


def _cells_agree(verdict: Mapping[str, Any]) -> str | None:
    first = verdict["first"]
    return first and (
        f"cell models: {first['cell']}.{first['pin']} differs from the PDK's Verilog at "
        f"{first['inputs']}"
    )


LIMITS = (
    agrees("netlist_check", "netlist"),
    holds("triplication_check", lambda v: v["failures"] and f"triplication: {v['failures'][0]}"),
    holds("cell_models_check", _cells_agree),
    agrees("gate_level_check", "gate-level simulation"),
    holds(
        "formal_equivalence",
        lambda v: None if v["proved"] else f"the netlist is not the RTL: {v['reason']}",
    ),
    Verdict("timing__setup__ws", _meets_clock),
    agrees("timed_check", "simulation with delays"),
)


def header(block: Block) -> FlatMetrics:
    """What the metrics are of: which process and wires, by which tools."""
    pdk, wire_load = block.pdk, block.wire_load
    return {
        "name": block.config.name,
        "top": block.top,
        "origin": {
            "stage": "after synthesis, before placement",
            "pdk": pdk.name,
            "process": pdk.process,
            "node_nm": pdk.node_nm,
            "corner": pdk.corner_name,
            "voltage_v": pdk.corner.voltage_v,
            "temperature_c": pdk.corner.temperature_c,
            "wires": f"wire-load estimate, model {wire_load}" if wire_load else "none",
            "clock": "ideal: no clock tree, no clock buffers",
            "activity": None,
            "tools": versions("pyosys") | {"OpenSTA": tool_version("sta", "-version")},
        },
        "clock__period_ns": block.config.clock.period_ns,
    }


def _assemble(block: Block, metrics: FlatMetrics) -> FlatMetrics:
    return with_energy(header(block) | metrics, block.event_ns)


ASIC = Stage(
    "asic",
    (
        SYNTHESIS,
        CONSTRAINTS,
        AREA,
        SIMULATION,
        TRIPLICATION,
        CELL_MODELS,
        GATE_LEVEL,
        EQUIVALENCE,
        TIMING,
        POWER,
        GLITCHES,
    ),
    Block,
    LIMITS,
    assemble=_assemble,
)
