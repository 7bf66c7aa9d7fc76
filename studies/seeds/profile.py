"""Profiles, response and intervals of one trained network, with the baselines beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.files import write_json
from models.data.sample import Sample
from models.decoder import Decoder
from network.schema import Network
from sensor.events import load_events
from sensor.places import load_places
from studies.seeds.charts import draw_profile, draw_response
from studies.seeds.comparison import (
    BOOTSTRAP,
    Method,
    baseline_method,
    baselines_at,
    compare,
    network_method,
)

PICTURES = ("occupancy.svg", "charge.svg", "response.svg")


def sample_for(decoder: Decoder, path: Path | str) -> Sample:
    """A CSV file of energies, and what else of it the decoder is told.

    Raises
    ------
    InputError
        If the file cannot be read or lacks something.
    """
    return Sample(load_events(path), load_places(path, decoder.conditions))


def profile_network(
    network: Network, decoder: Decoder, sample: Sample, folder: Path
) -> dict[str, Any]:
    """Write profile.json and three pictures into ``folder``.

    Parameters
    ----------
    sample : Sample
        Events that the network was not trained on.

    Returns
    -------
    dict
        What profile.json holds.
    """
    method = network_method(network, decoder, sample, network.name)
    comparison = compare_and_draw(method, sample.events, folder)
    result = {"events": len(sample.events), "bootstrap": BOOTSTRAP, **comparison}
    write_json(folder / "profile.json", result)
    return result


def compare_and_draw(method: Method, events: np.ndarray, folder: Path) -> dict[str, Any]:
    """Compare a network with the baselines at its bits, in figures and pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    baselines = [baseline_method(one, events) for one in baselines_at(events, method.bits)]
    comparison = compare(method, baselines, events)
    draw_profile(comparison, "occupancy", folder / "occupancy.svg")
    draw_profile(comparison, "charge_adc", folder / "charge.svg")
    draw_response([method, *baselines], folder / "response.svg")
    return comparison


def summary_lines(comparison: dict[str, Any]) -> list[str]:
    """A line for the network and one for each baseline."""
    network = comparison["network"]
    found = network["emd"]
    if not found["counted"]:
        return [f"no event counts: all {found['left_out']} are empty or come back empty"]
    lines = [
        f"{network['name']}: EMD {found['mean']:.4f} ({found['low']:.4f} to {found['high']:.4f}, "
        f"95 %) half pitches, {network['bits_per_event']:.0f} bits, {found['counted']} events"
    ]
    for row in comparison["baselines"]:
        emd, difference = row["emd"], row["network_minus_this_emd"]
        if not emd["counted"] or not difference["counted"]:
            continue
        lines.append(
            f"  {row['name']:20} EMD {emd['mean']:.4f}, {row['bits_per_event']:6.1f} bits, "
            f"{emd['left_out']} events left out; network minus this {difference['mean']:+.4f} "
            f"({difference['low']:+.4f} to {difference['high']:+.4f})"
        )
    return lines
