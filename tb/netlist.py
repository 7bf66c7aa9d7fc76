"""A design's gate netlist against its network, with weights fixed or in registers."""

from collections.abc import Callable
from pathlib import Path

from hexcoder.netlist.simulation import Interface, NetlistSimulation
from hexcoder.network.modules import ModuleUnderTest, Stimulus
from hexcoder.sensor.encoders import AnyEncoder
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.simulators import open_netlist
from hexcoder.tb.chip.vectors import chip_fields
from hexcoder.tb.modules import EVENTS_A_SET, module_under_test
from hexcoder.tb.rtl.lanes import compare_in_lanes
from hexcoder.tb.verdict import Verdict

LINK = "netlist and golden model"


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
    interface = Interface(
        module.input_widths, module.output_widths, module.latency, module.interval
    )
    places = asic / "netlist.json", asic / "cells.json"
    simulation = NetlistSimulation.build(*places, module.name, interface)
    return compare_in_lanes(simulation, module, stimulus, LINK, progress)
