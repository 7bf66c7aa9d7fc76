"""The stage 'asic' for designs whose weights lie in registers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from flow.asic.run import GLITCHES, POWER, AsicRun
from flow.asic.vectors import load_events_of
from hexcoder.config import Config
from hexcoder.files import write_json
from hw.chip.register_map import Field
from netlist.lanes import LANES
from network.modules import Stimulus, Vectors
from network.schema import Network, load_network
from sensor.events import load_events
from sensor.geometry import TRIGGER_CELLS
from tb.chip.configurations import check_loaded
from tb.chip.session import ChipLanes
from tb.chip.simulators import open_netlist
from tb.chip.vectors import chip_fields
from tb.modules import MODULES, sets_for
from tb.netlist import LINK, compare_netlist

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

    Parameters and result as of :func:`flow.asic.stage.make_asic`.
    """
    run = AsicRun(config, folder, rtl, ASYNCHRONOUS)
    progress("synthesis")
    run.map_to_cells(build / "rtl" / "encoder.v")
    run.measure_area()
    progress("netlist simulation")
    run.check_triplication(rtl["triplicated_bits"] if rtl["chip"]["triplicated"] else 0)
    run.check_cells()
    run.skip(CHECKS[1:], "weights in registers: the netlist is simulated in 64 lanes instead")
    chip = open_netlist(build / "rtl", folder)
    network = load_network(build / "network.json")
    events, origin = load_events_of(config, build)
    fields = chip_fields(build / "rtl")
    check_netlist(run, chip, network, events, fields)
    progress("timing")
    run.analyse_timing()
    progress("power")
    case = MODULES[chip.pins.top](network).event_vectors(events[: config.silicon.power_events])
    if case is None:
        run.skip(POWER, "the network takes no image of the sensor: there are no events for it")
    else:
        rates, clocks = _toggle_rates(chip, case, fields)
        run.analyse_power(rates, f"{origin}: {LANES} times {clocks} consecutive events")
    run.skip(GLITCHES, "delays are not simulated for weights in registers")
    write_json(folder / "metrics.json", run.metrics)
    return "; ".join(run.failures) or None


def check_netlist(
    run: AsicRun, chip: ChipLanes, network: Network, events: np.ndarray, fields: dict[str, Field]
) -> None:
    """The network's own weights over I2C with events, then sets of registers drawn at random."""
    settings = run.config.verification
    module = MODULES[chip.pins.top](network, chip.pins.latency)
    drawn = module.stimulus(Stimulus(settings.seed, settings.netlist_vectors, events, LANES))
    verdict = check_loaded(chip, fields, module, drawn, link=LINK)
    run.metrics["netlist_check"] = verdict.as_json() | {"passed": verdict.comparison.passed}
    if line := verdict.comparison.line():
        run.failures.append(line)


def verify_loadable(
    config: Config,
    build: Path,
    vectors: int,
    events: Path | None,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Events over many sets of registers through the netlist of ``asic``.

    Parameters and result as of :func:`flow.asic.verify.verify_netlist`; there is no formal proof.
    """
    network = load_network(build / "network.json")
    path = events or build / "train" / "events.csv"
    is_there = events is not None or path.is_file()
    energies = load_events(path) if is_there else np.zeros((0, TRIGGER_CELLS), np.int64)
    seed = config.verification.seed
    verdict = compare_netlist(
        network,
        build / "rtl",
        build / "asic",
        Stimulus(seed, vectors, energies, sets_for(vectors)),
        build / ".simulation" / "netlist",
        progress,
    )
    found = verdict.as_json()
    keys = ("vectors", "configurations", "mismatches", "first_mismatch")
    return {
        "network": network.name,
        "module": verdict.comparison.module,
        **{key: found[key] for key in keys},
        "seed": seed,
        "formal_equivalence": None,
        "vectors_per_s": verdict.vectors_per_s,
    }


def _toggle_rates(
    chip: ChipLanes, case: Vectors, fields: dict[str, Field]
) -> tuple[np.ndarray, int]:
    """Toggles a clock of each net, and the clocks of each lane; each has other events."""
    assert case.registers is not None
    chip.preset([case.registers.values], fields)
    clocks = -(-len(case.inputs) // LANES)
    # Fewer events than fill all lanes come again.
    words = np.resize(case.inputs, (LANES, clocks, case.inputs.shape[1]))
    # The pipeline is full before toggles are counted.
    chip.stream(words[:, : chip.pins.latency])
    toggles = np.zeros(len(chip.netlist.nets), np.uint64)
    chip.stream(words, toggles=toggles)
    rates = toggles / (LANES * (clocks + chip.pins.latency - 1))
    rates[sorted(chip.netlist.clocks)] = 2.0
    return rates, clocks
