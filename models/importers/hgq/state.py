"""A Keras model of HGQ2's layers while it is read, and what its layers have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.hgq.quantiser import HgqQuantiser, shortest
from hexcoder.models.importers.keras import KerasLayer, KerasModel
from hexcoder.network.aligned import hull
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.schema import RealInput

KERAS_EPSILON = np.float32(1e-7)


@dataclass(frozen=True)
class Tensor:
    """A node of ours; a relu that the next quantiser takes with it; an input not yet quantised."""

    node: str
    shape: tuple[int, ...]
    is_relu: bool = False
    is_input: bool = False


@dataclass(frozen=True)
class SharedInput:
    """An input that several quantisers read: its type, and what becomes of values beyond it."""

    type: FixedPoint
    overflow: str


@dataclass
class HgqImport:
    """A model while it is read.

    Parameters
    ----------
    shared : dict of str to SharedInput
        Inputs that several quantisers read, by name: known once the model has been read.
    readers : dict of str to list
        Quantisers of each input so far, with the types of its elements.
    """

    model: KerasModel
    builder: GraphBuilder
    input_type: FixedPoint | None
    shared: dict[str, SharedInput] = field(default_factory=dict)
    values: dict[str, Tensor] = field(default_factory=dict)
    readers: dict[str, list[tuple[HgqQuantiser, np.ndarray]]] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def sources(self, layer: KerasLayer, count: int | None = None) -> list[Tensor]:
        """What a layer reads."""
        found = []
        for name in layer.sources:
            if name not in self.values:
                raise InputError(f"{layer.where}: nothing makes its input '{name}'")
            found.append(self.values[name])
        if not found or (count is not None and len(found) != count):
            raise InputError(f"{layer.where}: it reads {len(found)} tensors; {count} are expected")
        return found

    def quantised(
        self, layer: KerasLayer, name: str, tensor: Tensor, quantiser: HgqQuantiser | None
    ) -> Tensor:
        """A tensor behind a quantiser; an input of the model becomes one of the network here."""
        if quantiser is None:
            return self.plain(layer, tensor)
        types = quantiser.types(tensor.shape, layer.where)
        if all(one is None for one in types.ravel()) and not tensor.is_input:
            zeros = np.zeros(tensor.shape, np.int64)
            return Tensor(self.builder.add("constant", name, [], values=zeros), tensor.shape)
        if tensor.is_input:
            return self._taken(tensor, types, quantiser, name)
        return self.quantised_again(name, tensor, types, quantiser)

    def _taken(
        self, tensor: Tensor, types: np.ndarray, quantiser: HgqQuantiser, name: str
    ) -> Tensor:
        """The only quantiser of an input: the network takes what it gives."""
        self.readers.setdefault(tensor.node, []).append((quantiser, types))
        if tensor.node in self.shared:
            return self.quantised_again(name, self.shared_input(tensor), types, quantiser)
        present = [one for one in set(types.ravel()) if one is not None]
        whole = hull(present) if present else FixedPoint(False, 1, 0)
        real = RealInput.model_validate(
            {
                "rounding": quantiser.rounding,
                "overflow": quantiser.overflow,
                "types": shortest(types),
            }
        )
        node = self.builder.input(tensor.node, tensor.shape, whole, real)
        # What comes in has these types already: their narrower bits are said here, at no cost.
        node = self.builder.add(
            "requantise", name, [node], type=shortest(types), rounding="floor", overflow="wrap"
        )
        return Tensor(node, tensor.shape)

    def shared_input(self, tensor: Tensor) -> Tensor:
        """An input that several quantisers read, each in its own way."""
        shared = self.shared[tensor.node]
        if tensor.node not in self.inputs:
            real = RealInput.model_validate({"rounding": "floor", "overflow": shared.overflow})
            node = self.builder.input(tensor.node, tensor.shape, shared.type, real)
            self.inputs[tensor.node] = node
        return Tensor(self.inputs[tensor.node], tensor.shape)

    def quantised_again(
        self, name: str, tensor: Tensor, types: np.ndarray, quantiser: HgqQuantiser
    ) -> Tensor:
        """A node ``requantise``."""
        node = self.builder.add(
            "requantise",
            name,
            [tensor.node],
            type=shortest(types),
            rounding=quantiser.rounding,
            overflow=quantiser.overflow,
            minimum=0 if tensor.is_relu else None,
        )
        return Tensor(node, tensor.shape)

    def plain(self, layer: KerasLayer, tensor: Tensor) -> Tensor:
        """A tensor as exact integers, with no relu left to do."""
        if tensor.is_input:
            if self.input_type is None:
                raise InputError(
                    f"{layer.where}: the model's input is not quantised before it: give its type "
                    "with --input-type, such as 'SQ(4,10)'"
                )
            if tensor.node not in self.inputs:
                node = self.builder.input(tensor.node, tensor.shape, self.input_type)
                self.inputs[tensor.node] = node
            return Tensor(self.inputs[tensor.node], tensor.shape)
        if not tensor.is_relu:
            return tensor
        type_ = self.builder.tensors[tensor.node].type
        bits = type_.integer_bits - type_.signed
        if bits + type_.fraction_bits > 32:
            raise InputError(f"{layer.where}: a relu of {type_.width} bits; quantise it to fewer")
        node = self.builder.add(
            "requantise",
            f"{tensor.node}_relu",
            [tensor.node],
            type=FixedPoint(False, max(bits, 1 - type_.fraction_bits), type_.fraction_bits),
            minimum=0,
        )
        return Tensor(node, tensor.shape)

    def moved(self, name: str, tensor: Tensor, numbers: np.ndarray) -> Tensor:
        """Elements in another order or shape."""
        node = self.builder.move(name, [tensor.node], numbers)
        return replace(tensor, node=node, shape=numbers.shape)

    def numbers(self, tensor: Tensor) -> np.ndarray:
        """Numbers of a tensor's elements in its shape."""
        return np.arange(math.prod(tensor.shape)).reshape(tensor.shape)


