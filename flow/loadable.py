"""Netlists whose weights lie in registers: what is simulated in place of vectors."""

import numpy as np

from hexcoder.flow.block import Block
from hexcoder.flow.vectors import load_events_of
from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.netlist.lanes import LANES
from hexcoder.network.modules import Stimulus
from hexcoder.sensor.encoders import load_encoder
from hexcoder.steps.step import NotMeasured
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.simulators import open_netlist
from hexcoder.tb.chip.vectors import chip_fields
from hexcoder.tb.modules import module_under_test
from hexcoder.tb.netlist import LINK


def check_loadable(block: Block) -> NetlistVerdict:
    """The network's own weights over I2C with events, then sets of registers drawn at random."""
    rtl, settings = block.place.path("rtl"), block.config.verification
    module = module_under_test(load_encoder(block.place.path("network.json")), rtl)
    events, _ = load_events_of(block.place)
    chip = open_netlist(rtl, block.netlist.json.parent)
    drawn = module.stimulus(Stimulus(settings.seed, settings.netlist_vectors, events, LANES))
    verdict = check_loaded(chip, chip_fields(rtl), module, drawn, link=LINK)
    return NetlistVerdict.model_validate(verdict.as_json() | {"passed": verdict.comparison.passed})


def loadable_toggle_rates(block: Block) -> tuple[np.ndarray, str]:
    """Toggles a clock of each net with the network's own weights, and what was simulated.

    Raises
    ------
    NotMeasured
        If the network takes no image of the sensor: there are no events for it.
    """
    rtl = block.place.path("rtl")
    module = module_under_test(load_encoder(block.place.path("network.json")), rtl)
    events, origin = load_events_of(block.place)
    chip = open_netlist(rtl, block.netlist.json.parent)
    count = block.config.silicon.power_events
    case = module.event_vectors(events[:count])
    if case is None or case.registers is None:
        raise NotMeasured("the network takes no image of the sensor: there are no events for it")
    chip.preset([case.registers.values], chip_fields(rtl))
    clocks = -(-len(case.inputs) // LANES)
    # Fewer events than fill all lanes come again.
    words = np.resize(case.inputs, (LANES, clocks, case.inputs.shape[1]))
    # The pipeline is full before toggles are counted.
    chip.stream(words[:, : chip.pins.latency])
    toggles = np.zeros(len(chip.netlist.nets), np.uint64)
    chip.stream(words, toggles=toggles)
    rates = toggles / (LANES * (clocks + chip.pins.latency - 1))
    rates[sorted(chip.netlist.clocks)] = 2.0
    return rates, f"{origin}: {LANES} times {clocks} consecutive events"
