"""A tensor that stands for itself: what torch code does with it becomes nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.priced import Priced
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.layer import Shape

BATCH = "the first axis is the batch's"


@dataclass
class Trace:
    """What was met on the way through a model.

    Parameters
    ----------
    builder : GraphBuilder
    names : dict of int to str
        Of the model's parts, by ``id``.
    makers : list of modules
        Those that say how wide what they give is.
    sums : list
        Layers with weights, and of each sum the slots of its terms (positions, terms).
    gates : list
        Modules that say what their gates cost, and the names of what they read and make.
    """

    builder: GraphBuilder
    names: dict[int, str] = field(default_factory=dict)
    makers: list[tuple[nn.Module, int]] = field(default_factory=list)
    fixed: list[float] = field(default_factory=list)
    sums: list[tuple[nn.Module, np.ndarray]] = field(default_factory=list)
    gates: list[tuple[Priced, str, str]] = field(default_factory=list)

    def called(self, module: nn.Module, otherwise: str) -> str:
        """Name of a module in the model."""
        return self.names.get(id(module)) or otherwise


class Symbol:
    """A tensor (1, *shape) of a graph in the making.

    It does what exact integer arithmetic can do: sums, products, reshaping, slices, sums and
    greatest elements over axes, products with constant matrices. All else is refused.

    Parameters
    ----------
    slots : int array (elements,)
        Where each element's width stands: a maker's channel times 2, plus 1 for fixed widths.
    """

    def __init__(
        self,
        trace: Trace,
        name: str,
        slots: np.ndarray | None = None,
        *,
        is_number: bool = False,
    ):
        self.trace, self.name = trace, name
        tensor = trace.builder.tensors[name]
        self.type: FixedPoint = tensor.type
        # A number an event is a tensor of one element in the graph, and has no axis in torch.
        self._own: Shape = () if is_number else tensor.shape
        if slots is None:
            trace.fixed.append(float(tensor.type.width))
            slots = np.full(tensor.elements, -len(trace.fixed))
        self.slots = slots

    @property
    def shape(self) -> torch.Size:
        """With a batch of one in front."""
        return torch.Size((1, *self._own))

    @property
    def ndim(self) -> int:
        """Axes, the batch's too."""
        return 1 + len(self._own)

    def size(self, axis: int | None = None) -> Any:
        """As of a tensor."""
        return self.shape if axis is None else self.shape[axis]

    def dim(self) -> int:
        """As of a tensor."""
        return self.ndim

    def __len__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        raise TypeError("a model that decides by values of a tensor has no fixed graph")

    def node(self, kind: str, wanted: str, *others: Symbol, **keys: Any) -> Symbol:
        """A node that reads this tensor and others."""
        inputs = [self.name, *(other.name for other in others)]
        return Symbol(self.trace, self.trace.builder.add(kind, wanted, inputs, **keys))

    def made_by(self, maker: nn.Module) -> Symbol:
        """The same, of the widths that a module says: one for all, or one a channel."""
        count = len(maker.widths())  # type: ignore[operator]
        start = sum(widths for _, widths in self.trace.makers)
        self.trace.makers.append((maker, count))
        channels = np.arange(self._elements) % count if count > 1 else np.zeros(self._elements, int)
        return Symbol(self.trace, self.name, start + channels)

    @property
    def _elements(self) -> int:
        return int(np.prod(self._own))

    def numbers(self) -> np.ndarray:
        """Elements' numbers, (1, *shape)."""
        return np.arange(self._elements).reshape(self.shape)

    def moved(self, numbers: np.ndarray, wanted: str = "moved") -> Symbol:
        """Elements in other places; ``numbers`` (1, *shape)."""
        if numbers.ndim < 1 or numbers.shape[0] != 1:
            raise TypeError(f"{wanted}: {BATCH}: it stays as it is")
        is_number = numbers.ndim == 1
        numbers = numbers if is_number else numbers[0]
        if numbers.shape == self._own and (numbers.ravel() == np.arange(numbers.size)).all():
            return self
        name = self.trace.builder.move(wanted, [self.name], numbers)
        return Symbol(self.trace, name, self.slots[numbers.ravel()], is_number=is_number)

    # What a model does with a tensor.

    def __getitem__(self, index: Any) -> Symbol:
        index = index if isinstance(index, tuple) else (index,)
        if isinstance(index[0], int):
            raise TypeError(f"slice: {BATCH}: take all of it, as in x[:, 0]")
        plain = tuple(i.numpy() if isinstance(i, Tensor) else i for i in index)
        return self.moved(self.numbers()[plain], "sliced")

    def reshape(self, *shape: Any) -> Symbol:
        """As of a tensor."""
        sides = shape[0] if shape and isinstance(shape[0], Sequence) else shape
        sides = list(sides)
        if sides and sides[0] == -1 and -1 not in sides[1:]:
            sides[0] = 1
        return self.moved(self.numbers().reshape(sides), "reshaped")

    view = reshape

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Symbol:
        """As of a tensor; the batch's axis stays."""
        last = end_dim % self.ndim
        sides = [*self.shape[:start_dim], -1, *self.shape[last + 1 :]]
        if start_dim == 0:
            raise TypeError("flatten: " + BATCH + ": flatten from axis 1 on, x.flatten(1)")
        return self.moved(self.numbers().reshape(sides), "flat")

    def permute(self, *axes: Any) -> Symbol:
        """As of a tensor."""
        order = axes[0] if axes and isinstance(axes[0], Sequence) else axes
        return self.moved(self.numbers().transpose(order), "permuted")

    def transpose(self, first: int, second: int) -> Symbol:
        """As of a tensor."""
        return self.moved(self.numbers().swapaxes(first, second), "transposed")

    def unsqueeze(self, dim: int) -> Symbol:
        """As of a tensor."""
        return self.moved(np.expand_dims(self.numbers(), dim), "unsqueezed")

    def squeeze(self, dim: int) -> Symbol:
        """As of a tensor."""
        return self.moved(np.squeeze(self.numbers(), dim), "squeezed")

    def relu(self) -> Symbol:
        """What is negative becomes 0."""
        return self.node("requantise", "relu", type=str(self.type), minimum=0)

    def _reduced(self, operation: str, dim: Any, keepdim: bool) -> Symbol:
        given = range(1, self.ndim) if dim is None else dim
        axes = sorted(
            axis % self.ndim for axis in (given if isinstance(given, Sequence) else (given,))
        )
        if 0 in axes:
            raise TypeError(f"{operation}: {BATCH}: it is no axis to reduce")
        inner = [axis - 1 for axis in axes]
        made = self.node("reduce", operation, operation=operation, axes=inner)
        if not keepdim:
            is_number = len(axes) == self.ndim - 1
            return Symbol(made.trace, made.name, made.slots, is_number=is_number)
        sides = [1 if axis in axes else size for axis, size in enumerate(self.shape)]
        return made.reshape(sides)

    def sum(self, dim: Any = None, keepdim: bool = False) -> Symbol:
        """Over axes, but the batch's."""
        return self._reduced("sum", dim, keepdim)

    def amax(self, dim: Any = None, keepdim: bool = False) -> Symbol:
        """Greatest over axes, but the batch's."""
        return self._reduced("max", dim, keepdim)

    def amin(self, dim: Any = None, keepdim: bool = False) -> Symbol:
        """Least over axes, but the batch's."""
        return self._reduced("min", dim, keepdim)

    def _known(self, values: Any) -> Symbol:
        """A constant as a tensor of the graph."""
        array = np.asarray(values, dtype=np.float64)
        integers, fraction_bits = whole_numbers(array)
        if array.ndim == self.ndim and array.shape[0] == 1:
            integers = integers[0]
        name = self.trace.builder.add(
            "constant", "constant", [], values=np.atleast_1d(integers), fraction_bits=fraction_bits
        )
        return Symbol(self.trace, name)

    def _sum_with(self, other: Any, signs: tuple[int, int]) -> Symbol:
        other = other if isinstance(other, Symbol) else self._known(other)
        return self.node("add", "sum", other, signs=list(signs))

    def __add__(self, other: Any) -> Symbol:
        return self._sum_with(other, (1, 1))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Symbol:
        return self._sum_with(other, (1, -1))

    def __rsub__(self, other: Any) -> Symbol:
        return self._sum_with(other, (-1, 1))

    def __neg__(self) -> Symbol:
        return self.node("add", "negative", signs=[-1])

    def __mul__(self, other: Any) -> Symbol:
        if isinstance(other, Symbol):
            return self.node("multiply", "product", other)
        power = _power_of_two(other)
        if power is not None:
            sign, shift = power
            return self.node("add", "scaled", signs=[sign], shifts=[shift])
        return self.node("multiply", "scaled", self._known(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Symbol:
        power = None if isinstance(other, Symbol) else _power_of_two(other)
        if power is None:
            raise TypeError("division is by a constant power of two alone; else use nn.Table")
        sign, shift = power
        return self.node("add", "scaled", signs=[sign], shifts=[-shift])

    def __pow__(self, power: int) -> Symbol:
        if power != 2:
            raise TypeError("only squares, x ** 2; else use nn.Table")
        return self.node("multiply", "square", self)

    def square(self) -> Symbol:
        """As of a tensor."""
        return self**2

    def __matmul__(self, other: Any) -> Symbol:
        if isinstance(other, Symbol):
            return self.node("matmul", "matmul", other)
        integers, fraction_bits = _matrix(other)
        return self.node("linear", "matmul", weights=integers, fraction_bits=fraction_bits)

    def __rmatmul__(self, other: Any) -> Symbol:
        integers, fraction_bits = _matrix(other)
        if self.ndim != 3:
            raise TypeError(f"matmul: a constant matrix times a tensor of {self.ndim} axes")
        return self.node(
            "linear",
            "matmul",
            weights=integers,
            fraction_bits=fraction_bits,
            equation="pc,qp->qc",
        )

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(function, "__name__", str(function))
        if name not in FUNCTIONS:
            raise TypeError(
                f"torch's '{name}' has no exact gates here; valid are hexcoder.nn's modules and "
                f"{', '.join(sorted(FUNCTIONS))}"
            )
        return FUNCTIONS[name](*args, **(kwargs or {}))


def whole_numbers(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Real numbers as integers times a power of two, and its fraction bits.

    Raises
    ------
    TypeError
        If they take more than 16 fraction bits.
    """
    for fraction_bits in range(17):
        scaled = np.ldexp(array, fraction_bits)
        if (scaled == np.rint(scaled)).all():
            return scaled.astype(np.int64), fraction_bits
    raise TypeError("a constant is no multiple of 2**-16: round it to a power of two")


def _matrix(values: Any) -> tuple[np.ndarray, int]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise TypeError(f"matmul: a constant of {array.ndim} axes; give a matrix")
    return whole_numbers(array)


def _power_of_two(value: Any) -> tuple[int, int] | None:
    """Sign and exponent of a number that is one."""
    number = np.asarray(value, dtype=np.float64)
    if number.size != 1 or number == 0:
        return None
    mantissa, exponent = np.frexp(abs(number.item()))
    return (1 if number > 0 else -1, int(exponent) - 1) if mantissa == 0.5 else None


def _cat(tensors: Sequence[Symbol], dim: int = 0, axis: int | None = None) -> Symbol:
    parts = list(tensors)
    known = next(part for part in parts if isinstance(part, Symbol))
    parts = [part if isinstance(part, Symbol) else known._known(part) for part in parts]
    axis = (dim if axis is None else axis) % parts[0].ndim
    if axis == 0:
        raise TypeError(f"cat: {BATCH}: join along another axis")
    starts = np.cumsum([0, *(part._elements for part in parts)])
    numbers = np.concatenate(
        [part.numbers() + start for part, start in zip(parts, starts, strict=False)], axis=axis
    )
    name = known.trace.builder.move("joined", [part.name for part in parts], numbers[0])
    slots = np.concatenate([part.slots for part in parts])[numbers.ravel()]
    return Symbol(known.trace, name, slots)


def _stack(tensors: Sequence[Symbol], dim: int = 0) -> Symbol:
    return _cat([tensor.unsqueeze(dim) for tensor in tensors], dim)


def _method(name: str) -> Callable[..., Any]:
    return lambda tensor, *args, **kwargs: getattr(tensor, name)(*args, **kwargs)


def _binary(name: str) -> Callable[..., Any]:
    def apply(left: Any, right: Any) -> Any:
        if isinstance(left, Symbol):
            return getattr(left, f"__{name}__")(right)
        return getattr(right, f"__r{name}__")(left)

    return apply


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cat": _cat,
    "concat": _cat,
    "stack": _stack,
    **{
        name: _method(name)
        for name in (
            "reshape", "flatten", "permute", "transpose", "unsqueeze", "squeeze", "relu", "sum",
            "amax", "amin", "square",
        )
    },
    **{name: _binary(name) for name in ("add", "sub", "mul", "matmul")},
    # What torch calls a tensor's operators with a symbol on their right.
    "__matmul__": _binary("matmul"),
    "__rsub__": lambda left, right: right - left,
}  # fmt: skip
"""Functions of torch that a symbol takes part in, by name."""


def require_symbol(value: object, what: str) -> Symbol:
    """What a model gives back must have come from its inputs."""
    if not isinstance(value, Symbol):
        raise InputError(f"{what} gives {type(value).__name__}; it must give tensors")
    return value
