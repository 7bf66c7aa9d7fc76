"""rtl/metrics.json: the structure that the compiler built, before synthesis."""

from pydantic import Field

from hexcoder.config import Chip, Compiler, Pipeline
from hexcoder.metrics.asic import Part
from hexcoder.steps.step import Metrics
from hexcoder.technology import Technology


class Size(Part):
    """Arithmetic and registers of a layer, or of several."""

    sums: int = Field(default=0, description="shared terms and outputs")
    adders: int = Field(default=0, description="additions of two operands")
    full_adders: int = Field(
        default=0, description="up to the pass gates, what bit heaps would need"
    )
    other_gates: int = Field(default=0, description="gates of two inputs, once gates are made")
    depth: int = Field(default=0, description="most sums on a path")
    area_um2: float = Field(
        default=0.0, description="of these gates, by the technology's table: it compares passes"
    )
    register_bits: int = Field(default=0, description="bits of pipeline registers")


class RtlTensor(Part):
    """A part of a port."""

    elements: int
    width: int = Field(description="bits of an element")


class RtlModule(Part):
    """Ports of a module. Widths of elements are those of a design with fixed weights."""

    latency_cycles: int = Field(description="clocks from an input to its output")
    interval_cycles: int = Field(default=1, description="least clocks from one event to the next")
    input_bits: int
    output_bits: int
    input_elements: int
    input_width: int | None = Field(default=None, description="bits of an element, if all agree")
    input_tensors: list[RtlTensor] | None = Field(
        default=None, description="one after the other in the port, where there are several"
    )
    input_type: str
    output_elements: int
    output_width: int | None = Field(default=None, description="bits of an element, if all agree")
    output_tensors: list[RtlTensor] | None = Field(
        default=None, description="one after the other in the port, where there are several"
    )
    output_type: str
    sum_code_bits: int | None = Field(default=None, description="of module encoder")
    front_end_latency_cycles: int | None = Field(default=None, description="of module encoder")


class RtlFolded(Part):
    """How a layer's sums take turns on shared adders."""

    trees: int = Field(description="adder trees")
    turns: int = Field(description="sums that a tree makes one after the other")
    digits: int = Field(description="clocks of a turn, each with the next digits of all operands")
    digit_bits: int
    operands: int = Field(description="operands of all trees")


class RtlInterval(Part):
    """A design that was compiled to choose the interval."""

    interval_cycles: int
    latency_cycles: int
    area_um2: float = Field(description="of gates and registers, by the technology's table")


class RtlLayer(Part):
    """A layer; what it has depends on its kind and on where its weights are."""

    name: str
    kind: str
    output_shape: list[int]
    output_type: str
    signal: str | None = Field(default=None, description="its output in encoder_core")
    signal_latency_cycles: int | None = None
    module: str | None = Field(
        default=None, description="layer in whose module it is built, where that is another"
    )
    offsets: list[int] | None = Field(
        default=None, description="what each element has above what the signal holds"
    )
    elements_not_built: list[int] = Field(default=[], description="elements that nothing reads")
    weights: int | None = None
    weights_not_zero: int | None = None
    biases: int | None = None
    weight_type: str | None = None
    parameter_bits: int | None = Field(default=None, description="bits of registers of weights")
    folded: RtlFolded | None = Field(default=None, description="how its sums share adders")
    sums: int | None = Field(default=None, description="this and the next as in Size")
    adders: int | None = None
    full_adders: int | None = None
    other_gates: int | None = None
    depth: int | None = None
    area_um2: float | None = None
    register_bits: int | None = None


class LoadableSize(Part):
    """Gates of a layer, or of all layers whose weights are inputs."""

    full_adders: int
    other_gates: int
    area_um2: float


class RegisterField(Part):
    """Registers that I2C writes and reads."""

    name: str
    address: int = Field(description="of the first byte")
    elements: int
    width: int = Field(description="bits of an element")
    stage: int


class RtlStep(Part):
    """A step of an adaptive code: 2**shift / factor units of the normalised charge."""

    shift: int
    factor: int
    tables: list[int] = Field(description="tables of code words that it is tried with")


class RtlCode(Part):
    """What an adaptive code is made of."""

    payload_bits: int = Field(description="bits of a frame behind sum and mode")
    mode_bits: int
    charge_bits: int = Field(description="bits of a normalised charge")
    symbols: int = Field(description="symbols of a table")
    cells: int = Field(description="cells of a symbol")
    tables: int
    steps: list[RtlStep] = Field(description="the finest first")
    registers: dict[str, int] = Field(description="bits of pipeline registers at each place")


class RtlClassical(Part):
    """What a classical method does."""

    method: str
    kept: int | None = Field(default=None, description="most trigger cells that are sent")
    threshold_adc: int | None = Field(default=None, description="least energy that is sent")
    registers: dict[str, int] = Field(description="bits of pipeline registers at each place")


class RtlFile(Metrics):
    """The whole file; some keys are those of loadable weights, or of fixed ones."""

    name: str = Field(description="of the network")
    top: str = Field(description="top module")
    tools: dict[str, str] = Field(description="versions")
    pipeline: Pipeline | None = Field(default=None, description="places of registers")
    compiler: Compiler | None = None
    chip: Chip | None = None
    clock_period_ns: float | None = None
    technology: Technology = Field(description="the compiler's table")
    modules: dict[str, RtlModule] = Field(description="ports and latency of each module")
    code: RtlCode | None = Field(default=None, description="of an adaptive code")
    classical: RtlClassical | None = Field(default=None, description="of a classical method")
    registers: dict[str, RegisterField] | None = Field(
        default=None, description="registers behind I2C"
    )
    triplicated_bits: int | None = None
    layers: list[RtlLayer] = Field(description="layers in the order of the data")
    total: LoadableSize | Size = Field(description="sums over the layers; depth of the deepest")
    input_register_bits: int | None = Field(
        default=None, description="registers in front of the first layer"
    )
    intervals: list[RtlInterval] | None = Field(
        default=None, description="with interval 'auto': the designs that it was chosen from"
    )
    checked_events_per_pass: int | None = Field(
        default=None, description="inputs that were compared with the golden model after each pass"
    )
    passes: dict[str, dict[str, Size]] | None = Field(
        default=None, description="sizes by layer after each pass of the compiler"
    )
    checked_events: int | None = Field(
        default=None, description="events that were compared with weights drawn anew"
    )

    @property
    def latency_cycles(self) -> int:
        """Clocks through the top module."""
        return self.modules[self.top].latency_cycles

    @property
    def interval_cycles(self) -> int:
        """Clocks from one event to the next."""
        return self.modules[self.top].interval_cycles
