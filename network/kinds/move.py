"""Node kind ``move``."""

import math
from collections.abc import Sequence
from random import Random
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from hexcoder.config import Name
from hexcoder.network.aligned import brought_to, hull
from hexcoder.network.layer import MOST_AXES, Keys, Layer, Shape, TensorType, check_size


class Move(Layer):
    """Elements of tensors in any order, any number of times; no arithmetic.

    The inputs' elements, flattened and one input after the other, are numbered from 0. A reshape,
    a transposition, a slice, a concatenation, padding and upsampling are all lists of such numbers.
    """

    is_wiring: ClassVar[bool] = True
    reads: ClassVar[tuple[int, int]] = (1, 1024)

    kind: Literal["move"]
    name: Name
    shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=MOST_AXES)
    elements: list[int] | None = Field(
        None,
        description="which element each element of the result is; -1 stands for 0; without it all "
        "in their order",
    )

    def numbers(self, sources: Sequence[TensorType]) -> np.ndarray:
        """Which element of the inputs each flattened element is, -1 for zero: int64 (elements,)."""
        check_size(self.shape)
        wanted, given = math.prod(self.shape), sum(source.elements for source in sources)
        if self.elements is None:
            if wanted != given:
                raise ValueError(
                    f"'shape' {list(self.shape)} has {wanted} elements; the inputs have {given}"
                )
            return np.arange(given)
        numbers = np.array(self.elements, dtype=np.int64)
        if len(numbers) != wanted:
            raise ValueError(
                f"'elements' has {len(numbers)} entries; 'shape' {list(self.shape)} has {wanted}"
            )
        outside = numbers[(numbers < -1) | (numbers >= given)]
        if outside.size:
            raise ValueError(
                f"'elements' has {outside[0]}; the inputs have elements 0 to {given - 1}"
            )
        return numbers

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """``shape``, of the narrowest type that holds every input's."""
        self.numbers(sources)
        return TensorType.of(self.shape, hull([source.type for source in sources]))

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Elements at the finest binary point of the inputs."""
        fraction_bits = hull([source.type for source in sources]).fraction_bits
        count = max(len(value) for value in values)
        flat = [
            np.broadcast_to(
                brought_to(value.reshape(len(value), -1), source.type, fraction_bits),
                (count, source.elements),
            )
            for value, source in zip(values, sources, strict=True)
        ]
        padded = np.concatenate([*flat, np.zeros((count, 1), np.int64)], axis=1)
        return padded[:, self.numbers(sources)].reshape(count, *self.shape)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Any choice of elements, or a reshape."""
        total = sum(source.elements for source in sources)
        if random.random() < 0.3:
            rows = random.choice([n for n in range(1, total + 1) if total % n == 0])
            return {"kind": "move", "shape": [rows, total // rows]}
        shape: Shape = tuple(random.randint(1, 3) for _ in range(random.randint(1, 3)))
        elements = [random.randint(-1, total - 1) for _ in range(math.prod(shape))]
        return {"kind": "move", "shape": list(shape), "elements": elements}
