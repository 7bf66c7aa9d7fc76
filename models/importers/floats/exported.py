"""Modules of torch as operators of ONNX: a file of ``torch.export``, or a module at hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.floats.pt2 import Call, Program, Tensor, read_pt2
from hexcoder.models.importers.floats.writer import OPSET, Writer
from hexcoder.models.importers.onnx.model import OnnxModel


class _Exported:
    """A program while its calls become operators; tensors are called as in the program."""

    def __init__(self, program: Program, source: str):
        self.program = program
        self.writer = Writer(source)
        self.writer.constants.update(program.constants)
        self.names = {name: name for name in [*program.inputs, *program.constants]}

    def add(self, call: Call, kind: str, *given: str, part: str = "", **attributes: Any) -> str:
        """An operator that a call becomes, or a ``part`` of it."""
        name = f"{call.name}_{part}" if part else call.name
        return self.writer.add(kind, name, list(given), call.where, **attributes)

    def tensor(self, call: Call, key: str) -> str:
        """A tensor that a call reads, or a number as a constant."""
        value = call.arguments.get(key)
        if isinstance(value, Tensor):
            if value.name not in self.names:
                raise InputError(f"{call.where}: nothing makes its input '{value.name}'")
            return self.names[value.name]
        if isinstance(value, int | float):
            return self.writer.constant(np.float32(value))
        raise InputError(f"{call.where}: its argument '{key}' is missing")

    def array(self, call: Call, key: str) -> np.ndarray | None:
        """A weight, None where the call has none."""
        value = call.arguments.get(key)
        if value is None:
            return None
        name = self.tensor(call, key)
        if name not in self.writer.constants:
            raise InputError(f"{call.where}: its '{key}' must be a constant of the module")
        array = self.writer.constants[name]
        return array.astype(np.float32) if array.dtype.kind == "f" else array

    def weight(self, call: Call, key: str) -> np.ndarray:
        """A weight that a call must have."""
        array = self.array(call, key)
        if array is None:
            raise InputError(f"{call.where}: its argument '{key}' is missing")
        return array

    def shape(self, name: str) -> list[int]:
        """Of a tensor, with a batch of 1."""
        sides = self.program.shapes[name]
        if not sides or None in sides[1:]:
            raise InputError(
                f"{self.writer.source}: tensor '{name}' has sides that are not given: but for the "
                "batch, the first axis, export with fixed shapes"
            )
        return [1, *(int(side or 0) for side in sides[1:])]

    def sides(self, call: Call, key: str = "input") -> list[int]:
        """Shape of a tensor that a call reads."""
        for name in (key, "self", "input"):
            value = call.arguments.get(name)
            if isinstance(value, Tensor):
                return self.shape(value.name)
        raise InputError(f"{call.where}: its argument '{key}' is missing")


Handler = Callable[[_Exported, Call], "str | list[str]"]


def _linear(state: _Exported, call: Call) -> str:
    weight = state.writer.constant(state.weight(call, "weight").T)
    bias = state.array(call, "bias")
    given = state.tensor(call, "input")
    if bias is None:
        return state.add(call, "MatMul", given, weight)
    made = state.add(call, "MatMul", given, weight, part="product")
    return state.add(call, "Add", made, state.writer.constant(bias))


def _addmm(state: _Exported, call: Call) -> str:
    if call.arguments.get("alpha", 1) != 1 or call.arguments.get("beta", 1) != 1:
        raise InputError(f"{call.where}: alpha and beta must be 1")
    given = state.tensor(call, "mat1"), state.tensor(call, "mat2")
    made = state.add(call, "MatMul", *given, part="product")
    return state.add(call, "Add", made, state.tensor(call, "self"))


def _windows(call: Call, key: str, axes: int, default: Any) -> list[int]:
    """A number for each axis."""
    value = call.arguments.get(key)
    value = default if value is None or value == [] else value
    numbers = list(value) if isinstance(value, list) else [value]
    return [int(one) for one in (numbers * axes if len(numbers) == 1 else numbers)]


def _convolution(state: _Exported, call: Call) -> str:
    weight, bias = state.weight(call, "weight"), state.array(call, "bias")
    axes = weight.ndim - 2
    if call.arguments.get("transposed"):
        raise InputError(f"{call.where}: a transposed convolution is not supported")
    attributes: dict[str, Any] = {}
    padding = call.arguments.get("padding")
    dilation = _windows(call, "dilation", axes, 1)
    if isinstance(padding, str):
        pads = [0] * axes, [0] * axes
        if padding == "same":
            whole = [
                step * (side - 1) for side, step in zip(weight.shape[2:], dilation, strict=True)
            ]
            pads = [one // 2 for one in whole], [one - one // 2 for one in whole]
        attributes["pads"] = [*pads[0], *pads[1]]
    else:
        attributes["pads"] = _windows(call, "padding", axes, 0) * 2
    given = [state.tensor(call, "input"), state.writer.constant(weight)]
    given += [] if bias is None else [state.writer.constant(bias)]
    return state.add(call, "Conv", *given, strides=_windows(call, "stride", axes, 1),
                     dilations=dilation, kernel_shape=list(weight.shape[2:]),
                     group=int(call.arguments.get("groups", 1)), **attributes)  # fmt: skip


def _normalised(state: _Exported, call: Call) -> str:
    if call.arguments.get("training"):
        raise InputError(f"{call.where}: the module is in training: export model.eval()")
    mean, variance = (state.weight(call, f"running_{word}") for word in ("mean", "var"))
    scale, bias = state.array(call, "weight"), state.array(call, "bias")
    parts = [
        np.ones_like(mean) if scale is None else scale,
        np.zeros_like(mean) if bias is None else bias,
        mean,
        variance,
    ]
    given = [state.writer.constant(part) for part in parts]
    epsilon = float(call.arguments.get("eps", 1e-5))
    return state.add(
        call, "BatchNormalization", state.tensor(call, "input"), *given, epsilon=epsilon
    )


def _pool(kind: str, axes: int) -> Handler:
    def apply(state: _Exported, call: Call) -> str:
        size = _windows(call, "kernel_size", axes, 1)
        if any(one != 1 for one in _windows(call, "dilation", axes, 1)):
            raise InputError(f"{call.where}: dilation is not supported")
        if call.arguments.get("divisor_override") is not None:
            raise InputError(f"{call.where}: divisor_override is not supported")
        attributes: dict[str, Any] = {}
        if kind == "AveragePool":
            attributes["count_include_pad"] = int(call.arguments.get("count_include_pad", True))
        return state.add(call, kind, state.tensor(call, "self"), kernel_shape=size,
                         strides=_windows(call, "stride", axes, size),
                         pads=_windows(call, "padding", axes, 0) * 2,
                         ceil_mode=int(call.arguments.get("ceil_mode", False)),
                         **attributes)  # fmt: skip

    return apply


def _adaptive(kind: str, axes: int) -> Handler:
    """Windows that divide the sides."""

    def apply(state: _Exported, call: Call) -> str:
        sides, wanted = state.sides(call)[-axes:], _windows(call, "output_size", axes, 1)
        if any(side % count for side, count in zip(sides, wanted, strict=True)):
            raise InputError(f"{call.where}: {sides} into {wanted}; windows of one size are read")
        size = [side // count for side, count in zip(sides, wanted, strict=True)]
        given = state.tensor(call, "self")
        return state.add(call, kind, given, kernel_shape=size, strides=size)

    return apply


def _reduced(kind: str) -> Handler:
    def apply(state: _Exported, call: Call) -> str:
        rank = len(state.sides(call))
        axes = [axis % rank for axis in _windows(call, "dim", 1, list(range(1, rank)))]
        given, keeps = state.tensor(call, "self"), int(call.arguments.get("keepdim", False))
        if kind == "ReduceSum":
            places = state.writer.constant(np.array(axes, np.int64))
            return state.add(call, kind, given, places, keepdims=keeps)
        return state.add(call, kind, given, axes=axes, keepdims=keeps)

    return apply


def _reshaped(state: _Exported, call: Call) -> str:
    """To the shape that the program says, with a batch of 1."""
    given = state.tensor(call, "self")
    wanted = state.program.shapes[call.outputs[0]]
    if given in state.writer.constants:
        shape = [int(side or 0) for side in wanted]
    else:
        shape = state.shape(call.outputs[0])
    return state.add(call, "Reshape", given, state.writer.constant(np.array(shape, np.int64)))


def _expanded(state: _Exported, call: Call) -> str:
    shape = state.writer.constant(np.array(state.shape(call.outputs[0]), np.int64))
    return state.add(call, "Expand", state.tensor(call, "self"), shape)


def _permuted(state: _Exported, call: Call) -> str:
    rank = len(state.program.shapes[call.outputs[0]])
    order = list(range(rank))
    if "dims" in call.arguments:
        order = [int(axis) % rank for axis in call.arguments["dims"]]
    else:
        places = call.arguments.get("dim0", 0), call.arguments.get("dim1", 1)
        first, second = (int(axis) % rank for axis in places)
        order[first], order[second] = second, first
    given = state.tensor(call, "self")
    if order[:1] != [0] and given not in state.writer.constants:
        raise InputError(
            f"{call.where}: it moves the batch, which must stay the first axis (attention: "
            "torch.nn.functional.scaled_dot_product_attention is read)"
        )
    return state.add(call, "Transpose", given, perm=order)


def _cut(state: _Exported, call: Call, axis: int, first: int, last: int, step: int, k: int) -> str:
    numbers = [np.array([one], np.int64) for one in (first, last, axis, step)]
    given = [state.writer.constant(one) for one in numbers]
    return state.add(call, "Slice", state.tensor(call, "self"), *given, part=f"part{k}")


def _sliced(state: _Exported, call: Call) -> str:
    get = call.arguments.get
    last = get("end")
    last = 2**31 - 1 if last is None else min(int(last), 2**31 - 1)
    axis, first, step = int(get("dim", 0)), int(get("start") or 0), int(get("step", 1))
    if axis % len(state.program.shapes[call.outputs[0]]) == 0:
        # The whole batch.
        return state.tensor(call, "self")
    return _cut(state, call, axis, first, last, step, 0)


def _split(state: _Exported, call: Call) -> list[str]:
    axis, made, first = int(call.arguments.get("dim", 0)), [], 0
    for k, name in enumerate(call.outputs):
        side = state.shape(name)[axis]
        made.append(_cut(state, call, axis, first, first + side, 1, k))
        first += side
    return made


def _selected(state: _Exported, call: Call) -> str:
    place = state.writer.constant(np.int64(call.arguments["index"]))
    axis = int(call.arguments.get("dim", 0))
    return state.add(call, "Gather", state.tensor(call, "self"), place, axis=axis)


def _joined(state: _Exported, call: Call) -> str:
    given = [state.names[one.name] for one in call.arguments["tensors"]]
    return state.add(call, "Concat", *given, axis=int(call.arguments.get("dim", 0)))


def _binary(kind: str) -> Handler:
    def apply(state: _Exported, call: Call) -> str:
        if call.arguments.get("alpha", 1) != 1 or call.arguments.get("rounding_mode") is not None:
            raise InputError(f"{call.where}: alpha and rounding_mode are not supported")
        return state.add(call, kind, state.tensor(call, "self"), state.tensor(call, "other"))

    return apply


def _power(state: _Exported, call: Call) -> str:
    if call.arguments.get("exponent", 2) != 2:
        raise InputError(f"{call.where}: exponent {call.arguments['exponent']}; 2 is supported")
    given = state.tensor(call, "self")
    return state.add(call, "Mul", given, given)


def _unary(kind: str, **names: tuple[str, float]) -> Handler:
    """``names``: attributes of ONNX by torch's name and default."""

    def apply(state: _Exported, call: Call) -> str:
        attributes: dict[str, Any] = {
            key: float(call.arguments.get(name, default)) for key, (name, default) in names.items()
        }
        return state.add(call, kind, state.tensor(call, "self"), **attributes)

    return apply


