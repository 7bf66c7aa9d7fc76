"""Node kind ``linear``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt

from hexcoder.config import Name
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.exact import exact_product
from hexcoder.network.integers import Integers, draw_array, int_array, spread
from hexcoder.network.layer import Keys, Layer, Shape, TensorType
from hexcoder.network.windows import Windows, pads, whole

MOST_PRODUCTS = 1 << 24
"""Products of weights and elements in one node."""
_EQUATION = re.compile(r"([a-z]+),([a-z]+)->([a-z]+)")


@dataclass(frozen=True, slots=True)
class Sums:
    """Every sum of a linear node written out.

    Parameters
    ----------
    elements : int64 array (sums, terms)
        Which element of the input, or -1 for padding.
    weights : int64 array (sums, terms)
    biases : int64 array (sums,)
        At the sum's binary point, padding's share in it.
    weight_shift : int
        Bits by which products are shifted to the sum's binary point.
    """

    elements: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    weight_shift: int


class Linear(Layer):
    """Sums of an input's elements times constants, exact.

    Weights of two axes (in, out) act on the last axis of any tensor. Weights of three axes (tap,
    in, out) or four (row, column, in, out) are a convolution over (position, channel) or (row,
    column, channel). With ``equation`` the axes are those of Einstein's summation.
    """

    kind: Literal["linear"]
    name: Name
    weights: Integers = Field(description="in, out; or taps, in, out; or as 'equation' says")
    fraction_bits: int = Field(0, ge=-64, le=64, description="of the weights")
    biases: Integers | None = Field(None, description="one for each channel, or each output")
    bias_fraction_bits: int = Field(0, ge=-64, le=64)
    equation: str | None = Field(
        None,
        pattern=_EQUATION.pattern.replace("(", "").replace(")", ""),
        description="such as 'pc,cf->pf': axes of the input, of the weights and of the output",
    )
    stride: tuple[PositiveInt, ...] | None = None
    dilation: tuple[PositiveInt, ...] | None = None
    padding: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], ...] | None = (
        Field(None, description="elements added before and behind each axis")
    )
    padding_value: int = Field(0, description="integer of the input's type")
    groups: PositiveInt = Field(
        1, description="of channels, in and out: each output reads its own group of inputs"
    )

    def _letters(self) -> tuple[str, str, str]:
        """Axes of input, weights and output."""
        assert self.equation is not None
        match = _EQUATION.fullmatch(self.equation)
        if match is None:
            raise ValueError(f"'equation' = '{self.equation}' must be such as 'pc,cf->pf'")
        return match[1], match[2], match[3]

    def _windows(self, axes: int) -> Windows:
        shape = int_array(self.weights).shape
        return Windows(
            shape[:axes],
            whole(self.stride, axes, "stride"),
            whole(self.dilation, axes, "dilation"),
            pads(self.padding, axes),
        )

    def _products(self, shape: Shape) -> tuple[np.ndarray, np.ndarray, Shape]:
        """Elements and weights of each sum (sums, terms), and the output's shape."""
        weights = int_array(self.weights)
        if weights.size == 0 or weights.ndim < 2:
            raise ValueError("'weights' must be nested as in, out; or taps, in, out")
        if self.equation is not None:
            return self._by_equation(weights, shape)
        axes = weights.ndim - 2
        inside, outside = weights.shape[-2:]
        if inside * self.groups != shape[-1]:
            raise ValueError(
                f"'weights' take {inside * self.groups} channels; the input {list(shape)} has "
                f"{shape[-1]}"
            )
        if outside % self.groups:
            raise ValueError(f"{outside} outputs do not make {self.groups} groups")
        if axes == 0:
            numbers = np.arange(int(np.prod(shape))).reshape(-1, shape[-1])
            positions = shape[:-1]
        elif axes <= 2:
            windows = self._windows(axes)
            positions = windows.positions(shape)
            numbers = np.moveaxis(windows.numbers(shape), axes, -1)
            numbers = numbers.reshape(-1, *weights.shape[:axes], shape[-1])
        else:
            raise ValueError(f"'weights' have {weights.ndim} axes; give 2 to 4, or an 'equation'")
        count = len(numbers)
        _require_products(count * weights.size)
        split = numbers.reshape(*numbers.shape[:-1], self.groups, inside)
        split = np.moveaxis(split, -2, 1).reshape(count, self.groups, -1)
        each = outside // self.groups
        elements = np.repeat(split, each, axis=1).reshape(count * outside, -1)
        matrix = weights.reshape(-1, outside).T
        return elements, np.tile(matrix, (count, 1)), (*positions, outside)

    def _by_equation(
        self, weights: np.ndarray, shape: Shape
    ) -> tuple[np.ndarray, np.ndarray, Shape]:
        given, constant, wanted = self._letters()
        sizes: dict[str, int] = {}
        for letters, sides, what in ((given, shape, "input"), (constant, weights.shape, "weights")):
            if len(letters) != len(sides) or len(set(letters)) != len(letters):
                raise ValueError(
                    f"'equation' = '{self.equation}': axes '{letters}' are not those of the {what} "
                    f"{list(sides)}"
                )
            for letter, size in zip(letters, sides, strict=True):
                if sizes.setdefault(letter, size) != size:
                    raise ValueError(
                        f"'equation' = '{self.equation}': axis '{letter}' has {sizes[letter]} and "
                        f"{size} elements"
                    )
        if len(set(wanted)) != len(wanted) or not set(wanted) <= set(sizes):
            raise ValueError(f"'equation' = '{self.equation}': axes '{wanted}' do not come out")
        summed = "".join(letter for letter in sizes if letter not in wanted)
        order = wanted + summed
        grid = tuple(sizes[letter] for letter in order)
        _require_products(int(np.prod(grid)))

        def over_grid(array: np.ndarray, letters: str) -> np.ndarray:
            moved = array.transpose([letters.index(one) for one in order if one in letters])
            sides = [sizes[one] if one in letters else 1 for one in order]
            count = int(np.prod([sizes[one] for one in wanted]))
            return np.broadcast_to(moved.reshape(sides), grid).reshape(count, -1)

        numbers = np.arange(int(np.prod(shape))).reshape(shape)
        outputs = tuple(sizes[letter] for letter in wanted)
        return over_grid(numbers, given), over_grid(weights, constant), outputs

    def sums(self, source: TensorType) -> tuple[Sums, Shape, int]:
        """Every sum written out, the output's shape and its fraction bits."""
        elements, weights, shape = self._products(source.shape)
        point = source.type.fraction_bits + self.fraction_bits
        finest = point if self.biases is None else max(point, self.bias_fraction_bits)
        type_ = source.type
        if not type_.minimum <= self.padding_value <= type_.maximum:
            raise ValueError(
                f"'padding_value' = {self.padding_value}; {type_} has {type_.minimum} to "
                f"{type_.maximum}"
            )
        padded = np.where(elements < 0, weights, 0).sum(axis=1) * self.padding_value
        biases = padded << finest - point
        if self.biases is not None:
            given = spread(self.biases, shape, "biases").ravel()
            biases = biases + (given << finest - self.bias_fraction_bits)
        return Sums(elements, weights, biases, finest - point), shape, finest

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """The narrowest type that holds every sum."""
        sums, shape, finest = self.sums(sources[0])
        type_ = sources[0].type
        weights = np.where(sums.elements < 0, 0, sums.weights)
        positive = np.maximum(weights, 0).sum(axis=1) << sums.weight_shift
        negative = np.minimum(weights, 0).sum(axis=1) << sums.weight_shift
        low = positive * type_.minimum + negative * type_.maximum + sums.biases
        high = positive * type_.maximum + negative * type_.minimum + sums.biases
        return TensorType.of(shape, FixedPoint.holding(int(low.min()), int(high.max()), finest))

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        """Bits of a sum of products of the largest weight, and of the bias."""
        (source,) = sources
        weights = int_array(self.weights)
        point = source.type.fraction_bits + self.fraction_bits
        finest = point if self.biases is None else max(point, self.bias_fraction_bits)
        largest = int(np.abs(weights).max(initial=0)).bit_length()
        bits = source.type.width + largest + weights.size.bit_length() + finest - point
        if self.biases is not None:
            bias = int(np.abs(int_array(self.biases)).max(initial=0)).bit_length()
            bits = max(bits, bias + finest - self.bias_fraction_bits)
        return bits + 1

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        (given,) = values
        sums, shape, _ = self.sums(sources[0])
        weights = int_array(self.weights)
        if self.equation is None and weights.ndim == 2 and self.groups == 1:
            total = exact_product(given.reshape(-1, weights.shape[0]), weights)
            total = total.reshape(len(given), -1)
        else:
            matrix = np.zeros((sources[0].elements, len(sums.elements)), np.int64)
            inside = sums.elements >= 0
            columns = np.broadcast_to(np.arange(len(sums.elements))[:, None], inside.shape)
            np.add.at(matrix, (sums.elements[inside], columns[inside]), sums.weights[inside])
            total = exact_product(given.reshape(len(given), -1), matrix)
        return ((total << sums.weight_shift) + sums.biases).reshape(len(given), *shape)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Dense, a convolution, or a sum by equation."""
        shape = sources[0].shape
        weight_type = FixedPoint(True, random.randint(1, 6), 0)
        channels = random.randint(1, 3)
        keys: Keys = {"kind": "linear", "fraction_bits": random.randint(-2, 4)}
        axes = len(shape) - 1
        style = random.choice(["dense", "window", "equation"])
        weights: Shape = (shape[-1], channels)
        if style == "window" and axes in (1, 2):
            groups = random.choice([n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0])
            size = tuple(random.randint(1, side) for side in shape[:-1])
            weights = (*size, shape[-1] // groups, groups * random.randint(1, 2))
            keys |= {"groups": groups, "stride": [random.randint(1, 2) for _ in size]}
            if random.random() < 0.5:
                keys["padding"] = [[random.randint(0, 1), random.randint(0, 2)] for _ in size]
                type_ = sources[0].type
                keys["padding_value"] = random.choice([0, type_.minimum, type_.maximum])
            if random.random() < 0.3 and all(
                side + sum(pad) > 2 * (taps - 1)
                for side, taps, pad in zip(
                    shape[:-1], size, keys.get("padding", [[0, 0]] * axes), strict=True
                )
            ):
                keys["dilation"] = [2]
        elif style == "equation" and axes == 1:
            keys["equation"] = random.choice(["ab,bc->ac", "ab,ac->cb", "ab,abc->ca", "ab,b->a"])
            sizes = {"a": shape[0], "b": shape[1], "c": channels}
            weights = tuple(sizes[one] for one in keys["equation"].split("->")[0].split(",")[1])
            if len(weights) == 1:
                return None
        keys["weights"] = draw_array(random, weights, weight_type).tolist()
        if random.random() < 0.5 and "equation" not in keys:
            keys["biases"] = draw_array(random, weights[-1:], weight_type).tolist()
            keys["bias_fraction_bits"] = random.randint(-2, 6)
        return keys


def _require_products(count: int) -> None:
    if count > MOST_PRODUCTS:
        raise ValueError(f"it has {count} products; at most {MOST_PRODUCTS} are supported")
