"""Which layer a cell belongs to, and the sums over layers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from flow.synthesis.hierarchy import CORE
from netlist.flat import FlatNetlist
from netlist.liberty import Library


def layer_finder(design: dict[str, Any], top: str) -> Callable[[str], str]:
    """Return the function that names the layer of an instance path.

    A cell in an instance that stands directly in ``encoder_core`` or in the top module belongs to
    that instance: a layer or a part of the front end. What stands in these modules themselves, such
    as the registers between layers, belongs to ``encoder_core`` or ``encoder``.

    Parameters
    ----------
    design : dict
        The netlist in yosys' JSON format.
    top : str
    """
    cells = design["modules"][top]["cells"]
    core = next((name for name, cell in cells.items() if cell["type"] == CORE), None)

    def layer_of(path: str) -> str:
        parts, module = path.split("/"), top
        if core is not None and parts[0] == core:
            parts, module = parts[1:], CORE
        return parts[0] if len(parts) > 1 else module

    return layer_of


def area_by_layer(
    flat: FlatNetlist, library: Library, layer_of: Callable[[str], str]
) -> dict[str, float]:
    """Area of each layer's cells in um2."""
    areas: dict[str, float] = defaultdict(float)
    for instance in flat.instances:
        areas[layer_of(instance.path)] += library.cells[instance.kind].area_um2
    return {layer: round(area, 3) for layer, area in sorted(areas.items())}


def cells_by_layer(flat: FlatNetlist, layer_of: Callable[[str], str]) -> dict[str, dict[str, int]]:
    """Number of cells of each kind in each layer, the most frequent first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for instance in flat.instances:
        counts[layer_of(instance.path)][instance.kind] += 1
    return {layer: dict(count.most_common()) for layer, count in sorted(counts.items())}
