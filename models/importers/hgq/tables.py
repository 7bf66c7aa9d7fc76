"""HGQ2's layers of tables: each edge from an input to an output is a function of one value.

The function is a small network in float, whose values on the input's grid are rounded to the
table's type (LUT-based layers of HGQ2; cf. KAN and LogicNets).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.hgq.quantiser import HgqQuantiser
from hexcoder.models.importers.hgq.state import HgqImport, Tensor, outwards, shared_inputs
from hexcoder.models.importers.keras import KerasLayer
from hexcoder.network.aligned import hull

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exp": np.exp,
    "exponential": np.exp,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
}
"""Of Keras, by name."""


def function_named(layer: KerasLayer, key: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function that a key of the configuration names."""
    return FUNCTIONS[function_name(layer, key)]


def function_name(layer: KerasLayer, key: str) -> str:
    """Its name, as text or as Keras writes functions."""
    given = layer.get(key, "linear")
    word = given.get("config") if isinstance(given, dict) else given
    if not isinstance(word, str) or word not in FUNCTIONS:
        raise InputError(
            f"{layer.where}: '{key}' = {word}: known functions are {', '.join(FUNCTIONS)}"
        )
    return word


def _edges(layer: KerasLayer, values: np.ndarray) -> np.ndarray:
    """Every edge's function, in float32, of values (n,): (n, inputs, outputs)."""
    kernel = layer.array("module/layers/einsum_dense/vars/0")
    inputs, outputs = kernel.shape[:2]
    hidden = np.broadcast_to(
        values.astype(np.float32)[:, None, None, None], (len(values), inputs, outputs, 1)
    )
    inner = function_named(layer, "subnn_activation")
    for number in range(int(layer.get("n_hl", 1)) + 1):
        path = "module/layers/einsum_dense" + (f"_{number}" if number else "")
        kernel = layer.array(f"{path}/vars/0").astype(np.float32)
        is_last = kernel.ndim == 3
        hidden = np.einsum("niod,iod->nio" if is_last else "niod,iodD->nioD", hidden, kernel)
        if layer.get("use_bias", True):
            hidden = hidden + layer.array(f"{path}/vars/1").astype(np.float32)
        if not is_last:
            hidden = inner(hidden.astype(np.float32)).astype(np.float32)
    if layer.get("batch_norm"):
        hidden = _normalised(layer, hidden) / np.float32(np.sqrt(inputs))
    return hidden.astype(np.float32)


def _normalised(layer: KerasLayer, values: np.ndarray) -> np.ndarray:
    count = 2 + bool(layer.get("bn_scale", True)) + bool(layer.get("bn_center", True))
    vectors = [layer.array(f"bn_module/vars/{k}").astype(np.float32) for k in range(count)]
    variance, mean = vectors.pop(), vectors.pop()
    gamma = vectors.pop(0) if layer.get("bn_scale", True) else np.float32(1)
    beta = vectors.pop(0) if layer.get("bn_center", True) else np.float32(0)
    scale = gamma / np.sqrt(variance + np.float32(layer.get("bn_epsilon", 1e-3)))
    return values * scale + (beta - mean * scale)


def _copies(state: HgqImport, layer: KerasLayer, outputs: int) -> Tensor:
    """The input once for each output, each copy quantised on its own: (..., inputs, outputs)."""
    (source,) = state.sources(layer, 1)
    quantiser = None
    if layer.get("enable_iq", True):
        quantiser = HgqQuantiser.of(layer, "iq", layer.config.get("iq_conf"))
    shape = (*source.shape, outputs)
    if quantiser is None:
        source = state.plain(layer, source)
    elif source.is_input:
        types = quantiser.types(shape, layer.where)
        # Copies are several readers, even of one layer.
        readers = state.readers.setdefault(source.node, [])
        readers += [(quantiser, types)] * 2
        if source.node not in state.shared:
            state.shared |= shared_inputs({source.node: readers}, layer.where)
        source = state.shared_input(source)
    numbers = np.repeat(state.numbers(source), outputs).reshape(shape)
    copies = state.moved(f"{layer.name}_copies", source, numbers)
    return state.quantised(layer, f"{layer.name}_iq", copies, quantiser)


def dense_of_tables(state: HgqImport, layer: KerasLayer) -> Tensor:
    """Layer QDenseT: (..., inputs) to (..., outputs)."""
    outputs = int(layer.get("n_out", 0))
    copies = _copies(state, layer, outputs)
    tensor = state.plain(layer, copies)
    source = state.builder.tensors[tensor.node].type
    if source.width > 12:
        raise InputError(f"{layer.where}: tables of {source.width} bits; at most 12 are supported")
    quantiser = HgqQuantiser.of(layer, "toq", layer.config.get("toq_conf"))
    grid = np.arange(source.minimum, source.maximum + 1) * source.step
    found = _edges(layer, grid)
    types = quantiser.types(tensor.shape, layer.where)
    present = [one for one in set(types.ravel()) if one is not None] or [FixedPoint(False, 1, 0)]
    whole = hull(present)
    places: dict[tuple[int, int, FixedPoint | None], int] = {}
    rows: list[np.ndarray] = []
    choice = np.zeros(tensor.shape, np.int64)
    for index, one in zip(np.ndindex(*tensor.shape), types.ravel(), strict=True):
        key = (index[-2], index[-1], one)
        if key not in places:
            places[key] = len(rows)
            row = np.zeros(len(grid), np.int64)
            if one is not None:
                values = quantiser.real(found[:, index[-2], index[-1]], one)
                row = values << whole.fraction_bits - one.fraction_bits
            rows.append(row)
        choice[index] = places[key]
    # Positions in front of an edge mostly have the same tables.
    while choice.ndim > 2 and (choice == choice[:1]).all():
        choice = choice[0]
    node = state.builder.add(
        "table",
        f"{layer.name}_tables",
        [tensor.node],
        tables=np.array(rows),
        choice=choice,
        type=whole,
    )
    axes = len(tensor.shape)
    node = state.builder.add("reduce", layer.name, [node], operation="sum", axes=[axes - 2])
    made = Tensor(
        node,
        state.builder.tensors[node].shape,
        is_relu=function_name(layer, "activation") == "relu",
    )
    if function_name(layer, "activation") not in ("linear", "relu"):
        raise InputError(f"{layer.where}: activation of the sum; relu and linear are supported")
    return outwards(state, layer, made)


TABLES = {"QDenseT": dense_of_tables}
