"""Layer kind ``dense``."""

from random import Random
from typing import Literal

import numpy as np
from pydantic import Field

from hexcoder.network.layer import Keys, Shape
from hexcoder.network.weighted import WeightedLayer, draw_keys


class Dense(WeightedLayer):
    """Fully connected layer on a flat tensor."""

    kind: Literal["dense"]
    weights: list[list[int]] = Field(description="out, in")

    def output_shape(self, shape: Shape) -> Shape:
        """(out,)."""
        if len(shape) != 1:
            raise ValueError(
                f"dense needs a flat tensor, it gets {list(shape)}: put a flatten layer before it"
            )
        outputs = len(self.weights)
        if outputs == 0:
            raise ValueError("'weights' is empty; it must be nested as out, in")
        self._check((outputs, shape[0]), outputs)
        return (outputs,)

    def rows(self, values: np.ndarray) -> np.ndarray:
        """One sum over all inputs."""
        return values

    def matrix(self) -> np.ndarray:
        """Weights as (in, out)."""
        return self.weight_array().T

    @classmethod
    def draw_keys(cls, random: Random, shape: Shape) -> Keys | None:
        """One to four outputs."""
        if len(shape) != 1:
            return None
        outputs = random.randint(1, 4)
        return {"kind": "dense", **draw_keys(random, (outputs, shape[0]), outputs)}
