"""Numbers as the report writes them: rounded, with thousands separators, never invented."""

import math
from collections.abc import Sequence
from typing import TypeGuard

NOT_MEASURED = "not measured"


def is_measured(value: float | None) -> TypeGuard[float]:
    """Whether there is a number; metrics of no event at all are NaN."""
    return value is not None and math.isfinite(value)


def count(value: int | None) -> str:
    """Write a whole number with thousands separators."""
    return NOT_MEASURED if value is None else f"{value:,}"


def fixed(value: float | None, decimals: int, scale: float = 1.0) -> str:
    """Write a number with so many decimals after multiplying it by ``scale``."""
    if not is_measured(value):
        return NOT_MEASURED
    text = f"{value * scale:,.{decimals}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def spread(mean: float | None, deviation: float | None, decimals: int = 2) -> str:
    """Write a mean with its standard deviation."""
    if mean is None or deviation is None:
        return fixed(mean, decimals)
    return f"{fixed(mean, decimals)} ± {fixed(deviation, decimals)}"


def percent(part: float | None, whole: float | None) -> str:
    """Write a share; not measured where there is no whole."""
    if part is None or not whole:
        return NOT_MEASURED
    return f"{100 * part / whole:.1f} %"


def shape(sizes: Sequence[int]) -> str:
    """Write the shape of a tensor, such as 4 x 4 x 8."""
    return " \N{MULTIPLICATION SIGN} ".join(str(size) for size in sizes)