def shared_inputs(
    readers: dict[str, list[tuple[HgqQuantiser, np.ndarray]]], where: str
) -> dict[str, SharedInput]:
    """Of each input with several readers a type that decides what every one of them makes of it.

    It is as fine as the finest and half a step, rounded down: rounding halves up to any coarser
    step is decided by the number rounded down to half of that step.
    """
    shared = {}
    for name, several in readers.items():
        if len(several) < 2:
            continue
        types = [one for _, types in several for one in set(types.ravel()) if one is not None]
        whole = hull(types or [FixedPoint(False, 1, 0)])
        wraps = {quantiser.overflow == "wrap" for quantiser, _ in several}
        rounds = {quantiser.rounding for quantiser, _ in several} - {"floor", "half_up"}
        if len(wraps) > 1 or rounds:
            raise InputError(
                f"{where}: input '{name}' is read by several quantisers that round or overflow in "
                "ways that do not go together: quantise it once, behind the input"
            )
        type_ = FixedPoint(whole.signed, whole.integer_bits, whole.fraction_bits + 1)
        shared[name] = SharedInput(type_, "wrap" if wraps.pop() else "saturate")
    return shared


def quantiser_of(
    layer: KerasLayer, path: str, key: str, enabled: bool = True
) -> HgqQuantiser | None:
    """A layer's quantiser, None where it has none."""
    if not enabled or layer.config.get(key) is None:
        return None
    return HgqQuantiser.of(layer, path, layer.config[key])


def einsum_layer(
    state: HgqImport,
    layer: KerasLayer,
    name: str,
    tensor: Tensor,
    equation: str,
    kernel: tuple[np.ndarray, int],
    bias: tuple[np.ndarray, int] | None,
) -> str:
    """A sum by Einstein's convention, the batch first in input and output."""
    letters = without_batch(layer, equation, len(tensor.shape), kernel[0].ndim)
    weights, fraction_bits = kernel
    keys: dict[str, Any] = {"weights": weights, "fraction_bits": fraction_bits}
    given, constant, wanted = letters
    is_dense = constant == given[-1:] + wanted[-1:] and given[:-1] == wanted[:-1]
    if not is_dense:
        keys["equation"] = f"{given},{constant}->{wanted}"
    if bias is not None and bias[0].any():
        keys |= {"biases": bias[0], "bias_fraction_bits": bias[1]}
    return state.builder.add("linear", name, [tensor.node], **keys)