def _clamped(low: float | None, high: float | None) -> Handler:
    def apply(state: _Exported, call: Call) -> str:
        bounds = []
        for keys, default in ((("min", "min_val"), low), (("max", "max_val"), high)):
            found = [call.arguments[key] for key in keys if call.arguments.get(key) is not None]
            value = found[0] if found else default
            bounds.append("" if value is None else state.writer.constant(np.float32(value)))
        return state.add(call, "Clip", state.tensor(call, "self"), *bounds)

    return apply


def _silu(state: _Exported, call: Call) -> str:
    given = state.tensor(call, "self")
    return state.add(call, "Mul", given, state.add(call, "Sigmoid", given, part="sigmoid"))


def _softmax(kind: str) -> Handler:
    def apply(state: _Exported, call: Call) -> str:
        rank = len(state.sides(call))
        axis = int(call.arguments.get("dim", -1)) % rank - rank
        return state.add(call, kind, state.tensor(call, "self"), axis=axis)

    return apply


def _attention(state: _Exported, call: Call) -> str:
    """Scaled dot products, without a mask."""
    if call.arguments.get("attn_mask") is not None or call.arguments.get("is_causal"):
        raise InputError(f"{call.where}: a mask is not supported")
    sides = state.sides(call, "query")
    order = [*range(len(sides) - 2), len(sides) - 1, len(sides) - 2]
    query, key, value = (state.tensor(call, word) for word in ("query", "key", "value"))
    turned = state.add(call, "Transpose", key, part="turned", perm=order)
    scale = call.arguments.get("scale") or sides[-1] ** -0.5
    query = state.add(call, "Mul", query, state.writer.constant(np.float32(scale)), part="query")
    scores = state.add(call, "MatMul", query, turned, part="scores")
    weights = state.add(call, "Softmax", scores, part="weights", axis=-1)
    return state.add(call, "MatMul", weights, value)


