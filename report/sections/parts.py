"""Many copies of one part, such as 48 calibration factors, as one part of the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from hexcoder.metrics.asic import AsicFile

FEWEST = 4
"""Fewer numbered copies keep a row each."""


def copies_together(asic: AsicFile, layers: Collection[str]) -> AsicFile:
    """Metrics of the stage asic with the sums of numbered copies in place of each.

    Parameters
    ----------
    asic : AsicFile
    layers : collection of str
        Layers of the network, which are never put together.
    """
    area, power = asic.area, asic.power
    if area is None:
        return asic
    parts = [part for part in area.area_by_layer_um2 if part not in layers]
    stems = {part: match[1] for part in parts if (match := re.fullmatch(r"(.+)_\d+", part))}
    copies = Counter(stems.values())
    names = {
        part: f"{stem} ({copies[stem]})" for part, stem in stems.items() if copies[stem] >= FEWEST
    }
    areas: dict[str, float] = {}
    for part, value in area.area_by_layer_um2.items():
        name = names.get(part, part)
        areas[name] = areas.get(name, 0.0) + value
    changed = {"area_by_layer_um2": areas, "cells_by_layer": _summed(area.cells_by_layer, names)}
    area = area.model_copy(update=changed)
    if power is not None:
        powers = _summed(power.power_by_layer_w, names)
        power = power.model_copy(update={"power_by_layer_w": powers})
    return asic.model_copy(update={"area": area, "power": power})


def _summed(
    by_part: Mapping[str, Mapping[str, float]], names: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    sums: dict[str, dict[str, float]] = {}
    for part, values in by_part.items():
        total = sums.setdefault(names.get(part, part), {})
        for key, value in values.items():
            total[key] = total.get(key, 0) + value
    return sums
