"""Types of C++ fixed-point libraries, written ``ap_fixed<W, I, Q, O>``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint

_NOTATION = re.compile(r"\s*ap_(u?)(fixed|int)\s*<\s*([^<>]*)>\s*")
ROUNDING = {
    "AP_TRN": "floor",
    "AP_TRN_ZERO": "towards_zero",
    "AP_RND": "half_up",
    "AP_RND_ZERO": "half_towards_zero",
    "AP_RND_MIN_INF": "half_down",
    "AP_RND_INF": "half_away_from_zero",
    "AP_RND_CONV": "half_even",
}
"""Quantisation modes of ap_fixed (AMD UG1399)."""
OVERFLOW = {"AP_WRAP": "wrap", "AP_SAT": "saturate", "AP_SAT_SYM": "saturate_symmetric"}


@dataclass(frozen=True)
class ApType:
    """A type with what happens to values that it does not hold."""

    type: FixedPoint
    rounding: str = "floor"
    overflow: str = "wrap"


def parse_ap_type(text: object, where: str) -> ApType:
    """Read ``ap_fixed<18,8>``, ``ap_ufixed<9,9,AP_RND_CONV,AP_SAT>`` or ``ap_int<8>``.

    Raises
    ------
    InputError
        If it is none of them, or has a mode that is not supported.
    """
    match = _NOTATION.fullmatch(text) if isinstance(text, str) else None
    parts = [part.strip().removeprefix("ac::") for part in match[3].split(",")] if match else []
    needed = 2 if match and match[2] == "fixed" else 1
    if match is None or len(parts) < needed or not all(_is_number(p) for p in parts[:needed]):
        raise InputError(
            f"{where} = {str(text)[:60]!r}: it must be a fixed-point type such as 'ap_fixed<18,8>'"
        )
    width = int(parts[0])
    integer = int(parts[1]) if needed == 2 else width
    modes = parts[needed:] if needed == 2 else []
    rounding, overflow = (modes + ["AP_TRN", "AP_WRAP"][len(modes) :])[:2]
    if rounding not in ROUNDING or overflow not in OVERFLOW:
        wrong = rounding if rounding not in ROUNDING else overflow
        raise InputError(
            f"{where} = {text!r}: mode '{wrong}'; supported are {', '.join([*ROUNDING, *OVERFLOW])}"
        )
    try:
        type_ = FixedPoint.parse(f"{'U' if match[1] else 'S'}Q({integer},{width - integer})")
    except ValueError as error:
        raise InputError(f"{where} = {text!r}: {error}") from None
    return ApType(type_, ROUNDING[rounding], OVERFLOW[overflow])


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,4}", text) is not None
