"""ONNX and QONNX to a graph of integers, exact: docs/import.md."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers import onnx_operators
from hexcoder.models.importers.onnx_model import OnnxModel, Operator, read_onnx
from hexcoder.models.importers.real import Real
from hexcoder.models.importers.values import InputTypeNeededError, Known, Unquantised, Value
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.schema import NetworkGraph, RealOutput

Kind = TypeVar("Kind")

_FINN_TYPES = {"BINARY": "UQ(1,0)", "UINT": "UQ({0},0)", "INT": "SQ({0},0)"}


@dataclass
class Import:
    """A model while it is read.

    Parameters
    ----------
    model : OnnxModel
    builder : GraphBuilder
    source : str
        What messages begin with: the file.
    values : dict of str to Value
        Of each tensor.
    """

    model: OnnxModel
    builder: GraphBuilder
    source: str
    values: dict[str, Value] = field(default_factory=dict)

    def value(self, operator: Operator, number: int) -> Value:
        """An operator's input; InputError if it has none such, or nothing makes it."""
        if number >= len(operator.inputs) or not operator.inputs[number]:
            raise InputError(f"{operator.where}: input {number} is missing")
        name = operator.inputs[number]
        if name not in self.values:
            raise InputError(f"{operator.where}: nothing makes its input '{name}'")
        return self.values[name]

    def optional(self, operator: Operator, number: int) -> Value | None:
        """An input that an operator need not have."""
        given = number < len(operator.inputs) and operator.inputs[number]
        return self.value(operator, number) if given else None

    def known(self, operator: Operator, number: int) -> Known:
        """An input that must be a constant."""
        value = self.value(operator, number)
        if not isinstance(value, Known):
            raise InputError(
                f"{operator.where}: input {number} must be a constant; it depends on the model's "
                "input"
            )
        return value

    def number(self, operator: Operator, number: int) -> float:
        """An input that must be one number."""
        values = self.known(operator, number).values
        if values.size != 1:
            raise InputError(
                f"{operator.where}: input {number} has {values.size} numbers; it must have one"
            )
        return float(values.ravel()[0])

    def real(self, operator: Operator, number: int = 0) -> Real:
        """An input that must be integers of ours, whatever floats do to them since."""
        value = self.value(operator, number)
        if isinstance(value, Unquantised):
            raise InputTypeNeededError(value.name, operator.where)
        if isinstance(value, Known):
            return self.constant(operator, value)
        return value

    def exact(self, operator: Operator, number: int = 0) -> Real:
        """An input that must be integers times a scale, with no float arithmetic left over."""
        real = self.real(operator, number)
        if not real.is_exact:
            raise InputError(
                f"{operator.where}: its input is not quantised: behind the last exact sum stands "
                f"{real.steps[-1].name} in floats; quantise it"
            )
        return real

    def one_unit(self, operator: Operator, real: Real) -> float:
        """The one scale of a tensor that sums run over."""
        unit = real.one_unit
        if unit is None:
            raise InputError(
                f"{operator.where}: the elements that it adds have several scales; they must have "
                "one, or such that differ by powers of two"
            )
        return unit

    def constant(self, operator: Operator, known: Known) -> Real:
        """A constant as a node."""
        integers, fraction_bits, unit = integers_of(operator, known)
        if integers.ndim and integers.shape[0] == 1:
            integers = integers[0]
        name = f"{operator.name}_constant"
        shaped = integers.reshape(integers.shape or (1,))
        node = self.builder.add("constant", name, [], values=shaped, fraction_bits=fraction_bits)
        units = np.asarray(unit, dtype=np.float64)
        if units.size > 1:
            raise InputError(f"{operator.where}: a constant with several scales is not supported")
        return Real(node, self.builder.tensors[node], units.reshape((1,) * shaped.ndim))

    def with_node(self, node: str, unit: np.ndarray | float) -> Real:
        """A node without float arithmetic behind it."""
        tensor = self.builder.tensors[node]
        units = np.asarray(unit, dtype=np.float64)
        if units.ndim > len(tensor.shape):
            units = units.reshape(units.shape[units.ndim - len(tensor.shape) :])
        return Real(
            node, tensor, units.reshape((1,) * (len(tensor.shape) - units.ndim) + units.shape)
        )


Handler = Callable[[Import, Operator], Value | list[Value]]


def _handlers() -> dict[str, Handler]:
    """Functions by operator, from the files of onnx_operators/."""
    found: dict[str, Handler] = {}
    for module in pkgutil.iter_modules(onnx_operators.__path__):
        found |= importlib.import_module(f"{onnx_operators.__name__}.{module.name}").OPERATORS
    return found


LARGEST_WEIGHT_BITS = 24


def integers_of(operator: Operator, known: Known) -> tuple[np.ndarray, int, np.ndarray]:
    """A constant as integers, their fraction bits and the unit that is left of their scale.

    Raises
    ------
    InputError
        If it was not quantised and is no integer times a power of two of few bits.
    """
    if known.integers is not None and known.scale is not None:
        scale = known.scale
        mantissas, exponents = np.frexp(scale)
        if (mantissas == 0.5).all():
            lowest = int(exponents.min()) - 1
            shifts = exponents.astype(np.int64) - 1 - lowest
            if int(shifts.max(initial=0)) <= LARGEST_WEIGHT_BITS:
                return known.integers << shifts, -lowest, np.ones(1)
        first = float(scale.ravel()[0])
        if (scale == first).all():
            return known.integers, 0, np.array([first])
        return known.integers, 0, scale
    values = known.values.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{operator.where}: a constant has numbers that are not finite")
    for fraction_bits in range(LARGEST_WEIGHT_BITS + 1):
        scaled = np.ldexp(values, fraction_bits)
        if np.abs(scaled).max(initial=0) >= 1 << LARGEST_WEIGHT_BITS:
            break
        if (scaled == np.rint(scaled)).all():
            return scaled.astype(np.int64), fraction_bits, np.ones(1)
    raise InputError(
        f"{operator.where}: its constant is not quantised: it has no common step of a power of two "
        f"within {LARGEST_WEIGHT_BITS} bits; quantise the model"
    )


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
    model = read_onnx(path)
    types = dict(_types_of(model, input_types))
    for _ in range(len(model.inputs) + 1):
        try:
            return _imported(path, model, types)
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


def grid_of(source: str, name: str, samples: np.ndarray) -> FixedPoint:
    """The narrowest type that holds samples exactly.

    Raises
    ------
    InputError
        If they have no common step of a power of two.
    """
    values = np.asarray(samples, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{source}: samples of input '{name}' are not all finite")
    for fraction_bits in range(25):
        scaled = np.ldexp(values, fraction_bits)
        if (scaled == np.rint(scaled)).all() and np.abs(scaled).max(initial=0) < 1 << 31:
            low, high = int(scaled.min(initial=0)), int(scaled.max(initial=0))
            return FixedPoint.holding(low, high, fraction_bits)
    raise InputError(
        f"{source}: samples of input '{name}' have no common step of a power of two: give the type "
        "to which they are rounded with --input-type, such as 'SQ(4,10)'"
    )


def _imported(path: Path, model: OnnxModel, types: Mapping[str, FixedPoint]) -> NetworkGraph:
    builder = GraphBuilder(network_name(path))
    state = Import(model, builder, str(path))
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
    return builder.network()


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
    left_out = [step.name for step in value.steps if step.name in ORDER_KEEPING]
    steps = [step for step in value.steps if step.name not in ORDER_KEEPING]
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
ORDER_KEEPING = ("Softmax", "LogSoftmax")


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
