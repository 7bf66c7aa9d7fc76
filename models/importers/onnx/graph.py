"""ONNX and QONNX to a graph of integers, exact: docs/import.md."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.onnx import operators
from hexcoder.models.importers.onnx.model import OnnxModel, Operator, read_onnx
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.onnx.values import InputTypeNeededError, Known, Unquantised, Value
from hexcoder.models.importers.real import Real
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.grid import grid_of
from hexcoder.network.schema import NetworkGraph, RealOutput

Kind = TypeVar("Kind")

_FINN_TYPES = {"BINARY": "UQ(1,0)", "UINT": "UQ({0},0)", "INT": "SQ({0},0)"}


Handler = Callable[[Import, Operator], Value | list[Value]]


def _handlers() -> dict[str, Handler]:
    """Functions by operator, from the files of operators/."""
    found: dict[str, Handler] = {}
    for module in pkgutil.iter_modules(operators.__path__):
        found |= importlib.import_module(f"{operators.__name__}.{module.name}").OPERATORS
    return found


def import_onnx(
    path: Path,
    input_types: Mapping[str, FixedPoint] | FixedPoint | None = None,
    samples: np.ndarray | None = None,
) -> NetworkGraph:
    """Read an ONNX or QONNX file.

    Parameters
    ----------
    path : Path
    input_types : FixedPoint or mapping of str to FixedPoint, optional
        Of inputs that the model does not quantise first.
    samples : float array (n, elements) or (n, *shape), optional
        Inputs of the model, one after the other, from which such types are taken where they are
        not given.

    Raises
    ------
    InputError
        Where something cannot be imported exactly: the operator, its place, and what would do.
    """
    return import_operators(path, read_onnx(path), input_types, samples)


def import_operators(
    path: Path,
    model: OnnxModel,
    input_types: Mapping[str, FixedPoint] | FixedPoint | None = None,
    samples: np.ndarray | None = None,
) -> NetworkGraph:
    """As :func:`import_onnx`, of a model that has been read."""
    types = dict(_types_of(model, input_types))
    for _ in range(len(model.inputs) + 1):
        try:
            return graph_of(path, model, types)
        except InputTypeNeededError as needed:
            name, where = needed.args
            if samples is None:
                raise InputError(
                    f"{where}: input '{name}' is not quantised before it: give its type with "
                    "--input-type, such as 'SQ(4,10)', or samples with --inputs"
                ) from None
            types[name] = grid_of(str(path), name, _part(path, model, name, samples))
    raise AssertionError("every input has a type")


def _part(path: Path, model: OnnxModel, name: str, samples: np.ndarray) -> np.ndarray:
    """Samples of one input."""
    sizes = {one: math.prod(_shape_of(path, one, sides)) for one, sides in model.inputs.items()}
    flat = samples.reshape(len(samples), -1)
    if flat.shape[1] != sum(sizes.values()):
        raise InputError(
            f"{path}: samples of {flat.shape[1]} elements; the model takes {sum(sizes.values())}"
        )
    before = list(sizes)[: list(sizes).index(name)]
    first = sum(sizes[one] for one in before)
    return flat[:, first : first + sizes[name]]


def _types_of(
    model: OnnxModel, given: Mapping[str, FixedPoint] | FixedPoint | None
) -> Mapping[str, FixedPoint]:
    if isinstance(given, FixedPoint):
        return dict.fromkeys(model.inputs, given)
    if given:
        return given
    found = {}
    for name in model.inputs:
        kind = model.types.get(name, "")
        digits = kind.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        word = kind[: len(kind) - len(digits)]
        if word in _FINN_TYPES and (word == "BINARY") != digits.isdigit():
            found[name] = FixedPoint.parse(_FINN_TYPES[word].format(digits))
    return found


def graph_of(path: Path, model: OnnxModel, types: Mapping[str, FixedPoint]) -> NetworkGraph:
    """The graph of a model, with the types of inputs that it does not quantise itself."""
    return imported(path, model, types).builder.network()


def imported(
    path: Path, model: OnnxModel, types: Mapping[str, FixedPoint], *, is_calibrated: bool = False
) -> Import:
    """A model as nodes, and what its tensors became."""
    builder = GraphBuilder(network_name(path))
    state = Import(model, builder, str(path), is_calibrated=is_calibrated)
    state.values |= {name: Known(values) for name, values in model.constants.items()}
    for name, sides in model.inputs.items():
        shape = _shape_of(path, name, sides)
        if name in types:
            node = builder.input(name, shape, types[name])
            state.values[name] = state.with_node(node, 1.0)
        else:
            numbers = np.arange(math.prod(shape)).reshape(shape)
            state.values[name] = Unquantised(name, shape, numbers)
    handlers = _handlers()
    for operator in model.operators:
        if operator.kind not in handlers:
            raise InputError(
                f"{operator.where}: operator '{operator.kind}' is not supported; supported are "
                f"{', '.join(sorted(handlers))}"
            )
        try:
            made = handlers[operator.kind](state, operator)
        except ValueError as error:
            raise InputError(f"{operator.where}: {error}") from None
        several = made if isinstance(made, list) else [made]
        for output, value in zip(operator.outputs, several, strict=False):
            state.values[output] = value
    for output in model.outputs:
        _put_out(state, output)
    return state


def _put_out(state: Import, name: str) -> None:
    """Let a tensor go out, with what its integers stand for."""
    value = state.values.get(name)
    if not isinstance(value, Real):
        why = "nothing makes it" if value is None else "it does not depend on a quantised input"
        raise InputError(f"{state.source}: output '{name}': {why}")
    real = RealOutput.model_validate(described_output(state, name, value))
    node = value.node
    if state.builder.is_input(node):
        node = state.builder.move(name, [node], state.builder.numbers(node))
    state.builder.output(node, real)


def described_output(state: Import, name: str, value: Real) -> dict[str, object]:
    """Scale and offset of an output: what its steps do to integers, which is affine."""
    steps, left_out = list(value.steps), list[str]()
    while steps and steps[-1].name in ORDER_KEEPING:
        left_out.insert(0, steps.pop().name)
    if any(step.name not in AFFINE for step in steps):
        wrong = next(step.name for step in steps if step.name not in AFFINE)
        raise InputError(
            f"{state.source}: output '{name}': behind the last exact sum stands {wrong} in floats: "
            "quantise the output, or cut the model before it"
        )
    last = len(value.shape) - 1
    bare = Real(value.node, value.tensor, value.unit, tuple(steps))
    axes = bare.varying_axes()
    if not steps and axes == ():
        unit = value.one_unit
        scale: object = float(value.scale.ravel()[0]) if unit != 1 else None
        return {"scale": scale, "left_out": ", ".join(left_out) or None}
    if axes not in ((), (last,)):
        raise InputError(
            f"{state.source}: output '{name}' has scales of its own along other axes than the last"
        )
    shape = [value.shape[axis] if axis in axes else 1 for axis in range(last + 1)]
    slope, offset = affine_of(bare)
    sides = [np.broadcast_to(one, shape).ravel().tolist() for one in (slope, offset)]
    slopes, offsets = (side if len(side) > 1 else side[0] for side in sides)
    return {"scale": slopes, "offset": offsets, "left_out": ", ".join(left_out) or None}


AFFINE = ("Mul", "Div", "Add", "Sub", "Neg", "BatchNormalization")
ORDER_KEEPING = ("Softmax", "LogSoftmax", "Sigmoid")


def affine_of(real: Real) -> tuple[np.ndarray, np.ndarray]:
    """Slope a step of the integers, and value at 0, of affine steps in float64."""
    slope, offset = real.scale, np.zeros(1)
    for step in real.steps:
        constant = step.function(np.zeros(1), *step.parameters)
        factor = step.function(np.ones(1), *step.parameters) - constant
        slope, offset = slope * factor, offset * factor + constant
    return slope, offset


def _shape_of(path: Path, name: str, sides: list[int | str]) -> tuple[int, ...]:
    """Shape of an input without the batch, its first axis."""
    if not sides:
        raise InputError(f"{path}: input '{name}' has no shape: save the model with one")
    rest = sides[1:]
    if not rest:
        raise InputError(f"{path}: input '{name}' has shape {sides}: it needs a batch and one axis")
    for side in rest:
        if not isinstance(side, int) or side <= 0:
            raise InputError(
                f"{path}: input '{name}' has the shape {sides}: but for the batch, the first axis, "
                "all sides must be numbers"
            )
    return tuple(side for side in rest if isinstance(side, int))
