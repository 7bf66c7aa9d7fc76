"""What a tensor of a foreign model is while it is read: known, an input, or integers of ours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hexcoder.models.importers.real import Real


@dataclass(frozen=True)
class Known:
    """A constant: its values, and where it was quantised its integers and their scale."""

    values: np.ndarray
    integers: np.ndarray | None = None
    scale: np.ndarray | None = None

    def mapped(self, values: np.ndarray, like: np.ndarray | None = None) -> Known:
        """The same after its elements have moved; ``like`` are their numbers."""
        if self.integers is None or self.scale is None or like is None:
            return Known(values)
        integers = self.integers.ravel()[like]
        scale = np.broadcast_to(self.scale, self.integers.shape).ravel()[like]
        return Known(values, integers, scale)


@dataclass(frozen=True)
class Unquantised:
    """An input of real numbers in front of its first quantiser: ``factor * x + constant``.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of the model's input, without the batch.
    numbers : int array
        Which element of the input each element is.
    factor, constant : float
    """

    name: str
    shape: tuple[int, ...]
    numbers: np.ndarray
    factor: float = 1.0
    constant: float = 0.0

    def affine(self, factor: float, constant: float) -> Unquantised:
        """The same times a factor, plus a constant."""
        return replace(
            self, factor=self.factor * factor, constant=self.constant * factor + constant
        )


Value = Known | Unquantised | Real


class InputTypeNeededError(Exception):
    """An input meets something else than a quantiser: its type has to be given."""