def _product(state: _Exported, call: Call) -> str:
    other = next(key for key in ("mat2", "other") if key in call.arguments)
    return state.add(call, "MatMul", state.tensor(call, "self"), state.tensor(call, other))


def _same(state: _Exported, call: Call) -> str:
    key = "self" if "self" in call.arguments else "input"
    return state.tensor(call, key)


CALLS: dict[str, Handler] = {
    "linear": _linear,
    "addmm": _addmm,
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("mm", "bmm", "matmul"), _product),
    **dict.fromkeys(("conv1d", "conv2d", "convolution"), _convolution),
    **dict.fromkeys(("batch_norm", "_native_batch_norm_legit_no_training"), _normalised),
    "max_pool1d": _pool("MaxPool", 1),
    "max_pool2d": _pool("MaxPool", 2),
    "avg_pool1d": _pool("AveragePool", 1),
    "avg_pool2d": _pool("AveragePool", 2),
    "adaptive_avg_pool1d": _adaptive("AveragePool", 1),
    "adaptive_avg_pool2d": _adaptive("AveragePool", 2),
    "adaptive_max_pool1d": _adaptive("MaxPool", 1),
    "adaptive_max_pool2d": _adaptive("MaxPool", 2),
    "mean": _reduced("ReduceMean"),
    "sum": _reduced("ReduceSum"),
    "amax": _reduced("ReduceMax"),
    **dict.fromkeys(
        ("view", "_unsafe_view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"),
        _reshaped,
    ),
    "expand": _expanded,
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T"), _permuted),
    "slice": _sliced,
    "select": _selected,
    **dict.fromkeys(("split", "chunk", "split_with_sizes"), _split),
    "cat": _joined,
    "add": _binary("Add"),
    "sub": _binary("Sub"),
    "mul": _binary("Mul"),
    "div": _binary("Div"),
    **dict.fromkeys(("pow", "square"), _power),
    "relu": _unary("Relu"),
    "sigmoid": _unary("Sigmoid"),
    "tanh": _unary("Tanh"),
    "exp": _unary("Exp"),
    "log": _unary("Log"),
    "sqrt": _unary("Sqrt"),
    "abs": _unary("Abs"),
    "neg": _unary("Neg"),
    "reciprocal": _unary("Reciprocal"),
    "softplus": _unary("Softplus"),
    "hardswish": _unary("HardSwish"),
    "elu": _unary("Elu", alpha=("alpha", 1.0)),
    "leaky_relu": _unary("LeakyRelu", alpha=("negative_slope", 0.01)),
    "hardtanh": _clamped(-1.0, 1.0),
    "relu6": _clamped(0.0, 6.0),
    "clamp": _clamped(None, None),
    "silu": _silu,
    **dict.fromkeys(("softmax", "_softmax"), _softmax("Softmax")),
    **dict.fromkeys(("log_softmax", "_log_softmax"), _softmax("LogSoftmax")),
    **dict.fromkeys(("dropout", "clone", "contiguous", "detach", "alias", "to", "_to_copy"), _same),
}
"""By torch's name, without overload and the mark of an operation in place."""


