"""train/metrics.json, and the physics that ``hexcoder evaluate`` prints."""

from pydantic import BaseModel, ConfigDict, Field

from hexcoder.config import Training
from hexcoder.metrics.difference import Difference
from hexcoder.steps.step import Metrics


class _Metrics(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figures(_Metrics):
    """How well events come back."""

    emd_mean: float | None = Field(
        description="mean earth mover's distance, half trigger-cell pitches; null if none counts"
    )
    emd_median: float | None = Field(description="its median")
    emd_standard_deviation: float | None = Field(description="its standard deviation")
    events_counted: int = Field(description="events that have an earth mover's distance")
    events_left_out: int = Field(description="events that are empty or come back empty")
    telescope_loss: float | None = Field(description="mean telescope loss of those that count")


class Physics(Figures):
    """Physics of a network on events."""

    network: str = Field(description="name of the network")
    bits_per_event: int = Field(description="bits that an event takes on the link")


class Baseline(Figures):
    """The same figures of a fixed algorithm."""

    name: str = Field(description="what it does, with its setting")
    bits_per_event: int | float = Field(description="mean bits that an event takes on the link")
    emd_more: float | None = Field(
        default=None, description="mean of its EMD less the encoder's, event by event"
    )
    emd_more_error: float | None = Field(
        default=None, description="half of the 95 % interval of that mean"
    )


class TrainingEvents(_Metrics):
    """Where the events came from."""

    source: str = Field(description="'generated', or the name of the CSV file")
    trained_on: int = Field(description="events that were trained on")
    held_out: int = Field(description="events that were kept back")
    seed: int = Field(description="seed of the split and of generated events")


class TrainingRun(Training):
    """The config's section training, and how long it took."""

    seconds: float = Field(description="time of data and training")


class TrainedLayer(_Metrics):
    """A layer of the network."""

    name: str = Field(description="name in network.json")
    kind: str = Field(description="kind of node")
    output_shape: list[int] = Field(description="shape of its output")
    output_type: str = Field(description="fixed-point type of its output")
    weights: int | None = Field(default=None, description="number of weights, if it has any")
    weights_zero: int | None = Field(default=None, description="weights that are zero")
    weight_type: str | None = Field(default=None, description="fixed-point type of its weights")
    activation: str | None = Field(default=None, description="activation function")
    rounding: str | None = Field(default=None, description="rounding of its sums")
    overflow: str | None = Field(default=None, description="what becomes of sums out of range")


class CodeMode(_Metrics):
    """A mode of an adaptive code, and how often it occurs."""

    shift: int = Field(description="the step is 2**shift / factor units of the normalised charge")
    factor: int = Field(description="see shift")
    table: int = Field(description="number of its table of code words")
    share: float = Field(description="part of the held-out events that it is chosen for")


class TrainedCode(_Metrics):
    """An adaptive code: its modes, and how it fills its frame."""

    payload_bits: int = Field(description="bits of a frame behind sum and mode")
    symbols: int = Field(description="symbols of a table")
    tables: int = Field(description="tables of code words")
    modes: list[CodeMode] = Field(description="the finest first")
    mean_fill_bits: float = Field(description="bits of the payload that are used, mean")
    events_cut: int = Field(description="held-out events that fit no mode and are cut")
    emd_plain: float | None = Field(
        description="mean EMD without the learned decoder, half trigger-cell pitches"
    )


class TaskFigures(_Metrics):
    """How well a network answers on held-out samples."""

    samples: int = Field(description="held-out samples")
    accuracy: float | None = Field(
        default=None, description="share of answers that are right, of a classifier"
    )
    area_under_curve: float | None = Field(
        default=None, description="area under the ROC curve; with classes the mean of each"
    )
    rms_error: float | None = Field(
        default=None, description="root mean square of the error, in the answers' unit"
    )
    explained_variance: float | None = Field(
        default=None, description="1 less mean squared error over the answers' variance"
    )
    emd_mean: float | None = Field(
        default=None, description="mean earth mover's distance, half trigger-cell pitches"
    )


class Example(_Metrics):
    """An event before and after."""

    event: int = Field(description="number among the held-out events")
    emd: float = Field(description="earth mover's distance, half trigger-cell pitches")
    sum_adc: int = Field(description="sum of its energies, ADC counts")
    true: list[float] = Field(description="charge fraction of each trigger cell")
    reconstructed: list[float] = Field(description="the same as it comes back")


class TorchAgreement(_Metrics):
    """The torch encoder against the golden model of the frozen network."""

    vectors: int = Field(description="events, extremes and random tensors that were compared")
    mismatches: int = Field(description="vectors that differ in any layer")
    first_mismatch: Difference | None = Field(description="null if all agree")
    seed: int = Field(description="seed of the random tensors")


class FitMetrics(Metrics):
    """Training."""

    events: TrainingEvents | None = Field(default=None, description="events")
    training: TrainingRun | None = Field(default=None, description="settings and time")
    history: list[tuple[float, float]] = Field(
        description="loss of each epoch on events trained on and held out"
    )
    tools: dict[str, str] = Field(description="versions of packages")
    threads: int = Field(description="threads of torch")


class PhysicsMetrics(Metrics):
    """What the network is, and how well events come back from it."""

    adder_bits: float | None = Field(
        default=None, description="estimate of the adder bits that the network takes"
    )
    parameters: int | None = Field(default=None, description="weights and biases")
    layers: list[TrainedLayer] = Field(default=[], description="layers of the network")
    input_type: str | None = Field(default=None, description="fixed-point type of the input")
    input_shape: list[int] | None = Field(default=None, description="shape of the input")
    code: TrainedCode | None = Field(default=None, description="of an adaptive code")
    task: TaskFigures | None = Field(
        default=None, description="of a network that is no encoder, on held-out samples"
    )
    physics: Physics | None = Field(default=None, description="the network on held-out events")
    baselines: list[Baseline] = Field(default=[], description="fixed algorithms on the same events")
    examples: list[Example] = Field(default=[], description="events across the range of EMD")


class AgreementMetrics(Metrics):
    """The torch model against the golden model."""

    torch_against_golden: TorchAgreement = Field(description="link 1 of the chain of proof")


class TrainMetrics(_Metrics):
    """The stage train; what could not be measured is null, with the reason in not_measured."""

    name: str = Field(description="name of the config")
    events: TrainingEvents | None = Field(description="events")
    training: TrainingRun | None = Field(description="settings and time")
    history: list[tuple[float, float]] | None = Field(
        description="loss of each epoch on events trained on and held out"
    )
    adder_bits: float | None = Field(
        description="estimate of the adder bits that the network takes"
    )
    parameters: int | None = Field(description="weights and biases")
    layers: list[TrainedLayer] | None = Field(description="layers of the network")
    input_type: str | None = Field(description="fixed-point type of the input")
    input_shape: list[int] | None = Field(description="shape of the input")
    code: TrainedCode | None = Field(default=None, description="of an adaptive code")
    task: TaskFigures | None = Field(
        default=None, description="of a network that is no encoder, on held-out samples"
    )
    physics: Physics | None = Field(description="the network on held-out events")
    baselines: list[Baseline] | None = Field(description="fixed algorithms on the same events")
    examples: list[Example] | None = Field(description="events across the range of EMD")
    torch_against_golden: TorchAgreement | None = Field(description="link 1 of the chain of proof")
    tools: dict[str, str] | None = Field(description="versions of packages")
    threads: int | None = Field(description="threads of torch")
    not_measured: dict[str, str] = Field(default={}, description="reasons, by key")
