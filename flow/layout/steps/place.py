"""Step: place and route."""

from hexcoder.flow.asic.synthesis import NETLIST
from hexcoder.flow.layout.block import LaidOut
from hexcoder.flow.layout.place.place_route import place_and_route
from hexcoder.flow.layout.steps.reads import CellPackages
from hexcoder.metrics.layout import PlaceMetrics
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import File, Package
from hexcoder.steps.step import Progress, Step


def place(block: LaidOut, progress: Progress) -> PlaceMetrics:
    """Make a layout whose routing is complete."""
    report = place_and_route(
        block.mapped,
        block.process,
        [block.pdk.at(corner).liberty for corner in block.pdk.corners],
        block.folder,
        progress=lambda what: progress(what, 0.0),
    ).report
    width, height = report["die_um"]
    return PlaceMetrics(
        design__die__area=round(width * height, 1),
        design__die__bbox=f"0 0 {width} {height}",
        design__instance__area=report["cell_area_before_um2"],
        design__instance__utilization=report["utilisation"],
        design__instance__count=sum(report["cells"].values()),
        route__wirelength=round(sum(report["wire_um"].values()), 1),
        route__wirelength_by_layer_um=report["wire_um"],
        route__vias=report["vias"],
        route__open_segments_of_the_router=report["open_by_router"],
        route__nets_routed_again=report["nets_routed_again"],
        route__open_nets=report["unsolved_nets"],
        hold_buffers=report["hold_buffers"],
        nets_beyond_limit_as_placed=report["nets_beyond_limit"],
        nets_buffered_as_placed=report["nets_relieved"],
        cells_stronger=report["cells_stronger"],
        buffers_inserted=report["buffers_inserted"],
        spares_dropped=report["spares_dropped"],
        design_powergrid__straps=report["power_straps"],
        design_powergrid__stacks=report["power_stacks"],
        antenna__violating__nets=len(report["antenna_nets"]),
        antenna_nets=list(report["antenna_nets"][:8]),
        antenna__worst_ratio=report["antenna_worst_ratio"],
        cells=report["cells"],
        rows_off_grid=report["rows_off_grid"],
        attempts=report["attempts"],
        seconds=report["seconds"],
        memory_gib=report["memory_gib"],
    )


PLACE = Step(
    "layout.place",
    place,
    PlaceMetrics,
    reads=(
        *NETLIST,
        PdkFiles(corners=True),
        CellPackages(),
        Package("coriolis-eda"),
        File("asic/netlist.v"),
    ),
    writes=("layout.gds", "layout.json", "wiring.json", "place/", "logs/place/"),
    weight=20,
    resumable=True,
)
