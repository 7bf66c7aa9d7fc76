"""Sums of products that lose nothing."""

import numpy as np

EXACT_IN_FLOAT = ((1 << 24, np.float32), (1 << 53, np.float64))
"""Bounds below which every integer is exact in a float type."""


def exact_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Matrix product of int64 arrays, in floats where every partial sum is exact in them."""
    bound = int(np.abs(left).max(initial=0)) * int(np.abs(right).sum(axis=0).max(initial=0))
    for limit, float_type in EXACT_IN_FLOAT:
        if bound < limit:
            return (left.astype(float_type) @ right.astype(float_type)).astype(np.int64)
    return left @ right
