"""Differentiable weightless networks, from the checkpoints that dwn2rtl saves.

Layers of truth tables behind a thermometer code (Bacellar et al., ICML 2024, arXiv:2410.11112). The
file is the package's own (dwn2rtl 0.3): dictionaries, numbers and tensors.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.kinds.lut_network import MOST_INPUTS
from hexcoder.network.schema import NetworkGraph, RealInput

HOW = "write it by dwn2rtl.save(model, thermometer, path)"
MOST_GRID_BITS = 16
FEWEST_FOR_GRID = 8
"""Different thresholds: fewer lie on a grid by chance."""
GRID_TOLERANCE = 1e-3


def is_torch_checkpoint(path: Path) -> bool:
    """Whether a file is what torch.save writes, and not what torch.export does."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names)


def import_dwn(path: Path, input_type: FixedPoint | None = None) -> NetworkGraph:
    """The network: thresholds of the features, tables, counts of each class and their argmax.

    No code of the file is run: torch reads it with ``weights_only``.

    Parameters
    ----------
    path : Path
    input_type : FixedPoint, optional
        Of the features, which are rounded down to it. Without it, signed, with as many integer bits
        as the thresholds need, and the fewest fraction bits f that tell apart thresholds which are
        multiples of 2**-f or of 1 / (2**f - 1).

    Raises
    ------
    InputError
        If the file holds something else, or the thresholds lie on no such grid.
    """
    value = _read(path)
    try:
        return _network(network_name(path), value, input_type)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read(path: Path) -> Mapping[str, Any]:
    import torch

    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{path}: it holds Python objects, whose code is never run; {HOW}"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        reason = str(error).splitlines()[0][:100]
        raise InputError(f"{path}: not a whole file of torch.save: {reason}") from None
    parts = ("config", "state_dict", "thermometer")
    if not isinstance(value, dict) or not all(isinstance(value.get(p), dict) for p in parts):
        raise InputError(
            f"{path}: no differentiable weightless network; such a file has the keys "
            f"{', '.join(parts)}: {HOW}"
        )
    return value


def _network(name: str, value: Mapping[str, Any], given: FixedPoint | None) -> NetworkGraph:
    classes = value["config"].get("num_classes")
    if not isinstance(classes, int) or not 1 <= classes <= 1 << 16:
        raise InputError(f"key 'config.num_classes' = {classes!r}: it must be 1 to 65536")
    thresholds = _array(value["thermometer"], "thermometer", "thresholds", 2).astype(np.float64)
    type_ = given or _type_of(thresholds)
    builder = GraphBuilder(name)
    real = None
    if not value.get("scaler"):
        real = RealInput(types=[type_], rounding="floor")
    x = builder.input("x", (len(thresholds),), type_, real)
    features = np.repeat(np.arange(len(thresholds)), thresholds.shape[1])
    spread = builder.move("spread", [x], features)
    # A feature, rounded down, is above a threshold from the next integer on.
    limits = np.floor(np.ldexp(thresholds.reshape(-1, 1), type_.fraction_bits)).astype(int) + 1
    bits = builder.add("threshold", "bits", [spread], thresholds=limits)
    layers, last = _layers(value["state_dict"], thresholds.size)
    if len(last) % classes:
        raise InputError(
            f"the last layer has {len(last)} tables for {classes} classes: groups of unequal size"
        )
    groups = np.array(last).reshape(classes, -1).tolist()
    counts = builder.add("lut_network", "tables", [bits], layers=layers, popcounts=groups)
    builder.output(builder.add("argmax", "best", [counts]) if classes > 1 else counts)
    return builder.network()


def _layers(
    state: Mapping[str, Any], width: int
) -> tuple[list[list[dict[str, object]]], list[int]]:
    """Tables of each layer, as of kind ``lut_network``, and the wires of the last ones."""
    from hexcoder.models.layers.luts import reduced

    layers: list[list[dict[str, object]]] = []
    first, last = 0, list(range(width))
    while f"{len(layers)}.luts" in state:
        number = len(layers)
        tables = _array(state, "state_dict", f"{number}.luts", 2) > 0
        inputs = tables.shape[1].bit_length() - 1
        if tables.shape[1] != 1 << inputs or not 1 <= inputs <= MOST_INPUTS:
            raise InputError(
                f"layer {number}: tables of {tables.shape[1]} entries; a power of two from 2 to "
                f"{1 << MOST_INPUTS} is read"
            )
        wiring = _wiring(state, number, inputs, len(last))
        if wiring.shape != (len(tables), inputs) or wiring.min() < 0 or wiring.max() >= len(last):
            raise InputError(
                f"layer {number}: wiring {list(wiring.shape)} of wires {wiring.min()} to "
                f"{wiring.max()}; {len(tables)} tables of {inputs} inputs read wires 0 to "
                f"{len(last) - 1}"
            )
        rows = [
            reduced([last[wire] for wire in row], table)
            for row, table in zip(wiring.tolist(), tables, strict=True)
        ]
        layers.append([{"inputs": wires, "table": truth} for wires, truth in rows])
        first += len(last)
        last = list(range(first, first + len(rows)))
    if not layers:
        raise InputError(f"key 'state_dict' has no layer '0.luts'; it has {sorted(state)[:6]}")
    return layers, last


def _wiring(state: Mapping[str, Any], number: int, inputs: int, width: int) -> np.ndarray:
    """Which bit each input of each table reads: int (tables, inputs)."""
    learned = f"{number}.mapping.weights"
    if learned not in state:
        return _array(state, "state_dict", f"{number}.mapping", 2).astype(np.int64)
    scores = _array(state, "state_dict", learned, 2)
    if len(scores) != width or scores.shape[1] % inputs:
        raise InputError(
            f"layer {number}: scores of wires {list(scores.shape)}; it reads {width} bits, with "
            f"{inputs} inputs a table"
        )
    return scores.argmax(axis=0).reshape(-1, inputs)


def _array(values: Mapping[str, Any], where: str, key: str, axes: int) -> np.ndarray:
    import torch

    tensor = values.get(key)
    if not isinstance(tensor, torch.Tensor) or tensor.ndim != axes or not tensor.numel():
        found = list(tensor.shape) if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise InputError(f"key '{where}' '{key}': {found} where a tensor of {axes} axes must be")
    array = tensor.detach().double().numpy()
    if not np.isfinite(array).all():
        raise InputError(f"key '{where}' '{key}' has numbers that are not finite")
    return array


def _type_of(thresholds: np.ndarray) -> FixedPoint:
    """The grid that samples, and so their quantiles, lie on."""
    distinct = np.unique(thresholds)
    integer_bits = max(int(np.abs(distinct).max()).bit_length(), 0)
    if len(distinct) >= FEWEST_FOR_GRID:
        for fraction_bits in range(1, MOST_GRID_BITS + 1):
            for units in ((1 << fraction_bits) - 1, 1 << fraction_bits):
                scaled = distinct * units
                whole = np.rint(scaled)
                is_on = np.abs(scaled - whole).max() <= GRID_TOLERANCE
                if is_on and len(np.unique(whole)) == len(distinct):
                    return FixedPoint(True, 1 + integer_bits, fraction_bits)
    raise InputError(
        "the thresholds lie on no common grid, so that it is not known what numbers come in; give "
        f"the features' type, such as 'SQ({1 + integer_bits},12)'"
    )
