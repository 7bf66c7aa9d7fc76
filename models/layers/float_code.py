"""Numbers as the bits of a float code."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.priced import Priced
from hexcoder.models.layers.quantise import type_of
from hexcoder.models.layers.symbol import Symbol
from hexcoder.network.kinds.table import WIDEST_INDEX
from hexcoder.sensor.front_end import float_code

GATES = 0.2
"""Gates of a bit of a code, in full adders for each bit of the number.

Compiled for Nangate45: 0.12 for numbers of 6 bits, 0.21 for 12, up to 0.32 with a sign.
"""


class FloatCode(Priced):
    """Bits of each element's float code, the lowest first: (n, ...) to (n, elements * bits).

    The code of a magnitude is that of :func:`hexcoder.sensor.front_end.float_code`, as trigger
    links send energies; behind it a sign where the type has one. No gradient passes: it belongs
    behind an input.

    Parameters
    ----------
    elements : int
    exponent_bits, mantissa_bits : int
    type_ : str
        Of the elements, of at most 16 bits; its integers are coded.
    """

    def __init__(
        self, elements: int, exponent_bits: int, mantissa_bits: int, type_: FixedPoint | str
    ):
        super().__init__()
        self.elements, self.type = elements, type_of(type_)
        if min(elements, exponent_bits, mantissa_bits) < 1:
            raise ValueError(
                f"a float code needs elements, exponent and mantissa: got {elements} of "
                f"{exponent_bits} and {mantissa_bits} bits"
            )
        if self.type.width > WIDEST_INDEX:
            raise ValueError(
                f"a float code of {self.type}: at most {WIDEST_INDEX} bits are supported"
            )
        integers = np.arange(self.type.minimum, self.type.maximum + 1)
        codes = float_code(np.abs(integers), exponent_bits, mantissa_bits)
        coded = exponent_bits + mantissa_bits
        rows = codes >> np.arange(coded)[:, None] & 1
        if self.type.signed:
            rows = np.concatenate([rows, (integers < 0)[None]])
        self.register_buffer("rows", torch.tensor(rows).float(), persistent=False)

    rows: Tensor

    @property
    def bits(self) -> int:
        """How many come out."""
        return self.elements * len(self.rows)

    def price(self, used: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        """Gates of the bits that are used, in full adders; every element is read."""
        return GATES * self.type.width * used.sum(), torch.ones(self.elements)

    def forward(self, values: Any) -> Any:
        flat = values.flatten(1)
        if flat.shape[1] != self.elements:
            raise TypeError(f"float code of {self.elements} elements; it gets {flat.shape[1]}")
        if isinstance(flat, Symbol):
            return self._traced(flat)
        place = torch.round(flat.detach() / self.type.step).to(torch.int64)
        place = place.clamp(self.type.minimum, self.type.maximum) - self.type.minimum
        return self.rows[:, place].permute(1, 2, 0).flatten(1).to(values.dtype)

    def _traced(self, flat: Symbol) -> Symbol:
        name = flat.trace.called(self, "float_code")
        if flat.type != self.type:
            raise TypeError(f"float code '{name}' is for {self.type}; it gets {flat.type}")
        count = len(self.rows)
        places = np.repeat(np.arange(self.elements), count)
        made = flat.moved(places[None], f"{name}_spread").node(
            "table",
            name,
            tables=self.rows.to(torch.int64).tolist(),
            choice=np.tile(np.arange(count), self.elements).tolist(),
            type="UQ(1,0)",
        )
        flat.trace.gates.append((self, flat.name, made.name))
        return made
