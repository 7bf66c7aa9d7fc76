"""layout/metrics.json: what is measured of the drawn block, a class for each step."""

from __future__ import annotations

from pydantic import ConfigDict, Field, model_validator

from hexcoder.metrics.asic import (
    Equivalence,
    GlitchMetrics,
    Histogram,
    NetlistVerdict,
    Part,
    PowerMetrics,
)
from hexcoder.metrics.file import CORNER, MetricsFile
from hexcoder.steps.step import Metrics


class PlaceMetrics(Metrics):
    """Place and route."""

    design__die__area: float = Field(description="die, um2")
    design__die__bbox: str = Field(description="left, bottom, right, top, um")
    design__instance__area: float = Field(description="of the cells before fillers, um2")
    design__instance__utilization: float = Field(
        description="area of the cells over area of the die"
    )
    design__instance__count: int = Field(description="cells, with fillers")
    route__wirelength: float = Field(description="all wires, um")
    route__wirelength_by_layer_um: dict[str, float] = Field(description="wires by metal, um")
    route__vias: int = Field(description="cuts")
    route__open_segments_of_the_router: int | None = Field(
        description="segments that Coriolis left open"
    )
    route__nets_routed_again: int = Field(description="nets that hexcoder routed again")
    route__open_nets: int = Field(description="nets still open in the end")
    hold_buffers: int = Field(description="buffers inserted for hold")
    nets_beyond_limit_as_placed: int = Field(
        description="nets whose load or slew was beyond the limit after placement"
    )
    spares_dropped: int = Field(description="spare buffers that no net needed: fillers now")
    nets_buffered_as_placed: int = Field(
        description="nets among them that were given a spare buffer"
    )
    cells_stronger: int = Field(
        description="cells that earlier placements asked for a stronger one of, in that netlist"
    )
    buffers_inserted: int = Field(
        description="buffers that earlier placements asked for, in the netlist that was routed"
    )
    design_powergrid__straps: dict[str, int] = Field(description="power straps by supply")
    design_powergrid__stacks: dict[str, int] = Field(
        description="stacks of cuts to rails by supply"
    )
    antenna__violating__nets: int = Field(description="nets above the antenna limit")
    antenna_nets: list[str] = Field(description="the first of them")
    antenna__worst_ratio: float = Field(description="against the limit")
    cells: dict[str, int] = Field(description="number of cells of each kind")
    rows_off_grid: int = Field(description="rows that are not on the grid")
    attempts: int = Field(description="tries of place and route")
    seconds: dict[str, float] = Field(description="by step of place and route, s")
    memory_gib: float = Field(description="most memory of place and route, GiB")


class FinalNetlistCheckMetrics(Metrics):
    """The final netlist against the golden model."""

    final_netlist_check: NetlistVerdict = Field(
        description="the netlist with clock tree and buffers against the golden model"
    )


class FinalEquivalenceMetrics(Metrics):
    """Formal equivalence of the final netlist and the RTL."""

    final_formal_equivalence: Equivalence = Field(
        description="the proof that this netlist computes what its RTL does"
    )


class ParasiticsMetrics(Metrics):
    """The drawn wires."""

    parasitics__capacitance_pf: float = Field(description="capacitance of all wires, pF")


class CornerTiming(Part):
    """Static timing at one corner, with the clock tree."""

    timing__setup__ws: float = Field(description="worst setup slack, ns")
    timing__setup__tns: float = Field(description="total negative setup slack, ns")
    timing__hold__ws: float = Field(description="worst hold slack, ns")
    timing__setup__histogram: Histogram = Field(description="endpoints by setup slack")
    clock__skew__worst_setup: float = Field(description="clock skew, ns")
    clock__latency: float = Field(description="mean latency of the clock tree, ns")
    design__max_slew_violation__count: int = Field(
        description="pins with a transition slower than the library's limit"
    )
    design__max_cap_violation__count: int = Field(
        description="pins that drive more than their limit"
    )
    beyond_limits: list[str] = Field(description="the worst of both")
    worst_path: str = Field(description="start and end of the worst setup path")


class LayoutTimingMetrics(Metrics):
    """Static timing at every corner; the keys of a corner end with ``__corner:<name>``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    timing__setup__ws: float = Field(description="worst of all corners, ns")
    timing__hold__ws: float = Field(description="worst of all corners, ns")
    timing__derate: float = Field(
        description="share by which early and late delays differ from Liberty's"
    )

    @property
    def corners(self) -> dict[str, CornerTiming]:
        """Timing by corner."""
        by_corner: dict[str, dict[str, object]] = {}
        for key, value in (self.model_extra or {}).items():
            metric, _, corner = key.partition(CORNER)
            by_corner.setdefault(corner, {})[metric] = value
        return {corner: CornerTiming.model_validate(values) for corner, values in by_corner.items()}

    @model_validator(mode="after")
    def _corners_are_whole(self) -> LayoutTimingMetrics:
        assert self.corners is not None
        return self


class LayoutPowerMetrics(PowerMetrics):
    """Power with the drawn wires."""

    ir__drop__worst: float = Field(description="worst static drop of a supply, V")


class Rule(Part):
    """A rule of the process: how often it is broken, and the boxes of the first, in um."""

    name: str
    count: int
    places: tuple[tuple[float, float, float, float], ...]


class DesignRuleMetrics(Metrics):
    """Design rules."""

    klayout__drc_error__count: int = Field(description="violations of all design rules")
    design_rules: dict[str, Rule] = Field(description="by rule, with the first places in um")


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

    connectivity: Connectivity = Field(description="pins probed in the drawn metal")


class TransistorComparison(Part):
    """Transistors of layout and netlist."""

    transistors: int
    circuits: int
    mismatches: tuple[str, ...]
    passed: bool


class LvsMetrics(Metrics):
    """Layout against netlist, transistor by transistor."""

    design__lvs_error__count: int = Field(description="differences of layout and netlist")
    layout_against_netlist: TransistorComparison = Field(
        description="transistors of layout and netlist, one by one"
    )


class AbstractCheck(Part):
    """Pins of the LEF against the drawing."""

    pins: int
    passed: bool
    faults: tuple[str, ...]


class AbstractMetrics(Metrics):
    """The LEF that whoever places the block gets."""

    abstract_check: AbstractCheck = Field(
        description="pins of the block's LEF held against its drawn metal and labels"
    )


class LayoutOrigin(Part):
    """What the numbers are of."""

    pdk: str
    tool: str
    state: str
    activity: str | None = Field(
        default=None, description="what was simulated for power; null without power"
    )


class LayoutFile(MetricsFile):
    """The whole file."""

    name: str = Field(description="of the config")
    top: str = Field(description="top module")
    origin: LayoutOrigin = Field(description="PDK, tool, state and activity behind the numbers")
    place: PlaceMetrics | None = None
    netlist: FinalNetlistCheckMetrics | None = None
    equivalence: FinalEquivalenceMetrics | None = None
    parasitics: ParasiticsMetrics | None = None
    timing: LayoutTimingMetrics | None = None
    power: LayoutPowerMetrics | None = None
    glitch: GlitchMetrics | None = None
    rules: DesignRuleMetrics | None = None
    connections: ConnectivityMetrics | None = None
    lvs: LvsMetrics | None = None
    abstract: AbstractMetrics | None = None
    energy_per_event_with_glitches_pj: float | None = Field(
        default=None, description="power__total and power__glitch times the time between events, pJ"
    )
