"""Steps: design rules, connections, and transistors of the drawn block."""

from dataclasses import asdict

from hexcoder.flow.layout.block import LaidOut, placed
from hexcoder.flow.layout.check.connectivity import check_connectivity
from hexcoder.flow.layout.check.design_rules import check_design_rules
from hexcoder.flow.layout.check.lvs import compare_layout, netlist_instances
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL, CellPackages
from hexcoder.metrics.layout import (
    Connectivity,
    ConnectivityMetrics,
    DesignRuleMetrics,
    LvsMetrics,
    Rule,
    TransistorComparison,
)
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.steps.step import Progress, Step


def check_rules(block: LaidOut, progress: Progress) -> DesignRuleMetrics:
    """Look at the whole of the drawn block."""
    rules = check_design_rules(block.view(placed).gds, block.process)
    return DesignRuleMetrics(
        klayout__drc_error__count=sum(rule.count for rule in rules),
        design_rules={rule.name: Rule(**asdict(rule)) for rule in rules},
    )


def check_connections(block: LaidOut, progress: Progress) -> ConnectivityMetrics:
    """Probe every pin in the drawn metal."""
    drawn = block.view(placed)
    verdict = check_connectivity(drawn.gds, drawn.wiring)
    return ConnectivityMetrics(connectivity=Connectivity(**asdict(verdict), passed=verdict.passed))


def compare(block: LaidOut, progress: Progress) -> LvsMetrics:
    """Compare transistor by transistor."""
    drawn = block.view(placed)
    verdict = compare_layout(
        drawn.gds,
        drawn_cells(block.process) / "cells.spice",
        drawn.wiring,
        netlist_instances(block.netlist, drawn.wiring),
    )
    return LvsMetrics(
        design__lvs_error__count=len(verdict.mismatches),
        layout_against_netlist=TransistorComparison(**asdict(verdict)),
    )


DESIGN_RULES = Step(
    "layout.design_rules", check_rules, DesignRuleMetrics, reads=(*DRAWN, CellPackages())
)
CONNECTIVITY = Step(
    "layout.connectivity", check_connections, ConnectivityMetrics, reads=(*DRAWN, CellPackages())
)
LVS = Step("layout.lvs", compare, LvsMetrics, reads=(*DRAWN, *FINAL, CellPackages()), weight=2)
