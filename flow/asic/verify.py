"""Link 4 of the chain of proof at length: the netlist against golden model and RTL."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from flow.design import read_design
from flow.synthesis.equivalence import prove_equivalence
from hexcoder.config import Config
from hexcoder.errors import InputError
from netlist.files import Netlist
from netlist.simulation import NetlistSimulation
from network.schema import load_network
from pdk.description import load_pdk
from sensor.events import load_events
from sensor.geometry import TRIGGER_CELLS
from sensor.stimulus import expected_outputs, module_vectors
from tb.chip.configurations import EVENTS_A_SET, cases_of, check_cases, sets_for
from tb.chip.simulators import open_netlist
from tb.chip.vectors import chip_fields


def verify_netlist(
    config: Config,
    build: Path,
    vectors: int,
    events: Path | None,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Run edges, events and random vectors through the netlist of ``asic``; prove it formally.

    Parameters
    ----------
    vectors : int
        Random vectors.
    events : Path, optional
        CSV of energies; by default those of the stage ``train``.

    Returns
    -------
    dict
        ``vectors``, ``mismatches`` (events with a wrong element or a wrong out_valid) and
        ``first_mismatch``; ``formal_equivalence``, the verdict of the proof, None where weights lie
        in registers.
    """
    for needed in ("netlist.json", "cells.json"):
        if not (build / "asic" / needed).is_file():
            raise InputError(f"{build / 'asic' / needed}: no such file; run `make asic` first")
    design = read_design(build / "rtl" / "metrics.json")
    if design.is_loadable:
        return _verify_loadable(config, build, vectors, events, progress)
    network = load_network(build / "network.json")
    simulation = NetlistSimulation.build(
        build / "asic" / "netlist.json",
        build / "asic" / "cells.json",
        design.top,
        design.interface,
    )
    path = events or build / "train" / "events.csv"
    energies = load_events(path) if events or path.is_file() else None
    done, mismatches, first = 0, 0, None
    started = time.perf_counter()
    seed = config.verification.seed
    for block in module_vectors(design.top, network, vectors, seed, energies):
        expected = expected_outputs(design.top, network, block.inputs)
        verdict = simulation.check(block.inputs, expected)
        mismatches += verdict.mismatches + verdict.valid_errors
        if first is None and verdict.first_valid_event is not None:
            first = {"event": done + verdict.first_valid_event, "signal": "out_valid"}
        if first is None and verdict.first is not None:
            first = asdict(verdict.first) | {"event": done + verdict.first.event}
        done += verdict.vectors
        progress(done)
    formal = prove_equivalence(
        build / "rtl" / "encoder.v",
        Netlist(build / "asic" / "netlist.v", build / "asic" / "netlist.json", design.top),
        build / "asic" / "cells.json",
        load_pdk(config.silicon.pdk),
        simulation.interface.latency_cycles,
        build / ".simulation" / "equivalence",
    )
    return {
        "network": network.name,
        "module": design.top,
        "vectors": done,
        "mismatches": mismatches,
        "first_mismatch": first,
        "seed": seed,
        "formal_equivalence": asdict(formal),
        "vectors_per_s": round(done / (time.perf_counter() - started)),
    }


def _verify_loadable(
    config: Config,
    build: Path,
    vectors: int,
    events: Path | None,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Events over many sets of registers through the netlist; there is no formal proof."""
    network = load_network(build / "network.json")
    path = events or build / "train" / "events.csv"
    is_there = events is not None or path.is_file()
    energies = load_events(path) if is_there else np.zeros((0, TRIGGER_CELLS), np.int64)
    chip = open_netlist(build / "rtl", build / "asic")
    started = time.perf_counter()
    seed = config.verification.seed
    drawn = cases_of(chip.pins.top, network, energies, sets_for(vectors), vectors, seed)
    verdict = check_cases(
        chip, chip_fields(build / "rtl"), drawn, lambda sets: progress(EVENTS_A_SET * sets)
    )
    seconds = time.perf_counter() - started
    keys = ("vectors", "configurations", "mismatches", "first_mismatch")
    return {
        "network": network.name,
        "module": chip.pins.top,
        **{key: verdict[key] for key in keys},
        "seed": seed,
        "formal_equivalence": None,
        "vectors_per_s": round(verdict["vectors"] / seconds),
    }
