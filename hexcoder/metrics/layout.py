"""layout/metrics.json: what is measured of the drawn block, a class for each step."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from hexcoder.metrics.asic import Equivalence, NetlistVerdict, Part, PowerMetrics
from hexcoder.steps.step import Metrics


class PlaceMetrics(Metrics):
    """Place and route."""

    design__die__area: float = Field(description="um2")
    design__die__bbox: str = Field(description="left, bottom, right, top, um")
    design__instance__area: float = Field(description="of the cells before fillers, um2")
    design__instance__utilization: float
    design__instance__count: int
    route__wirelength: float = Field(description="um")
    route__wirelength_by_layer_um: dict[str, float]
    route__vias: int
    route__open_segments_of_the_router: int | None
    route__nets_routed_again: int
    route__open_nets: int
    hold_buffers: int
    nets_beyond_limit_as_placed: int
    nets_buffered_as_placed: int
    design_powergrid__straps: dict[str, int] = Field(description="by supply")
    design_powergrid__stacks: dict[str, int] = Field(description="by supply")
    antenna__violating__nets: int
    antenna_nets: list[str] = Field(description="the first of them")
    antenna__worst_ratio: float = Field(description="against the limit")
    cells: dict[str, int] = Field(description="number of cells of each kind")
    rows_off_grid: int
    attempts: int
    seconds: dict[str, float]
    memory_gib: float


class FinalNetlistCheckMetrics(Metrics):
    """The final netlist against the golden model."""

    final_netlist_check: NetlistVerdict


class FinalEquivalenceMetrics(Metrics):
    """Formal equivalence of the final netlist and the RTL."""

    final_formal_equivalence: Equivalence


class ParasiticsMetrics(Metrics):
    """The drawn wires."""

    parasitics__capacitance_pf: float


class LayoutTimingMetrics(Metrics):
    """Static timing at every corner; the keys of a corner end with ``__corner:<name>``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    timing__setup__ws: float = Field(description="worst of all corners, ns")
    timing__hold__ws: float = Field(description="worst of all corners, ns")
    timing__derate: float


class LayoutPowerMetrics(PowerMetrics):
    """Power with the drawn wires."""

    ir__drop__worst: float = Field(description="V")


class Rule(Part):
    """A rule of the process: how often it is broken, and the boxes of the first, in um."""

    name: str
    count: int
    places: tuple[tuple[float, float, float, float], ...]


class DesignRuleMetrics(Metrics):
    """Design rules."""

    klayout__drc_error__count: int
    design_rules: dict[str, Rule]


class Connectivity(Part):
    """Pins probed in the drawn metal."""

    nets: int
    pins: int
    missed: int = Field(description="pins without metal")
    opens: tuple[str, ...]
    shorts: tuple[tuple[str, ...], ...]
    passed: bool


class ConnectivityMetrics(Metrics):
    """Whether the drawn metal connects what the netlist says."""

    connectivity: Connectivity


class TransistorComparison(Part):
    """Transistors of layout and netlist."""

    transistors: int
    circuits: int
    mismatches: tuple[str, ...]
    passed: bool


class LvsMetrics(Metrics):
    """Layout against netlist, transistor by transistor."""

    design__lvs_error__count: int
    layout_against_netlist: TransistorComparison
