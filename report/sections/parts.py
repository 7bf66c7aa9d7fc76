"""Many copies of one part, such as 48 calibration factors, as one part of the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

FEWEST = 4
"""Fewer numbered copies keep a row each."""
_BY_PART = ("area_by_layer_um2", "cells_by_layer", "power_by_layer_w")


def copies_together(metrics: Mapping[str, Any], layers: list[str]) -> dict[str, Any]:
    """Metrics of the stage asic with the sums of numbered copies in place of each.

    Parameters
    ----------
    metrics : mapping
        With areas, cells and power by part; what is not there stays away.
    layers : list of str
        Layers of the network, which are never put together.
    """
    parts = [part for part in metrics.get("area_by_layer_um2") or {} if part not in layers]
    stems = {part: match[1] for part in parts if (match := re.fullmatch(r"(.+)_\d+", part))}
    copies = Counter(stems.values())
    names = {
        part: f"{stem} ({copies[stem]})" for part, stem in stems.items() if copies[stem] >= FEWEST
    }
    summed = {key: _summed(metrics[key], names) for key in _BY_PART if metrics.get(key)}
    return {**metrics, **summed}


def _summed(by_part: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, value in by_part.items():
        name = names.get(part, part)
        found[name] = _added(found[name], value) if name in found else value
    return found


def _added(first: Any, second: Any) -> Any:
    """Sum of two numbers, or of two mappings to numbers, key by key."""
    if not isinstance(first, Mapping):
        return first + second
    return {key: first.get(key, 0) + second.get(key, 0) for key in {**first, **second}}
