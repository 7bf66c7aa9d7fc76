"""A compiled design against its network: all vectors through every module, one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.stage import versions
from network.schema import Network
from sensor.stimulus import Vectors, module_vectors
from tb.rtl.design import modules_of, read_design
from tb.rtl.scoreboard import compare
from tb.rtl.verilated import build_simulation


@dataclass(frozen=True, slots=True)
class Request:
    """What to check.

    Parameters
    ----------
    network : Network
    design : Path
        Folder with encoder.v and metrics.json.
    work : Path
        Folder for compiled simulations, kept for the next run.
    vectors : int
        Random vectors for each module, besides edges and events.
    seed : int
    events : int array (n, 48) of energies, or None
    waveforms : Path
        Folder for the waveform of a mismatch.
    """

    network: Network
    design: Path
    work: Path
    vectors: int
    seed: int
    events: np.ndarray | None
    waveforms: Path


def prove(
    request: Request, progress: Callable[[str, int, int], None] = lambda module, done, total: None
) -> dict[str, Any]:
    """Compare every module of a design with the golden model.

    Returns
    -------
    dict
        The verdict: ``vectors``, ``mismatches``, ``first_mismatch`` (module, layer, element,
        event, expected, actual, waveform; None if all agree), and one entry a module.
    """
    modules = {}
    for name in modules_of(request.network, request.design):
        design = read_design(request.network, request.design, name)
        simulation = build_simulation(design, request.work)
        total = request.vectors + (0 if request.events is None else len(request.events))

        def make_vectors(name: str = name) -> Iterable[Vectors]:
            return module_vectors(
                name, request.network, request.vectors, request.seed, request.events
            )

        # One waveform is enough: the simulation that makes it takes long to build.
        is_first = not any(verdict.mismatches for verdict in modules.values())
        waveform = request.waveforms / f"{name}_mismatch.fst" if is_first else None
        modules[name] = compare(
            simulation,
            request.network,
            make_vectors,
            lambda done, name=name, total=total: progress(name, done, total),
            waveform,
            lambda design=design: build_simulation(design, request.work, traced=True),
        )
    first = next(
        (
            {"module": name, **verdict.as_json()["first_mismatch"]}
            for name, verdict in modules.items()
            if verdict.first_mismatch
        ),
        None,
    )
    return {
        "network": request.network.name,
        "vectors": sum(verdict.vectors for verdict in modules.values()),
        "mismatches": sum(verdict.mismatches for verdict in modules.values()),
        "first_mismatch": first,
        "seed": request.seed,
        "simulator": f"Verilator {versions('verilator')['verilator']}",
        "modules": {name: verdict.as_json() for name, verdict in modules.items()},
    }


def mismatch_line(verdict: dict[str, Any]) -> str | None:
    """One line that says where a design first differs, or None."""
    first = verdict["first_mismatch"]
    if first is None:
        return None
    wave = f"; waveform: {first['waveform']}" if first["waveform"] else ""
    return (
        f"{verdict['mismatches']} of {verdict['vectors']} vectors differ; first: module "
        f"'{first['module']}', layer '{first['layer']}', element {first['element']}, event "
        f"{first['event']}: expected {first['expected']}, got {first['actual']}{wave}"
    )
