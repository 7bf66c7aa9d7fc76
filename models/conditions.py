"""What the receiver knows of an event beside the latents, as inputs of the decoder.

The code of the sum is sent with every event; it costs no bit more. A sensor's place in the detector
is known off the detector from the link that the event came on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.front_end import sum_code

WIDTHS = {"sum": 2}
"""Features of each condition."""


def condition_width(conditions: Sequence[str]) -> int:
    """Number of features that conditions have together."""
    return sum(WIDTHS[name] for name in conditions)


def sum_features(sums: np.ndarray) -> np.ndarray:
    """Exponent and mantissa of the 5E4M code, scaled to a spread of about one.

    The mantissa tells by how much the shift of the normalisation missed an exact division.

    Parameters
    ----------
    sums : int array (n,), ADC counts

    Returns
    -------
    float64 array (n, 2)
    """
    codes = sum_code(sums)
    exponents, mantissas = codes >> 4, (codes & 15) + 0.5
    # Below 16 the code is the sum itself, and its leading one is found by the receiver.
    small = exponents == 0
    leading = np.floor(np.log2(np.maximum(codes, 1)))
    logarithm = np.where(small, leading, exponents + 3)
    fraction = np.where(small, codes / 2.0**leading - 1, mantissas / 16)
    return np.stack([(logarithm - 9) / 3, fraction - 0.5], axis=1)


def condition_features(conditions: Sequence[str], events: np.ndarray) -> np.ndarray:
    """Features of events.

    Parameters
    ----------
    conditions : sequence of str
        Keys of ``WIDTHS``.
    events : int array (n, 48), ADC counts

    Returns
    -------
    float64 array (n, condition width)
    """
    features = {"sum": lambda: sum_features(np.asarray(events, dtype=np.int64).sum(axis=1))}
    columns = [features[name]() for name in conditions]
    return np.concatenate([np.zeros((len(events), 0)), *columns], axis=1)
