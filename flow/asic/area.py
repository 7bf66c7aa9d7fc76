"""Step: areas and numbers of cells, by layer or other part."""

from collections import Counter, defaultdict
from collections.abc import Callable

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.block import Block
from hexcoder.flow.views import flat, part_of
from hexcoder.metrics.asic import AreaMetrics
from hexcoder.netlist.flat import FlatNetlist
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.step import Progress, Step


def measure_area(block: Block, progress: Progress) -> AreaMetrics:
    """Sum the areas of the cells."""
    areas = area_by_layer(block.view(flat), block.library, block.view(part_of))
    cells = block.library.cells
    registers = sum(cells[i.kind].flip_flop is not None for i in block.view(flat).instances)
    return AreaMetrics(
        design__instance__area=round(sum(areas.values()), 3),
        design__instance__count=len(block.view(flat).instances),
        sequential=registers,
        area_by_layer_um2=areas,
        cells_by_layer=cells_by_layer(block.view(flat), block.view(part_of)),
    )


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


AREA = Step(
    "asic.area",
    measure_area,
    AreaMetrics,
    reads=(*NETLIST, PdkFiles()),
)
