"""HGQ2's attention and softmax: products of two variables, and tables of exp and 1/x."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.hgq.quantiser import HgqQuantiser
from hexcoder.models.importers.hgq.state import (
    KERAS_EPSILON,
    HgqImport,
    Tensor,
    einsum_layer,
    inwards,
    looked_up,
    outwards,
)
from hexcoder.models.importers.keras import KerasLayer


def _part(layer: KerasLayer, path: str, **config: Any) -> KerasLayer:
    """A layer inside of another: its variables lie under ``path``."""
    prefix = f"{path}/"
    arrays = {k.removeprefix(prefix): v for k, v in layer.arrays.items() if k.startswith(prefix)}
    return replace(layer, name=f"{layer.name}_{path.strip('_')}", config=config, arrays=arrays)


def _projected(
    state: HgqImport,
    layer: KerasLayer,
    path: str,
    tensor: Tensor,
    equation: str,
    has_bias: bool,
    has_output: bool,
    input_path: str | None = None,
) -> Tensor:
    """A projection: quantised input and kernel, a bias of the last axes, a quantised output."""
    given = layer.config
    part = _part(layer, path)
    source = part if input_path is None else _part(layer, input_path)
    iq = HgqQuantiser.of(source, "iq", given.get("qkvo_iq_conf"))
    tensor = state.quantised(layer, f"{part.name}_iq", tensor, iq)
    kq = HgqQuantiser.of(part, "kq", given.get("qkvo_kq_conf"))
    kernel = kq.integers(part.array("vars/0"), part.where)
    bias = None
    if has_bias:
        bq = HgqQuantiser.of(part, "bq", given.get("qkvo_bq_conf"))
        bias = bq.integers(part.array("vars/1"), part.where)
    node = einsum_layer(state, layer, part.name, tensor, equation, kernel, bias)
    made = Tensor(node, state.builder.tensors[node].shape)
    if not has_output:
        return made
    oq = HgqQuantiser.of(part, "oq", given.get("qkvo_oq_conf"))
    return state.quantised(layer, f"{part.name}_oq", made, oq)


def _attention(state: HgqImport, layer: KerasLayer) -> Tensor:
    """Query, key and value of (position, feature); scores of each head through a softmax."""
    sources = state.sources(layer)
    query = sources[0]
    value = sources[1] if len(sources) > 1 else query
    key = sources[2] if len(sources) > 2 else value
    if any(len(tensor.shape) != 2 for tensor in (query, value, key)):
        raise InputError(f"{layer.where}: tensors of (position, feature) are supported")
    if layer.get("attention_axes") not in (None, [1], (1,)):
        raise InputError(f"{layer.where}: attention along axes {layer.get('attention_axes')}")
    has_bias = bool(layer.get("use_bias", True))
    if layer.kind == "QLinformerAttention":
        shared = bool(layer.get("share_kv_proj"))
        equation = "abc,bd->adc"
        key = _projected(state, layer, "_lin_k_proj", key, equation, False, False)
        path = "_lin_k_proj" if shared else "_lin_v_proj"
        value = _projected(state, layer, path, value, equation, False, False)
    fuse = str(layer.get("fuse", "none"))
    equation = "abc,cde->abde"
    of_query = "value_dense" if fuse == "qkv" else None
    of_key = "value_dense" if fuse in ("qkv", "kv") else None
    queries = _projected(state, layer, "query_dense", query, equation, has_bias, True, of_query)
    keys = _projected(state, layer, "key_dense", key, equation, False, True, of_key)
    values = _projected(state, layer, "value_dense", value, equation, has_bias, True)
    # (position, head, feature) to a matrix product for each head.
    name = layer.name
    left = state.moved(f"{name}_q", queries, state.numbers(queries).transpose(1, 0, 2))
    right = state.moved(f"{name}_k", keys, state.numbers(keys).transpose(1, 2, 0))
    node = state.builder.add("matmul", f"{name}_scores", [left.node, right.node])
    scores = Tensor(node, state.builder.tensors[node].shape)
    scale = 1.0 / math.sqrt(float(layer.get("key_dim")))
    weights = _softmax_of(
        state, _part(layer, "_softmax", **_softmax_config(layer)), scores, (2,), scale
    )
    right = state.moved(f"{name}_v", values, state.numbers(values).transpose(1, 0, 2))
    node = state.builder.add("matmul", f"{name}_mixed", [weights.node, right.node])
    mixed = Tensor(node, state.builder.tensors[node].shape)
    mixed = state.moved(f"{name}_heads", mixed, state.numbers(mixed).transpose(1, 0, 2))
    has_output = bool(layer.get("enable_oq"))
    return _projected(state, layer, "output_dense", mixed, "abcd,cde->abe", has_bias, has_output)


def _softmax_config(layer: KerasLayer) -> Mapping[str, Any]:
    """The softmax inside of an attention."""
    keys = {
        "exp_iq_conf": "softmax_exp_iq_conf",
        "exp_oq_conf": "softmax_exp_oq_conf",
        "inv_iq_conf": "softmax_inv_iq_conf",
        "inv_oq_conf": "softmax_inv_oq_conf",
        "oq_conf": "softmax_oq_conf",
    }
    found: dict[str, Any] = {ours: layer.config.get(theirs) for ours, theirs in keys.items()}
    return found | {"stable": layer.get("stable_softmax", True), "enable_oq": True}


def _table(
    state: HgqImport,
    layer: KerasLayer,
    path: str,
    keys: tuple[str | None, str],
    tensor: Tensor,
    function: Callable[[np.ndarray], np.ndarray],
) -> Tensor:
    """A table of a softmax behind its quantisers."""
    part = _part(layer, path)
    if keys[0] is not None:
        iq = HgqQuantiser.of(part, "iq", layer.config.get(keys[0]))
        tensor = state.quantised(layer, f"{part.name}_iq", tensor, iq)
    oq = HgqQuantiser.of(part, "oq", layer.config.get(keys[1]))
    return looked_up(state, layer, part.name, tensor, function, oq)


def _softmax_of(
    state: HgqImport, layer: KerasLayer, tensor: Tensor, axes: tuple[int, ...], scale: float
) -> Tensor:
    """exp of the distance to the greatest, times a table of one over their sum."""
    stable = bool(layer.get("stable", True))
    name = layer.name
    kept = tuple(1 if axis in axes else side for axis, side in enumerate(tensor.shape))
    factor = np.float32(scale)

    def over(node: str, operation: str, what: str) -> str:
        made = state.builder.add("reduce", what, [node], operation=operation, axes=axes)
        return state.builder.move(f"{what}_kept", [made], np.arange(math.prod(kept)).reshape(kept))

    tensor = state.plain(layer, tensor)
    if stable:
        greatest = over(tensor.node, "max", f"{name}_max")
        node = state.builder.add("add", f"{name}_below", [greatest, tensor.node], signs=[1, -1])
        tensor = Tensor(node, tensor.shape)

    def exponential(x: np.ndarray) -> np.ndarray:
        return np.exp(-x * factor if stable else x * factor)

    exp_keys = ("exp_iq_conf" if stable else None, "exp_oq_conf")
    raised = _table(state, layer, "exp_table", exp_keys, tensor, exponential)
    total = Tensor(over(raised.node, "sum", f"{name}_sum"), kept)
    inverse = _table(
        state, layer, "inv_table", ("inv_iq_conf", "inv_oq_conf"), total,
        lambda x: np.float32(1) / (x + KERAS_EPSILON),
    )  # fmt: skip
    node = state.builder.add("multiply", f"{name}_product", [raised.node, inverse.node])
    return outwards(state, layer, Tensor(node, tensor.shape))


def _softmax(state: HgqImport, layer: KerasLayer) -> Tensor:
    (source,) = state.sources(layer, 1)
    tensor = source
    if layer.get("enable_iq"):
        tensor = inwards(state, layer, source)
    axes = layer.get("axes", layer.get("axis", -1))
    rank = len(tensor.shape) + 1
    chosen = tuple(sorted(int(axis) % rank - 1 for axis in np.atleast_1d(axes)))
    if any(axis < 0 for axis in chosen):
        raise InputError(f"{layer.where}: a softmax over the batch")
    return _softmax_of(state, layer, tensor, chosen, float(layer.get("input_scaler", 1.0)))


ATTENTION = {
    "QMultiHeadAttention": _attention,
    "QLinformerAttention": _attention,
    "QSoftmax": _softmax,
}
