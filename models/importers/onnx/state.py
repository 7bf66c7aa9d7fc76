"""A model of ONNX while it is read: its tensors, and what operators ask of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import WIDEST_TYPE_BITS, FixedPoint
from hexcoder.models.importers.onnx.model import OnnxModel, Operator
from hexcoder.models.importers.onnx.values import (
    InputTypeNeededError,
    Known,
    Quantised,
    Unquantised,
    Value,
)
from hexcoder.models.importers.real import Real
from hexcoder.network.builder import GraphBuilder


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
    is_calibrated : bool
        Its constants have been rounded: products with them are exact.
    relus : dict of str to str
        Nodes without their negative numbers, by node.
    """

    model: OnnxModel
    builder: GraphBuilder
    source: str
    values: dict[str, Value] = field(default_factory=dict)
    is_calibrated: bool = False
    relus: dict[str, str] = field(default_factory=dict)

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
        if isinstance(value, Quantised):
            raise InputError(
                f"{operator.where}: it reads the integers of {value.name}; only Clip, operators "
                "that move elements, and DequantizeLinear may"
            )
        return value

    def exact(self, operator: Operator, number: int = 0) -> Real:
        """An input that must be integers times a scale, with no float arithmetic left over."""
        real = self.real(operator, number)
        if not real.is_exact:
            made = self._in_integers(operator, real)
            if made is not None:
                return made
            raise InputError(
                f"{operator.where}: its input is not quantised: behind the last exact sum stands "
                f"{real.steps[-1].name} in floats; quantise it"
            )
        return real

    def _in_integers(self, operator: Operator, real: Real) -> Real | None:
        """Relu, and constants of whole steps, as nodes; None where anything else is left over."""
        made = replace(real, steps=())
        for step in real.steps:
            type_ = made.tensor.type
            if not (made.unit > 0).all() or type_.width > WIDEST_TYPE_BITS:
                return None
            if step.name == "Relu":
                if made.node not in self.relus:
                    bounded = FixedPoint.holding(0, type_.maximum, type_.fraction_bits)
                    name = f"{made.node}_relu"
                    self.relus[made.node] = self.builder.add(
                        "requantise", name, [made.node], type=bounded
                    )
                made = self.with_node(self.relus[made.node], made.unit)
                continue
            if step.name not in ("Add", "Sub"):
                return None
            # What is added to 0, and the sign of the element: a constant may be subtracted from.
            added = step.function(np.zeros(1), *step.parameters)
            rises = bool((step.function(np.ones(1), *step.parameters) > added).all())
            whole = np.rint(added / made.scale)
            if not rises or (np.abs(added / made.scale - whole) > NEAR * np.abs(whole)).any():
                return None
            keys = {"values": whole.astype(np.int64), "fraction_bits": type_.fraction_bits}
            constant = self.builder.add("constant", f"{operator.name}_offset", [], **keys)
            node = self.builder.add("add", f"{made.node}_plus", [made.node, constant])
            made = self.with_node(node, made.unit)
        return made

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


NEAR = 1e-6
"""Rounding of a float32 scale: a bias of so nearly whole steps is one of whole steps."""
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
