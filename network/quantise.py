"""Integers brought to another fixed-point type: docs/arithmetic.md."""

import numpy as np

from hexcoder.fixed_point import FixedPoint


def quantise(
    values: np.ndarray,
    fraction_bits: int,
    target: FixedPoint,
    rounding: str,
    overflow: str,
) -> np.ndarray:
    """Bring integers of ``fraction_bits`` to ``target``.

    Parameters
    ----------
    values : int64 array
        Multiples of 2**-fraction_bits.
    rounding : 'floor' or 'round_half_up'
    overflow : 'saturate' or 'wrap'

    Returns
    -------
    int64 array of the same shape, within the target's range
    """
    drop = fraction_bits - target.fraction_bits
    if drop > 0:
        half = 1 << (drop - 1) if rounding == "round_half_up" else 0
        values = (values + half) >> drop
    else:
        values = values << -drop
    if overflow == "saturate":
        return np.clip(values, target.minimum, target.maximum)
    return ((values - target.minimum) & ((1 << target.width) - 1)) + target.minimum
