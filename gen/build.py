"""From a network to encoder.v and its structural report, for every kind of design."""

import time
from dataclasses import dataclass
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.gen.classical.design import ClassicalDesign
from hexcoder.gen.codec.design import CodecDesign
from hexcoder.gen.codec.loadable import LoadableCodeDesign
from hexcoder.gen.compiler import Progress, Settings
from hexcoder.gen.design import Design
from hexcoder.gen.folding.choice import design_of
from hexcoder.gen.frame_design import FrameDesign
from hexcoder.gen.loadable.design import LoadableDesign
from hexcoder.metrics.rtl import RtlFile
from hexcoder.network.schema import Network
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.encoders import AnyEncoder, described

VERILOG = "encoder.v"
METRICS = "metrics.json"


@dataclass(frozen=True, slots=True)
class Built:
    """The structural report, and how long it took to compile and to write the design."""

    metrics: RtlFile
    compile_s: float
    emit_s: float


def compile_design(
    network: Network, settings: Settings, progress: Progress = lambda name, part: None
) -> Design:
    """Compile a network of layers to the kind of design that ``settings`` ask for.

    Raises
    ------
    InputError
        If network or settings do not suit that kind.
    CheckFailed
        If a pass changed the network; the pass is named.
    """
    if settings.chip.weights == "loadable":
        return LoadableDesign(network, settings, progress)
    return design_of(network, settings, progress)


def _emitted(source: AnyEncoder, settings: Settings, progress: Progress) -> Design | FrameDesign:
    if isinstance(source, Network):
        return compile_design(source, settings, progress)
    is_loadable = settings.chip.weights == "loadable"
    if settings.pipeline.interval != 1:
        raise InputError(
            f"{described(source)}: key 'pipeline.interval' = {settings.pipeline.interval}: an "
            "encoder that sends frames takes an event every clock; the only value here is 1"
        )
    if isinstance(source, Codec):
        return (LoadableCodeDesign if is_loadable else CodecDesign)(source, settings)
    if is_loadable:
        raise InputError(
            f"{described(source)}: key 'chip.weights' = 'loadable': there is nothing to load; the "
            "only value here is 'fixed'"
        )
    return ClassicalDesign(source, settings)


def build(
    network: AnyEncoder,
    settings: Settings,
    folder: Path,
    progress: Progress = lambda name, part: None,
) -> Built:
    """Compile a network or another encoder into ``folder``/encoder.v and ``folder``/metrics.json.

    Times are not in the file, so that equal input gives equal bytes.
    """
    started = time.perf_counter()
    design = _emitted(network, settings, progress)
    compiled_at = time.perf_counter()
    progress("emit", 0.0)
    emitted = design.emit()
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{VERILOG}.partial"
    partial.write_text(emitted.verilog, encoding="utf-8")
    partial.replace(folder / VERILOG)
    write_json(folder / METRICS, emitted.metrics.model_dump(mode="json", exclude_unset=True))
    return Built(emitted.metrics, compiled_at - started, time.perf_counter() - compiled_at)
