"""What the proof needs to know of a compiled design, read from the files that gen/ wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.files import read_json
from hexcoder.fixed_point import FixedPoint
from network.schema import Network
from sensor.front_end import SUM_CODE_BITS, sensor_image_order


@dataclass(frozen=True, slots=True)
class Watched:
    """A tensor inside a module that can be watched.

    Parameters
    ----------
    name : str
        Layer.
    path : str
        Signal, from the module down, separated by dots.
    latency : int
        Clocks from the module's input.
    elements, type
        Element k lies in bits [k*width +: width].
    not_built : frozenset of int
        Elements that no hardware computes, because nothing reads them.
    """

    name: str
    path: str
    latency: int
    elements: int
    type: FixedPoint
    not_built: frozenset[int]


@dataclass(frozen=True, slots=True)
class Design:
    """A module of a compiled network: its ports and what is watched in it."""

    module: str
    verilog: Path
    latency: int
    input_widths: tuple[int, ...]
    output_widths: tuple[int, ...]
    watched: tuple[Watched, ...]


def _watched(network: Network, metrics: dict[str, Any], module: str) -> list[Watched]:
    found = []
    offset = metrics["modules"][module].get("front_end_latency_cycles", 0)
    prefix = "core." if module == "encoder" else ""
    if module == "encoder":
        elements = int(np.prod(network.input.shape))
        found.append(
            Watched(
                "front_end",
                "front_end_output",
                offset,
                elements,
                network.input.type,
                frozenset(),
            )
        )
    for layer, context in zip(metrics["layers"], network.contexts(), strict=True):
        if "signal" not in layer:
            continue
        found.append(
            Watched(
                context.name,
                prefix + layer["signal"],
                offset + layer["signal_latency_cycles"],
                int(np.prod(context.output_shape)),
                context.output_type,
                frozenset(layer["elements_not_built"]),
            )
        )
    return found


def read_design(network: Network, folder: Path, module: str) -> Design:
    """Read a module's description from ``folder``/metrics.json.

    Raises
    ------
    InputError
        If the folder is not a compiled design, or the design's ports and layers are not this
        network's.
    """
    metrics = read_json(folder / "metrics.json")
    verilog = folder / "encoder.v"
    if not verilog.is_file():
        raise InputError(f"{verilog}: no such file; run python -m gen NETWORK -o {folder} first")
    ports = metrics.get("modules", {}).get(module)
    if ports is None:
        raise InputError(f"{folder / 'metrics.json'}: the design has no module '{module}'")
    found = [
        (layer.get("name"), layer.get("kind"), layer.get("output_shape"))
        for layer in metrics["layers"]
    ]
    wanted = [(c.name, c.layer.kind, list(c.output_shape)) for c in network.contexts()]
    if found != wanted:
        raise InputError(
            f"{folder / 'metrics.json'}: the design's layers {found} are not the network's {wanted}"
        )
    output = network.output
    outputs = [output.type.width] * int(np.prod(output.shape))
    inputs = [ports["input_width"]] * ports["input_elements"]
    if module == "encoder":
        outputs.append(SUM_CODE_BITS)
    else:
        inputs = [network.input.type.width] * int(np.prod(network.input.shape))
    for name, widths in (("input", inputs), ("output", outputs)):
        if sum(widths) != ports[f"{name}_bits"]:
            raise InputError(
                f"{folder / 'metrics.json'}: module {module} has {ports[f'{name}_bits']} {name} "
                f"bits; network {network.name} needs {sum(widths)}"
            )
    return Design(
        module=module,
        verilog=verilog.resolve(),
        latency=ports["latency_cycles"],
        input_widths=tuple(inputs),
        output_widths=tuple(outputs),
        watched=tuple(_watched(network, metrics, module)),
    )


def modules_of(network: Network, folder: Path) -> list[str]:
    """Modules of a compiled design that can be tested, the core first."""
    modules = read_json(folder / "metrics.json").get("modules", {})
    names = ["encoder_core"]
    if "encoder" in modules and sensor_image_order(network) is not None:
        names.append("encoder")
    return names
