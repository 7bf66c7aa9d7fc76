"""Step: slacks and worst paths after layout, at every corner."""

import numpy as np

from hexcoder.flow.analysis.loads import overloaded
from hexcoder.flow.analysis.sta import write_constraints
from hexcoder.flow.analysis.timing import Timing, analyse_timing, slack_histogram
from hexcoder.flow.layout.block import SPEF, LaidOut, wire_delays, wire_loads
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL, PARASITICS
from hexcoder.flow.programs import STA
from hexcoder.flow.views import flat
from hexcoder.metrics.layout import LayoutTimingMetrics
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.delays import clock_arrivals
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import Key
from hexcoder.steps.step import Progress, Step
from hexcoder.tools import plain, tcl_word

DERATE = 0.05
"""Early and late delays of cells and wires against Liberty's."""


def measure_timing(block: LaidOut, progress: Progress) -> LayoutTimingMetrics:
    """Run static timing analysis with the drawn wires and the clock's tree."""
    corners = {corner: _at_corner(block, corner) for corner in block.pdk.corners}
    values: dict[str, object] = {}
    for corner, (timing, latency_ns, heavy) in corners.items():
        histogram = slack_histogram(timing.slacks_ns).model_dump()
        values |= {
            f"timing__setup__ws__corner:{corner}": timing.setup_ws_ns,
            f"timing__setup__tns__corner:{corner}": timing.setup_tns_ns,
            f"timing__hold__ws__corner:{corner}": timing.hold_ws_ns,
            f"timing__setup__histogram__corner:{corner}": histogram,
            f"clock__skew__worst_setup__corner:{corner}": timing.clock_skew_ns,
            f"clock__latency__corner:{corner}": round(latency_ns, 4),
            f"design__max_slew_violation__count__corner:{corner}": len(timing.slow_pins),
            f"design__max_cap_violation__count__corner:{corner}": len(heavy),
            f"beyond_limits__corner:{corner}": [*timing.slow_pins[:4], *heavy[:4]],
            f"worst_path__corner:{corner}": f"{timing.worst_startpoint} to {timing.worst_endpoint}",
        }
    timings = [timing for timing, *_ in corners.values()]
    return LayoutTimingMetrics.model_validate(
        values
        | {
            "timing__setup__ws": min(timing.setup_ws_ns for timing in timings),
            "timing__hold__ws": min(timing.hold_ws_ns for timing in timings),
            "timing__derate": DERATE,
        }
    )


def _at_corner(block: LaidOut, corner: str) -> tuple[Timing, float, list[str]]:
    pdk = block.pdk.at(corner)
    library = read_liberty(pdk.liberty)
    folder = block.folder / "timing" / corner
    folder.mkdir(parents=True, exist_ok=True)
    loads = wire_loads(block, library)
    tables, netlist = read_tables(pdk.liberty), block.view(flat)
    arrivals = clock_arrivals(netlist, tables, loads, block.view(wire_delays))
    latency_ns = 1e9 * float(np.mean(list(arrivals.values()))) if arrivals else 0.0
    constraints = folder / "constraints.sdc"
    write_constraints(constraints, block.config.clock, pdk, library, None, latency_ns)
    after_layout = [
        f"read_spef {tcl_word(plain(block.folder / SPEF))}",
        "set_propagated_clock [get_clocks clock]",
        f"set_timing_derate -early {1 - DERATE}",
        f"set_timing_derate -late {1 + DERATE}",
    ]
    timing = analyse_timing(block.netlist, pdk, library, constraints, folder, after_layout)
    return timing, latency_ns, overloaded(netlist, library, loads)


TIMING = Step(
    "layout.timing",
    measure_timing,
    LayoutTimingMetrics,
    reads=(*FINAL, *DRAWN, *PARASITICS, Key("clock"), PdkFiles(corners=True)),
    writes=("timing/",),
    needs=(STA,),
)
