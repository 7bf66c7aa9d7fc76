"""Profiles, response and intervals of one network, with the baselines beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from studies.seeds.charts import draw_profile, draw_response
from studies.seeds.comparison import Comparison, Method, baseline_method, baselines_at, compare


def compare_and_draw(network: Method, events: np.ndarray, folder: Path) -> Comparison:
    """Compare a network with the baselines at its bits, in figures and pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    baselines = [baseline_method(each, events) for each in baselines_at(events, network.bits)]
    comparison = compare(network, baselines, events)
    draw_profile(comparison, "occupancy", folder / "occupancy.svg")
    draw_profile(comparison, "charge_adc", folder / "charge.svg")
    draw_response([network, *baselines], folder / "response.svg")
    return comparison


def summary_lines(comparison: Comparison) -> list[str]:
    """A line for the network and one for each baseline."""
    network, emd = comparison.network, comparison.network.emd
    if not emd.counted:
        return [f"no event counts: all {emd.left_out} are empty or come back empty"]
    return [
        f"{network.name}: EMD {emd.mean:.4f} ({emd.low:.4f} to {emd.high:.4f}, "
        f"95 %) half pitches, {network.bits_per_event:.0f} bits, {emd.counted} events",
        *(
            f"  {row.name:20} EMD {row.emd.mean:.4f}, {row.bits_per_event:6.1f} bits, "
            f"{row.emd.left_out} events left out; network minus this {difference.mean:+.4f} "
            f"({difference.low:+.4f} to {difference.high:+.4f})"
            for row in comparison.baselines
            if (difference := row.network_minus_this_emd).counted
        ),
    ]
