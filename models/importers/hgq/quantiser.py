"""Quantisers of HGQ2: sign, integer and fraction bits of each element (arXiv:2405.00645)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.keras import KerasLayer
from hexcoder.network.kinds.requantise import least_of
from hexcoder.network.rounding import round_reals

ROUNDING = {"RND": "half_up", "TRN": "floor", "RND_CONV": "half_even"}
OVERFLOW = {"WRAP": "wrap", "SAT": "saturate", "SAT_SYM": "saturate_symmetric"}


@dataclass(frozen=True)
class HgqQuantiser:
    """Sign, integer bits without it, and fraction bits, each an array that broadcasts."""

    keeps_sign: np.ndarray
    integer: np.ndarray
    fraction: np.ndarray
    rounding: str
    overflow: str
    is_weight: bool

    @classmethod
    def of(cls, layer: KerasLayer, path: str, configuration: Any) -> HgqQuantiser:
        """The quantiser whose variables lie under ``path``.

        Raises
        ------
        InputError
            If it is of a kind that is not supported.
        """
        inner = configuration.get("config") if isinstance(configuration, dict) else None
        if not isinstance(inner, dict):
            raise InputError(f"{layer.where}: it says nothing of its quantiser '{path}'")
        kind, where = inner.get("q_type"), f"{layer.where}: quantiser '{path}'"
        if kind not in ("kif", "kbi"):
            raise InputError(f"{where} is of kind '{kind}'; 'kif' and 'kbi' are supported")
        if inner.get("scaler") is not None:
            raise InputError(f"{where} has a scaler: not supported")
        rounding = str(inner.get("round_mode")).upper()
        overflow = str(inner.get("overflow_mode")).upper()
        rounding = rounding.removeprefix("S_")
        if rounding not in ROUNDING or overflow not in OVERFLOW:
            raise InputError(
                f"{where} rounds '{rounding}' and overflows '{overflow}'; supported are "
                f"{', '.join([*ROUNDING, *OVERFLOW])}"
            )
        given = [layer.array(f"{path}/quantizer/vars/{k}") for k in range(3)]
        # Keras saves what is trained before what is not: the sign, in bytes, shows which it was.
        place = next((k for k, one in enumerate(given) if one.dtype == np.uint8), None)
        if place is None or not all(np.isfinite(one).all() for one in given):
            raise InputError(f"{where} has widths that are not finite, or no signs")
        sign, *widths = (np.rint(given[k].astype(np.float64)).astype(np.int64)
                         for k in (place, *(k for k in range(3) if k != place)))  # fmt: skip
        if place == 1:
            # With wrapping the integer bits are not trained.
            trained, integer = widths
            fraction = trained if kind == "kif" else trained - integer
        elif kind == "kif":
            integer, fraction = widths
        else:
            bits, integer = widths
            fraction = bits - integer
        return cls(
            sign,
            integer,
            fraction,
            ROUNDING[rounding],
            OVERFLOW[overflow],
            bool(inner.get("is_weight")),
        )

    def types(self, shape: Sequence[int], where: str) -> np.ndarray:
        """Type of each element, None where it has no bits: object array of ``shape``."""
        parts = []
        for one in (self.keeps_sign, self.integer, self.fraction):
            own = one.reshape(one.shape[1:]) if one.ndim == len(shape) + 1 else one
            parts.append(np.broadcast_to(own, tuple(shape)))
        found = np.empty(tuple(shape), dtype=object)
        for index in np.ndindex(*shape):
            sign, integer, fraction = (int(part[index]) for part in parts)
            if sign + integer + fraction > 0:
                try:
                    found[index] = FixedPoint.parse(
                        f"{'S' if sign else 'U'}Q({integer + sign},{fraction})"
                    )
                except ValueError as error:
                    raise InputError(f"{where}: element {list(index)}: {error}") from None
        return found

    def integers(self, values: np.ndarray, where: str) -> tuple[np.ndarray, int]:
        """Constants as integers of the finest element's step, and its fraction bits."""
        values = values.astype(np.float64)
        if not np.isfinite(values).all():
            raise InputError(f"{where}: weights that are not finite")
        fraction = np.broadcast_to(self.fraction, values.shape)
        integer = np.broadcast_to(self.integer, values.shape)
        sign = np.broadcast_to(self.keeps_sign, values.shape)
        has_bits = sign + integer + fraction > 0
        whole = round_reals(np.ldexp(values, fraction), self.rounding)
        # Weights that wrap have the integer bits that they need: only rounding is done to them.
        if not (self.is_weight and self.overflow == "wrap" and self.rounding == "half_up"):
            width = np.clip(integer + fraction, 0, 62)
            high = (np.int64(1) << width) - 1
            low = -sign * (high + 1)
            if self.overflow == "saturate_symmetric":
                low = -sign * high
            if self.overflow == "wrap":
                whole = (whole - low) % (high - low + 1) + low
            else:
                whole = np.clip(whole, low, high)
        whole = np.where(has_bits, whole, 0)
        used = fraction[whole != 0]
        finest = int(used.max()) if used.size else 0
        shifts = np.where(whole != 0, finest - fraction, 0)
        if int(shifts.max(initial=0)) > 40:
            raise InputError(f"{where}: weights with steps more than 40 bits apart")
        return whole << shifts, finest

    def real(self, value: np.ndarray, type_: FixedPoint) -> np.ndarray:
        """Real numbers quantised to a type."""
        whole = round_reals(value.astype(np.float64) / type_.step, self.rounding)
        low = least_of(type_, self.overflow)
        if self.overflow == "wrap":
            whole = (whole - type_.minimum) % (1 << type_.width) + type_.minimum
        return np.clip(whole, low, type_.maximum)


def shortest(types: np.ndarray) -> Any:
    """Nested types with as few axes as say the same: one type, one a channel, or one an element."""
    while types.ndim:
        first = types[:1]
        if types.ndim and all(
            (row == first[0]).all() if isinstance(row, np.ndarray) else row == first[0]
            for row in types
        ):
            types = types[0]
            if not isinstance(types, np.ndarray):
                return types
            continue
        return _nested(types)
    return types.item()


def _nested(types: np.ndarray) -> Any:
    if types.ndim == 0:
        return types.item()
    return tuple(_nested(np.asarray(row, dtype=object)) for row in types)