def without_batch(
    layer: KerasLayer, equation: str, input_axes: int, kernel_axes: int
) -> tuple[str, str, str]:
    """Axes of input, kernel and output without the batch, as letters from a to z."""
    try:
        left, wanted = equation.replace(" ", "").split("->")
        given, constant = left.split(",")
    except ValueError:
        raise InputError(f"{layer.where}: equation '{equation}' is not understood") from None
    if "..." in given:
        spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
        several = "".join(spare[: input_axes + 1 - (len(given) - 3)])
        given, wanted = given.replace("...", several), wanted.replace("...", several)
    batch = given[:1]
    fits = len(given) == input_axes + 1 and len(constant) == kernel_axes
    if not fits or batch in constant or wanted[:1] != batch:
        raise InputError(f"{layer.where}: equation '{equation}' is not supported")
    order = dict.fromkeys(given[1:] + constant)
    plain = {letter: "abcdefghijklmnopqrstuvwxyz"[k] for k, letter in enumerate(order)}
    parts = (given[1:], constant, wanted[1:])
    if any(letter not in plain for letter in parts[2]):
        raise InputError(f"{layer.where}: equation '{equation}' is not supported")
    given, constant, wanted = ("".join(plain[c] for c in part) for part in parts)
    return given, constant, wanted


def activated(layer: KerasLayer, node: str, state: HgqImport) -> Tensor:
    """A node behind a layer's activation."""
    activation = layer.get("activation", "linear")
    shape = state.builder.tensors[node].shape
    if activation not in ("linear", "relu"):
        raise InputError(
            f"{layer.where}: activation '{activation}'; relu and linear are supported here, others "
            "as a layer QUnaryFunctionLUT"
        )
    return Tensor(node, shape, is_relu=activation == "relu")


def outwards(state: HgqImport, layer: KerasLayer, tensor: Tensor) -> Tensor:
    """Behind a layer's output quantiser, if it has one."""
    quantiser = quantiser_of(layer, "oq", "oq_conf", bool(layer.get("enable_oq")))
    if quantiser is None:
        return tensor
    return state.quantised(layer, f"{layer.name}_oq", tensor, quantiser)


def inwards(state: HgqImport, layer: KerasLayer, tensor: Tensor) -> Tensor:
    """Behind a layer's input quantiser, if it has one."""
    quantiser = quantiser_of(layer, "iq", "iq_conf", bool(layer.get("enable_iq", True)))
    return state.quantised(layer, f"{layer.name}_iq", tensor, quantiser)


def looked_up(
    state: HgqImport,
    layer: KerasLayer,
    name: str,
    tensor: Tensor,
    function: Callable[[np.ndarray], np.ndarray],
    quantiser: HgqQuantiser,
) -> Tensor:
    """A function of each element in float32, cut by a quantiser: a table."""
    tensor = state.plain(layer, tensor)
    source = state.builder.tensors[tensor.node]
    types = quantiser.types(tensor.shape, layer.where)
    present = [one for one in dict.fromkeys(types.ravel()) if one is not None]
    if not present:
        present = [FixedPoint(False, 1, 0)]
    if source.type.width > 16:
        raise InputError(
            f"{layer.where}: a function of {source.type.width} bits; at most 16 are supported"
        )
    values = np.arange(source.type.minimum, source.type.maximum + 1) * source.type.step
    with np.errstate(all="ignore"):
        found = np.asarray(function(values.astype(np.float32)), np.float32)
    whole = hull(present)
    rows, places = [], {}
    for one in [*present, None]:
        places[one] = len(rows)
        row = np.zeros(len(values), np.int64)
        if one is not None:
            row = quantiser.real(found, one) << whole.fraction_bits - one.fraction_bits
        rows.append(row)
    choice = np.array([places[one] for one in types.ravel()]).reshape(types.shape)
    same = len(set(choice.ravel().tolist())) == 1
    node = state.builder.add(
        "table",
        name,
        [tensor.node],
        tables=rows[choice.ravel()[0]] if same else np.array(rows),
        choice=None if same else choice,
        type=whole,
    )
    return Tensor(node, tensor.shape)
