"""asic/metrics.json: what is measured after synthesis, a class for each step."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hexcoder.metrics.difference import Difference
from hexcoder.metrics.file import MetricsFile
from hexcoder.steps.step import Metrics

PowerParts = dict[str, float]
"""'total', 'internal', 'switching' and 'leakage', in W."""


class Part(BaseModel):
    """A value of a metric that has parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mismatch(Part):
    """The first output element that differs, as unsigned codes."""

    event: int
    element: int
    expected: int
    actual: int


class NetlistVerdict(Part):
    """A comparison of a netlist with the golden model."""

    vectors: int = Field(description="events that were compared")
    mismatches: int = Field(description="events with a wrong element")
    valid_errors: int = Field(default=0, description="clock cycles in which out_valid is wrong")
    first: Mismatch | None = None
    first_valid_event: int | None = Field(
        default=None, description="event next to the first wrong out_valid"
    )
    passed: bool
    configurations: int | None = Field(
        default=None, description="sets of registers, where weights lie in registers"
    )
    first_mismatch: Difference | None = Field(
        default=None, description="in place of 'first', where weights lie in registers"
    )
    modules: dict[str, dict[str, object]] | None = Field(
        default=None, description="the same by module, where weights lie in registers"
    )


class AreaMetrics(Metrics):
    """Areas and numbers of cells."""

    design__instance__area: float = Field(description="area of all cells, um2")
    design__instance__count: int = Field(description="cells")
    sequential: Annotated[
        int,
        Field(alias="design__instance__count__class:sequential_cell", description="registers"),
    ]
    area_by_layer_um2: dict[str, float] = Field(
        description="by layer, part of the front end, and registers between layers, um2"
    )
    cells_by_layer: dict[str, dict[str, int]] = Field(
        description="number of cells of each kind in each layer, the most frequent first"
    )


class NetlistCheckMetrics(Metrics):
    """The netlist against the golden model."""

    netlist_check: NetlistVerdict = Field(description="the netlist against the golden model")


class Triplication(Part):
    """Copies of triplicated registers that are there."""

    registers: int
    bits: int
    bits_in_rtl: int
    flip_flops: int
    others: int
    failures: tuple[str, ...]
    passed: bool


class TriplicationMetrics(Metrics):
    """Whether every register still has its three copies."""

    triplication_check: Triplication = Field(
        description="copies of triplicated registers in the netlist"
    )


class CellMismatch(Part):
    """A pattern for which a cell's Verilog and its model differ; 'x' is undefined."""

    cell: str
    pin: str
    inputs: dict[str, int]
    model: str
    verilog: str


class CellVerdict(Part):
    """A comparison of cell models with the PDK's Verilog."""

    cells: int
    values: int
    mismatches: int
    first: CellMismatch | None
    passed: bool


class CellModelsMetrics(Metrics):
    """The models of the cells in use against the PDK's Verilog."""

    cell_models_check: CellVerdict = Field(
        description="models of the cells in use against the PDK's Verilog"
    )


class GateLevelMetrics(Metrics):
    """The netlist with the PDK's own cell models against the golden model."""

    gate_level_check: NetlistVerdict = Field(
        description="the netlist with the PDK's own cell models against the golden model"
    )


class Equivalence(Part):
    """A proof that a netlist computes what its RTL does."""

    proved: bool
    reason: str | None = Field(description="what was found instead")
    inputs: int = Field(description="bits of the compared inputs")
    outputs: int = Field(description="bits of the compared outputs")
    latency_cycles: int
    seconds: float = Field(description="time that the proof took")


class EquivalenceMetrics(Metrics):
    """Formal equivalence of netlist and RTL."""

    formal_equivalence: Equivalence = Field(
        description="the proof that the netlist computes what its RTL does"
    )


class Histogram(Part):
    """Endpoints by setup slack: edges in ns, and one count less."""

    edges_ns: list[float]
    count: list[int]


class TimingMetrics(Metrics):
    """Static timing."""

    constant_outputs: int = Field(description="bits of outputs that never change")
    timing__setup__ws: float = Field(description="worst setup slack, ns")
    timing__setup__tns: float = Field(description="total negative setup slack, ns")
    timing__hold__ws: float = Field(description="worst hold slack, ns")
    unconstrained_endpoints: int = Field(
        description="endpoints that no constraint reaches; must be 0"
    )
    worst_path: str = Field(description="start and end of the worst setup path")
    timing__setup__histogram: Histogram = Field(description="endpoints by setup slack")


class PowerMetrics(Metrics):
    """Power at one toggle of a net a clock at most: glitches are not counted."""

    power__total: float = Field(description="sum of the next three, W")
    power__internal__total: float = Field(description="internal power, W")
    power__switching__total: float = Field(description="switching power, W")
    power__leakage__total: float = Field(description="leakage power, W")
    energy_per_event_pj: float = Field(
        description="power__total times the time between events, pJ: "
        "at most one toggle of a net a clock"
    )
    power_by_layer_w: dict[str, PowerParts] = Field(
        description="by layer: 'total', 'internal', 'switching', 'leakage', W"
    )
    power_by_kind_w: dict[str, PowerParts] = Field(
        description="by kind of cell: 'total', 'internal', 'switching', 'leakage', W"
    )
    activity: str = Field(description="what was simulated; in the file it is part of 'origin'")


class GlitchToggles(Part):
    """Toggles of all nets in consecutive events."""

    events: int
    toggles_per_event: float
    toggles_per_event_zero_delay: float
    power_by_layer_w: dict[str, float] = Field(description="what glitches add, W")
    is_estimate: bool = Field(
        default=False,
        description="of hexcoder's own simulation: Icarus Verilog was not done at its time limit",
    )


class GlitchMetrics(Metrics):
    """What glitches add, from a simulation with delays."""

    power__glitch: float = Field(description="what glitches add to power__total, W")
    glitches: GlitchToggles = Field(
        description="toggles of all nets, and what glitches add by layer"
    )
    timed_check: NetlistVerdict | None = Field(
        default=None,
        description="outputs at the clock's period, with delays, against the golden model",
    )


class SynthesisOrigin(Part):
    """What the numbers are of."""

    stage: str
    pdk: str
    process: str
    node_nm: int | None
    corner: str
    voltage_v: float
    temperature_c: float
    wires: str
    clock: str
    activity: str | None = Field(description="what was simulated for power; null without power")
    tools: dict[str, str | None]


class AsicFile(MetricsFile):
    """The whole file."""

    name: str = Field(description="of the config")
    top: str = Field(description="top module")
    origin: SynthesisOrigin = Field(
        description="stage, process, corner, wires, clock, activity and tools behind the numbers"
    )
    clock__period_ns: float = Field(description="the constraint, ns")
    area: AreaMetrics | None = None
    netlist: NetlistCheckMetrics | None = None
    triplication: TriplicationMetrics | None = None
    cell_models: CellModelsMetrics | None = None
    gate_level: GateLevelMetrics | None = None
    equivalence: EquivalenceMetrics | None = None
    timing: TimingMetrics | None = None
    power: PowerMetrics | None = None
    glitch: GlitchMetrics | None = None
    energy_per_event_with_glitches_pj: float | None = Field(
        default=None, description="power__total and power__glitch times the time between events, pJ"
    )
