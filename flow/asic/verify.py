"""Link 4 of the chain of proof at length: the netlist against golden model and RTL."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.flow.design import read_design
from hexcoder.flow.synthesis.equivalence import prove_equivalence
from hexcoder.netlist.files import Netlist
from hexcoder.network.modules import Stimulus
from hexcoder.pdk.description import load_pdk
from hexcoder.sensor.encoders import load_encoder
from hexcoder.sensor.events import load_events
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.tb.modules import sets_for
from hexcoder.tb.netlist import compare_netlist


def verify_netlist(
    config: Config,
    build: Path,
    vectors: int,
    events: np.ndarray | None,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Run edges, events and random vectors through the netlist of ``asic``; prove it formally.

    Parameters
    ----------
    vectors : int
        Random vectors; over many sets of registers where weights lie in registers.
    events : int64 (n, 48), optional
        CSV of events; by default those of the stage ``train``.

    Returns
    -------
    dict
        ``vectors``, ``mismatches`` (events with a wrong element or a wrong out_valid) and
        ``first_mismatch``; ``formal_equivalence``, the verdict of the proof, None where
        registers feed back.
    """
    for needed in ("netlist.json", "cells.json"):
        if not (build / "asic" / needed).is_file():
            raise InputError(f"{build / 'asic' / needed}: no such file; run `make asic` first")
    design = read_design(build / "rtl" / "metrics.json")
    network = load_encoder(build / "network.json")
    path = build / "train" / "events.csv"
    if events is None:
        events = load_events(path) if path.is_file() else np.zeros((0, TRIGGER_CELLS), np.int64)
    seed = config.verification.seed
    stimulus = Stimulus(seed, vectors, events, sets_for(vectors))
    verdict = compare_netlist(network, build / "rtl", build / "asic", stimulus, progress)
    found = verdict.as_json()
    formal = None
    if design.why_not_proved is None:
        formal = prove_equivalence(
            build / "rtl" / "encoder.v",
            Netlist(build / "asic" / "netlist.v", build / "asic" / "netlist.json", design.top),
            build / "asic" / "cells.json",
            load_pdk(config.silicon.pdk),
            design.interface.latency_cycles,
            build / ".simulation" / "equivalence",
        )
    return {
        "network": network.name,
        "module": verdict.comparison.module,
        "vectors": found["vectors"],
        "configurations": found["configurations"],
        # An event next to a wrong out_valid is wrong too.
        "mismatches": verdict.comparison.mismatches + verdict.comparison.valid_errors,
        "first_mismatch": found["first_mismatch"],
        "seed": seed,
        "formal_equivalence": asdict(formal) if formal else None,
        "vectors_per_s": verdict.vectors_per_s,
    }
