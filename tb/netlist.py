"""A design's gate netlist against its network, with weights fixed or in registers."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.metrics.difference import Difference
from hexcoder.netlist.simulation import Interface, NetlistSimulation
from hexcoder.network.comparison import Comparison
from hexcoder.network.modules import ModuleUnderTest, Stimulus
from hexcoder.sensor.encoders import AnyEncoder
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.simulators import open_netlist
from hexcoder.tb.chip.vectors import chip_fields
from hexcoder.tb.modules import EVENTS_A_SET, module_under_test
from hexcoder.tb.verdict import Verdict

LINK = "netlist and golden model"


def netlist_comparison(verdict: NetlistVerdict, module: str) -> Comparison:
    """The verdict of a compiled netlist in the shape of all links."""
    differences = []
    if verdict.first is not None:
        differences.append(Difference(**verdict.first.model_dump()))
    if (event := verdict.first_valid_event) is not None:
        differences.append(
            Difference(layer="out_valid", element=0, event=event, expected=None, actual=None)
        )
    return Comparison(
        link=LINK,
        module=module,
        vectors=verdict.vectors,
        mismatches=verdict.mismatches,
        valid_errors=verdict.valid_errors,
        first_mismatch=min(differences, key=lambda d: d.event, default=None),
    )


def compare_netlist(
    network: AnyEncoder,
    design: Path,
    asic: Path,
    stimulus: Stimulus,
    progress: Callable[[int], None] = lambda vectors: None,
) -> Verdict:
    """Run a stimulus through the netlist of a design's top module.

    ``design`` has metrics.json of its RTL; ``asic``, of the stage, netlist.json and cells.json.
    ``progress`` gets the number of vectors done.
    """
    module = module_under_test(network, design)
    if module.registers:
        return check_loaded(
            open_netlist(design, asic),
            chip_fields(design),
            module,
            module.stimulus(stimulus),
            lambda sets: progress(EVENTS_A_SET * sets),
            LINK,
        )
    return _compare_ports(module, asic, stimulus, progress)


def _compare_ports(
    module: ModuleUnderTest,
    asic: Path,
    stimulus: Stimulus,
    progress: Callable[[int], None],
) -> Verdict:
    interface = Interface(module.input_widths, module.output_widths, module.latency)
    places = asic / "netlist.json", asic / "cells.json"
    simulation = NetlistSimulation.build(*places, module.name, interface)
    started = time.perf_counter()
    parts: list[Comparison] = []
    by_kind: Counter[str] = Counter()
    for block in module.stimulus(stimulus):
        verdict = simulation.check(block.inputs, module.expected(block))
        parts.append(netlist_comparison(verdict, module.name))
        by_kind[block.kind] += verdict.vectors
        progress(by_kind.total())
    comparison = Comparison.joined(parts, follow=True)
    seconds = time.perf_counter() - started
    return Verdict(comparison, module.latency, seconds, dict(by_kind))
