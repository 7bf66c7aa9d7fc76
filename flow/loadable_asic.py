"""The stage 'asic' for designs whose weights lie in registers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from flow.asic_run import GLITCHES, POWER, AsicRun
from flow.vectors import load_events_of
from hexcoder.config import Config
from hexcoder.stage import write_json
from models.chip.golden import input_words
from models.network import load_network
from tb.chip.configurations import cases, check_cases, plain_configuration
from tb.chip.driver import ChipDriver, field_values, write_sequence
from tb.chip.session import ChipLanes
from tb.chip.simulated_bus import SimulatedBus
from tb.chip.simulators import open_netlist
from tb.chip.vectors import chip_fields
from tb.i2c_timing import FASTEST
from tb.lanes import LANES

ASYNCHRONOUS = ("scl", "sda", "sda_low", "device_address*")
CHECKS = ("netlist_check", "gate_level_check", "formal_equivalence")


def make_loadable_asic(
    config: Config,
    build: Path,
    folder: Path,
    rtl: dict[str, Any],
    progress: Callable[[str], None],
) -> str | None:
    """Area by block, triplication, netlist against golden model, timing and power.

    Parameters and result as of :func:`flow.asic.make_asic`.
    """
    run = AsicRun(config, folder, rtl, ASYNCHRONOUS)
    progress("synthesis")
    run.map_to_cells(build / "rtl" / "encoder.v")
    run.measure_area()
    progress("netlist simulation")
    run.check_triplication(rtl["triplicated_bits"] if rtl["chip"]["triplicated"] else 0)
    run.check_cells()
    run.skip(CHECKS[1:], "weights in registers: the netlist is simulated in 64 lanes instead")
    chip = None
    if rtl["top"] == "chip":
        chip = open_netlist(build / "rtl", folder)
        _check(run, chip, build)
    else:
        run.skip(CHECKS[:1], "there is no simulation of module 'loadable_encoder' yet")
    progress("timing")
    run.analyse_timing()
    progress("power")
    if chip is not None:
        rates, events = _toggle_rates(run, chip, build)
        run.analyse_power(rates, events)
    else:
        run.skip(POWER, "there is no simulation of module 'loadable_encoder' yet")
    run.skip(GLITCHES, "delays are not simulated for weights in registers")
    write_json(folder / "metrics.json", run.metrics)
    return "; ".join(run.failures) or None


def _check(run: AsicRun, chip: ChipLanes, build: Path) -> None:
    """The network's own weights over I2C with events, then sets of registers drawn at random."""
    settings = run.config.verification
    events, _ = load_events_of(run.config, build)
    network = load_network(build / "network.json")
    drawn = cases(network, events, LANES, settings.netlist_vectors, settings.seed)
    verdict = check_cases(chip, chip_fields(build / "rtl"), drawn)
    run.metrics["netlist_check"] = verdict | {"passed": not verdict["mismatches"]}
    if first := verdict["first_mismatch"]:
        run.failures.append(
            f"netlist: {verdict['mismatches']} of {verdict['vectors']} events differ, first event "
            f"{first['event']}, link {first['element']}: expected {first['expected']:08x}, got "
            f"{first['actual']:08x}"
        )


def _toggle_rates(run: AsicRun, chip: ChipLanes, build: Path) -> tuple[np.ndarray, str]:
    """Of events of the detector with the network's own weights, other events in each lane."""
    events, origin = load_events_of(run.config, build)
    plain = plain_configuration(load_network(build / "network.json"))
    fields = chip_fields(build / "rtl")
    chip.preset([write_sequence(fields, field_values(plain))], fields)
    driver = ChipDriver(SimulatedBus(chip.run, FASTEST), fields)
    driver.activate(driver.status().shadow)
    words = input_words(events[: run.config.silicon.power_events], plain.high_density)
    clocks = len(words) // LANES
    words = words[: clocks * LANES].reshape(LANES, clocks, -1)
    # The pipeline is full before toggles are counted.
    chip.stream(words[:, : chip.latency])
    toggles = np.zeros(len(run.flat.nets), np.uint64)
    chip.stream(words, toggles=toggles)
    rates = toggles / (LANES * (clocks + chip.latency - 1))
    rates[sorted(run.flat.clocks)] = 2.0
    return rates, f"{origin}: {LANES} times {clocks} consecutive events"
