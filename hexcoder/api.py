"""hexcoder from Python: the chain's stages as functions, on objects or on a config's build folder.

Each raises :class:`InputError` for what the user gave, and :class:`CheckFailed` where a check ran
to its end and failed; both are one line.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hexcoder.config import Config, load_config, shipped_configs
from hexcoder.errors import CheckFailed, InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.metrics.asic import AsicFile
from hexcoder.metrics.file import read_metrics as _read
from hexcoder.metrics.layout import LayoutFile
from hexcoder.metrics.rtl import RtlFile
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.metrics.train import TaskFigures, TrainMetrics
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.golden import evaluate
from hexcoder.network.golden import layer_outputs as _layer_outputs
from hexcoder.network.real_values import to_integers, to_reals
from hexcoder.network.schema import Network, load_network, save_network
from hexcoder.sensor.classical.method import Classical
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.encoders import AnyEncoder, FrameEncoder, described, load_encoder
from hexcoder.sensor.encoders import frames_of as _frames_of
from hexcoder.sensor.encoders import save_any as _save_any
from hexcoder.sensor.events import load_events
from hexcoder.sensor.front_end import ENERGY_BITS, sensor_image_order
from hexcoder.sensor.front_end import encode_frames as _network_frames
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.steps.runner import run_stage
from hexcoder.steps.step import Stage

if TYPE_CHECKING:
    import torch

    from hexcoder.models.importers.floats.calibrate import Loss

__all__ = [
    "CheckFailed",
    "Classical",
    "Codec",
    "Config",
    "GraphBuilder",
    "InputError",
    "Metrics",
    "Network",
    "compile",
    "decode",
    "encode",
    "export_model",
    "freeze",
    "golden",
    "import_float",
    "import_model",
    "layer_outputs",
    "layout",
    "load_config",
    "load_encoder",
    "load_events",
    "load_network",
    "prove",
    "read_metrics",
    "save_network",
    "score",
    "shipped_configs",
    "synthesise",
    "to_integers",
    "to_reals",
    "train",
    "train_model",
    "write_report",
]


def import_model(
    path: Path | str, input_type: str | None = None, samples: np.ndarray | None = None
) -> Network:
    """Read a model that another tool trained, exactly (docs/import.md).

    Parameters
    ----------
    path : path
        ONNX or QONNX, Keras with HGQ2's layers, JSON of conifer or XGBoost.
    input_type : str, optional
        Type of inputs that the model does not quantise itself, such as ``"SQ(4,10)"``.
    samples : array (n, ...), optional
        Inputs of the model, from which that type is taken where it is not given.

    Raises
    ------
    InputError
        Where it cannot be imported exactly: what, where, and what would do.
    """
    from hexcoder.models.importers.files import import_model as read

    try:
        type_ = None if input_type is None else FixedPoint.parse(input_type)
    except ValueError as error:
        raise InputError(f"input_type: {error}") from None
    return read(Path(path), type_, samples)


def import_float(
    model: "Path | str | torch.nn.Module", *samples: np.ndarray, bits: int = 16
) -> "tuple[Network, Loss]":
    """Read a float model; its types come from the ranges of its tensors on samples.

    Parameters
    ----------
    model : path or torch module
        ONNX, Keras, or what ``torch.export`` wrote; or a module of torch at hand.
    *samples : array (n, ...)
        Of each input of a module, in its shape; of a file one array, the inputs side by side.
    bits : int
        Of weights and tensors.

    Returns
    -------
    Network, and what fixed point costs it on the samples

    Raises
    ------
    InputError
        If it holds what is not read, or the samples do not suit it.
    """
    from hexcoder.models.importers.floats import read

    if not samples:
        raise InputError("import_float: samples of each input are needed, and there are none")
    if not isinstance(model, Path | str):
        return read.import_torch(model, *samples, bits=bits)
    first, *others = samples
    if others:
        raise InputError(
            f"import_float: {model}: {len(samples)} arrays; inputs of a file are one array (n, ...)"
        )
    return read.import_float(Path(model), first, bits)


def export_model(network: Network, path: Path | str) -> Path:
    """Write a network as QONNX, which other tools read (docs/import.md#out-again).

    Raises
    ------
    InputError
        If float32, in which these tools compute, does not hold its sums.
    """
    from hexcoder.models.exporters.qonnx import save_qonnx

    return save_qonnx(network, Path(path))


def train_model(
    module: "torch.nn.Module",
    inputs: Mapping[str, tuple[Sequence[int], str]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    task: Literal["classifier", "regressor"] = "classifier",
    name: str = "model",
    held_out: float = 0.2,
    progress: Callable[..., None] = lambda epoch: None,
    **settings: Any,
) -> Network:
    """Train a torch module made of the layers of ``hexcoder.nn``, and freeze it to a network.

    Parameters
    ----------
    module : torch module
        Trained in place. It takes a tensor (n, *shape) for each input.
    inputs : mapping
        Shape and type of each input by its name, such as ``{"x": ((16,), "SQ(4,4)")}``.
    x : float array (n, ...)
        Real inputs, rounded to the inputs' types; several inputs one after the other.
    y : array (n,) or (n, outputs)
        Classes, 0 and 1 for each output, or numbers.
    task : str
    name : str
        Of the network.
    held_out : float
        Share of the samples that is not trained on; the loss on them is followed.
    progress : callable, optional
        Called after each epoch with its losses.
    **settings
        Keys of a config's section ``[training]``, such as ``epochs=20, adder_cost=0.01``.

    Raises
    ------
    InputError
        If samples, settings and module do not fit together: what, and what would do.
    """
    from hexcoder.models.training.own import train_own

    return train_own(module, inputs, x, y, task, name, held_out, progress, settings)


def freeze(
    module: "torch.nn.Module",
    inputs: Mapping[str, tuple[Sequence[int], str]],
    name: str = "model",
) -> Network:
    """The network of a module made of the layers of ``hexcoder.nn``, with the weights it has.

    Parameters are those of :func:`train_model`.
    """
    from hexcoder.models.training.own import freeze_own

    return freeze_own(module, inputs, name)


def score(
    network: Network,
    x: np.ndarray,
    y: np.ndarray,
    task: Literal["classifier", "regressor"] = "classifier",
) -> TaskFigures:
    """How well a network answers, by its golden model: accuracy, or error.

    Parameters
    ----------
    x : float array (n, ...)
        Real inputs.
    y : array (n,) or (n, outputs)
        Right answers.
    """
    from hexcoder.models.evaluation.answers import answer, figures_of

    return figures_of(task, answer(network, np.asarray(x)), np.asarray(y))


def train(config: Config, build: Path | str | None = None) -> AnyEncoder:
    """Train a config's encoder, unless that is done: the stage ``train``.

    Parameters
    ----------
    config : Config
    build : path, optional
        Folder for results; by default build/<name of the config>.

    Returns
    -------
    Network, Codec or Classical
        The frozen integer network or adaptive code, as in ``network.json``.
    """
    from hexcoder.models.training.stage import TRAIN, take_one_thread

    take_one_thread()
    folder = _folder(config, build)
    _run(TRAIN, config, folder)
    return load_encoder(folder / "network.json")


def encode(encoder: AnyEncoder, energies: np.ndarray) -> np.ndarray:
    """What module ``encoder`` sends for events, by the golden model.

    Parameters
    ----------
    encoder : Network, Codec or Classical
    energies : int array (n, 48)
        ADC counts, as :func:`load_events` gives them.

    Returns
    -------
    int array
        Of a network the latents, as unsigned bits, and the code of the sum: (n, latents + 1). Of an
        adaptive code the frame's bits, the first sent first: (n, frame_bits).
    """
    events = np.asarray(energies)
    if events.ndim != 2 or events.shape[1] != TRIGGER_CELLS or events.dtype.kind not in "iu":
        raise InputError(
            f"energies are {events.dtype} of shape {events.shape}; give integers (n, "
            f"{TRIGGER_CELLS})"
        )
    if events.size and not 0 <= events.min() <= events.max() < 1 << ENERGY_BITS:
        most = (1 << ENERGY_BITS) - 1
        raise InputError(f"energies go beyond {ENERGY_BITS} bits: valid are 0 to {most}")
    if not isinstance(encoder, Network):
        return _frames_of(encoder, events)
    if sensor_image_order(encoder) is None:
        raise InputError(f"network {encoder.name}: its input is no image of the sensor")
    return _network_frames(encoder, events)


def decode(
    encoder: FrameEncoder, frames: np.ndarray, decoder: Path | str | None = None
) -> np.ndarray:
    """Charge fractions of frames, from their bits alone.

    Parameters
    ----------
    encoder : Codec or Classical
    frames : int array (n, frame_bits)
        Bits, the first sent first, as :func:`encode` gives them. Any bits have an answer.
    decoder : path, optional
        A trained decoder, train/decoder.safetensors; without one, values as they were sent.

    Returns
    -------
    float64 array (n, 48)
        They sum to 1; all zero where the frame says that the event is empty.
    """
    from hexcoder.models.codec.decoder import load_codec_decoder
    from hexcoder.models.evaluation.physics import read_frames

    bits = np.asarray(frames)
    if bits.ndim != 2 or bits.shape[1] != encoder.frame_bits:
        raise InputError(
            f"frames have shape {bits.shape}; give (n, {encoder.frame_bits}), the bits of the "
            f"frames of {described(encoder)}"
        )
    if bits.dtype.kind not in "iub" or not np.isin(bits, (0, 1)).all():
        raise InputError("frames hold more than bits; valid are the integers 0 and 1")
    learned = None if decoder is None else load_codec_decoder(Path(decoder))
    return read_frames(encoder, learned, bits)


def golden(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Evaluate a network exactly, by the integer golden model (docs/arithmetic.md).

    Parameters
    ----------
    network : Network
    inputs : int array (n, elements) or (n, *shape)
        Integers of the network's input type.

    Returns
    -------
    int64 array (n, output elements)
    """
    return evaluate(network, _flat(network, inputs))


def layer_outputs(network: Network, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """As :func:`golden`, for every layer: int64 arrays (n, elements) by the layer's name."""
    return _layer_outputs(network, _flat(network, inputs))


def compile(network: AnyEncoder, folder: Path | str, config: Config | None = None) -> RtlFile:
    """Compile a network or a code to ``folder``/encoder.v, with ``folder``/metrics.json beside it.

    Parameters
    ----------
    network : Network, Codec or Classical
    folder : path
    config : Config, optional
        Pipeline, effort, technology and clock; the defaults without one.

    Returns
    -------
    RtlFile
        Ports, latency and size of each module.
    """
    from hexcoder.gen.build import build
    from hexcoder.gen.compiler import Settings

    return build(network, Settings.of(config) if config else Settings(), Path(folder)).metrics


def prove(
    network: AnyEncoder,
    folder: Path | str,
    vectors: int = 10_000,
    seed: int = 0,
    events: Path | str | None = None,
    columns: str | None = None,
) -> SimulationMetrics:
    """Hold a compiled design against the golden model, bit for bit, by compiled simulation.

    Parameters
    ----------
    network : Network
    folder : path
        What :func:`compile` wrote.
    vectors : int
        Random input vectors for each module.
    seed : int
    events : path, optional
        File or folder of events to send through as well.
    columns : str, optional
        Name of the energies' columns in them.

    Raises
    ------
    CheckFailed
        If a vector or a protocol test fails: the first mismatch.
    """
    from hexcoder.tb.prove import prove as _prove
    from hexcoder.tb.request import Request
    from hexcoder.tb.stage import failure_of

    with tempfile.TemporaryDirectory(prefix="hexcoder-") as scratch:
        path, design = Path(scratch) / "network.json", Path(folder)
        _save_any(network, path)
        source = None if events is None else Path(events)
        request = Request(
            path, design, Path(scratch), vectors, seed, None, source, columns, None,
            design / "waves", Path(scratch),
        )  # fmt: skip
        metrics = _prove(request, lambda what, part: None)
    if failure := failure_of(metrics):
        raise CheckFailed(failure)
    return metrics


def synthesise(config: Config, build: Path | str | None = None) -> AsicFile:
    """Take a config to gates, with timing, power and the netlist's checks: the stage ``asic``.

    The stages before it (train, rtl, sim) run where they are out of date.

    Returns
    -------
    AsicFile
        What was measured; what could not be is None, with the reason.
    """
    from hexcoder.flow.asic.stage import ASIC
    from hexcoder.gen.stage import rtl_stage
    from hexcoder.tb.stage import sim_stage

    folder = _folder(config, build)
    train(config, folder)
    _run(rtl_stage(folder / "network.json", {}), config, folder)
    _run(sim_stage(config, folder), config, folder)
    return AsicFile.of(_run(ASIC, config, folder))


def layout(config: Config, build: Path | str | None = None) -> LayoutFile:
    """Place, route and check a config's block, and write its GDS: the stage ``layout``.

    Its process must have layouts: ``silicon.pdk = "sky130"`` or ``"gf180mcu"``. The stages before
    it run where they are out of date; the block is ``layout/layout.gds`` in the build folder.
    """
    from hexcoder.flow.layout.stage import LAYOUT

    folder = _folder(config, build)
    synthesise(config, folder)
    return LayoutFile.of(_run(LAYOUT, config, folder))


def write_report(config: Config, build: Path | str | None = None) -> Path:
    """Write the page of what was built and measured so far; its path."""
    from hexcoder.config import config_text
    from hexcoder.report.page import PAGE, report_stage

    folder = _folder(config, build)
    _run(report_stage(config, f"--build {folder}", config_text(config)), config, folder)
    return folder / PAGE


@dataclass(frozen=True)
class Metrics:
    """What the stages of a build folder measured; None where a stage has not run."""

    train: TrainMetrics | None
    rtl: RtlFile | None
    sim: SimulationMetrics | None
    asic: AsicFile | None
    layout: LayoutFile | None


def read_metrics(build: Path | str) -> Metrics:
    """Read what the stages left in a build folder.

    Parameters
    ----------
    build : path
        build/<name of the config>.
    """
    folder = Path(build)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; a stage makes build/<name of the config>")

    def of(stage: str, kind: Any) -> Any:
        return _read(folder / stage / "metrics.json", kind, f"hexcoder {stage}")

    return Metrics(
        of("train", TrainMetrics),
        of("rtl", RtlFile),
        of("sim", SimulationMetrics),
        of("asic", AsicFile),
        of("layout", LayoutFile),
    )


def _folder(config: Config, build: Path | str | None) -> Path:
    return Path(build) if build is not None else Path("build") / config.name


def _run(stage: Stage[Any], config: Config, folder: Path) -> dict[str, Any]:
    outcome = run_stage(stage, config, folder)
    outcome.judge()
    return outcome.metrics


def _flat(network: Network, inputs: np.ndarray) -> np.ndarray:
    values = np.asarray(inputs)
    tensors = list(network.inputs_by_name.values())
    types = " ".join(str(tensor.type) for tensor in tensors)
    elements = network.input_elements
    if values.dtype.kind not in "iu":
        raise InputError(f"inputs are {values.dtype}; give integers of type {types}")
    if values.ndim < 1 or values[:1].size != elements * len(values[:1]):
        shapes = f" or (n, *{tensors[0].shape})" if len(tensors) == 1 else ""
        raise InputError(f"inputs have shape {values.shape}; give (n, {elements}){shapes}")
    flat = values.reshape(len(values), elements)
    low, high = network.input_bounds
    if ((flat < low) | (flat > high)).any():
        valid = f": valid are {low.min()} to {high.max()}" if len(tensors) == 1 else ""
        raise InputError(f"inputs go beyond {types}{valid}")
    return flat
