"""Link 4 of the chain of proof at length: the netlist against golden model and RTL."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flow.asic.loadable import verify_loadable
from flow.asic.run import read_interface
from flow.synthesis.equivalence import prove_equivalence
from flow.synthesis.synthesise import Netlist
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.files import read_json
from netlist.simulation import NetlistSimulation
from network.schema import load_network
from pdk.description import load_pdk
from sensor.events import load_events
from sensor.stimulus import expected_outputs, module_vectors
from tb.chip.pins import LOADABLE


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
    rtl = read_json(build / "rtl" / "metrics.json")
    if rtl["top"] in LOADABLE:
        return verify_loadable(config, build, vectors, events, progress)
    network = load_network(build / "network.json")
    simulation = NetlistSimulation.build(
        build / "asic" / "netlist.json",
        build / "asic" / "cells.json",
        rtl["top"],
        read_interface(rtl, rtl["top"]),
    )
    path = events or build / "train" / "events.csv"
    energies = load_events(path) if events or path.is_file() else None
    done, mismatches, first = 0, 0, None
    started = time.perf_counter()
    seed = config.verification.seed
    for block in module_vectors(rtl["top"], network, vectors, seed, energies):
        expected = expected_outputs(rtl["top"], network, block.inputs)
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
        Netlist(build / "asic" / "netlist.v", build / "asic" / "netlist.json", rtl["top"]),
        build / "asic" / "cells.json",
        load_pdk(config.silicon.pdk),
        simulation.interface.latency_cycles,
        build / ".simulation" / "equivalence",
    )
    return {
        "network": network.name,
        "module": rtl["top"],
        "vectors": done,
        "mismatches": mismatches,
        "first_mismatch": first,
        "seed": seed,
        "formal_equivalence": asdict(formal),
        "vectors_per_s": round(done / (time.perf_counter() - started)),
    }
