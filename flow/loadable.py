"""Netlists whose weights lie in registers: what is simulated in place of vectors."""

from __future__ import annotations

import numpy as np

from flow.block import Block
from flow.vectors import load_events_of
from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.steps.step import NotMeasured
from netlist.lanes import LANES
from network.schema import Network, load_network
from sensor.chip.golden import input_words
from sensor.front_end import normalise, sensor_image_order
from tb.chip.configurations import (
    Case,
    cases_of,
    check_cases,
    chip_case,
    encoder_case,
    plain_configuration,
)
from tb.chip.pins import CHIP
from tb.chip.session import ChipLanes
from tb.chip.simulators import open_netlist
from tb.chip.vectors import chip_fields


def check_loadable(block: Block) -> NetlistVerdict:
    """The network's own weights over I2C with events, then sets of registers drawn at random."""
    rtl, settings = block.place.path("rtl"), block.config.verification
    network = load_network(block.place.path("network.json"))
    events, _ = load_events_of(block.place)
    chip = open_netlist(rtl, block.netlist.json.parent)
    drawn = cases_of(block.top, network, events, LANES, settings.netlist_vectors, settings.seed)
    verdict = check_cases(chip, chip_fields(rtl), drawn)
    return NetlistVerdict.model_validate(verdict | {"passed": not verdict["mismatches"]})


def loadable_toggle_rates(block: Block) -> tuple[np.ndarray, str]:
    """Toggles a clock of each net with the network's own weights, and what was simulated.

    Raises
    ------
    NotMeasured
        If the network takes no image of the sensor: there are no events for it.
    """
    rtl = block.place.path("rtl")
    network = load_network(block.place.path("network.json"))
    events, origin = load_events_of(block.place)
    chip = open_netlist(rtl, block.netlist.json.parent)
    case = _activity(chip, network, events[: block.config.silicon.power_events])
    if case is None:
        raise NotMeasured("the network takes no image of the sensor: there are no events for it")
    chip.preset([case.values], chip_fields(rtl))
    clocks = -(-len(case.words) // LANES)
    # Fewer events than fill all lanes come again.
    words = np.resize(case.words, (LANES, clocks, case.words.shape[1]))
    # The pipeline is full before toggles are counted.
    chip.stream(words[:, : chip.pins.latency])
    toggles = np.zeros(len(chip.netlist.nets), np.uint64)
    chip.stream(words, toggles=toggles)
    rates = toggles / (LANES * (clocks + chip.pins.latency - 1))
    rates[sorted(chip.netlist.clocks)] = 2.0
    return rates, f"{origin}: {LANES} times {clocks} consecutive events"


def _activity(chip: ChipLanes, network: Network, energies: np.ndarray) -> Case | None:
    """Events of the detector with the network's own weights; None where it takes no image."""
    if chip.pins.top == CHIP:
        plain = plain_configuration(network)
        return chip_case("event", network, plain, input_words(energies, plain.high_density))
    order = sensor_image_order(network)
    if order is None:
        return None
    return encoder_case("event", network, normalise(energies, network.input.type, order))