def read_exported(path: Path, content: bytes | None = None) -> OnnxModel:
    """A file of ``torch.export.save``, or its bytes, as operators of ONNX.

    Raises
    ------
    InputError
        As :func:`read_pt2`; and if it calls what is not read: the operator, and what is.
    """
    program = read_pt2(path, content)
    state = _Exported(program, str(path))
    inputs: dict[str, list[int | str]] = {
        name: ["batch", *state.shape(name)[1:]] for name in program.inputs
    }
    for call in program.calls:
        kind = call.target.split(".")[0]
        # What torch checks of sizes, and how large they are: the batch, which is 1 here.
        if kind.startswith(("_assert", "sym_size", "sym_constrain")) or not call.outputs:
            continue
        handler = CALLS.get(kind.removesuffix("_")) or CALLS.get(kind)
        if handler is None:
            raise InputError(
                f"{call.where}: an operator that is not read; "
                "those that are stand in docs/import.md"
            )
        try:
            made = handler(state, call)
        except (KeyError, IndexError, TypeError, ValueError, StopIteration, ZeroDivisionError):
            raise InputError(f"{call.where}: its arguments are not as torch writes them") from None
        several = made if isinstance(made, list) else [made]
        state.names |= dict(zip(call.outputs, several, strict=False))
    missing = [name for name in program.outputs if name not in state.names]
    if missing or not state.writer.operators:
        raise InputError(f"{path}: output '{(missing or ['none'])[0]}': nothing makes it")
    outputs = [state.names[name] for name in program.outputs]
    return OnnxModel(inputs, outputs, state.writer.constants, state.writer.operators, OPSET, {})


def exported_module(module: Any, samples: list[np.ndarray]) -> bytes:
    """A module of torch as ``torch.export.save`` writes it.

    Parameters
    ----------
    module : torch.nn.Module
        Its way from inputs to outputs must be one graph.
    samples : list of float array (n, ...)
        Of each input.

    Raises
    ------
    InputError
        If torch cannot export it: why, in one line.
    """
    import torch

    was_training = module.training
    module.eval()
    try:
        examples = tuple(torch.as_tensor(one[:1], dtype=torch.float32) for one in samples)
        buffer = io.BytesIO()
        torch.export.save(torch.export.export(module, examples), buffer)
    except Exception as error:  # whatever a user's module raises
        first = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise InputError(f"{type(module).__name__}: torch.export fails on it: {first}") from None
    finally:
        module.train(was_training)
    return buffer.getvalue()
