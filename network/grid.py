"""The type of an input that a model does not quantise itself, from its samples."""

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint


def grid_of(source: str, name: str, samples: np.ndarray) -> FixedPoint:
    """The narrowest type that holds samples exactly.

    Raises
    ------
    InputError
        If they have no common step of a power of two.
    """
    values = np.asarray(samples, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{source}: samples of input '{name}' are not all finite")
    for fraction_bits in range(25):
        scaled = np.ldexp(values, fraction_bits)
        if (scaled == np.rint(scaled)).all() and np.abs(scaled).max(initial=0) < 1 << 31:
            low, high = int(scaled.min(initial=0)), int(scaled.max(initial=0))
            return FixedPoint.holding(low, high, fraction_bits)
    raise InputError(
        f"{source}: samples of input '{name}' have no common step of a power of two: give the type "
        "to which they are rounded with --input-type, such as 'SQ(4,10)'"
    )
