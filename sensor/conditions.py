"""What the receiver knows of an event beside the latents, as inputs of the decoder.

The code of the sum is sent with every event; it costs no bit more. A sensor's place in the detector
is known off the detector from the link that the event came on.
"""

from collections.abc import Sequence

import numpy as np

from hexcoder.errors import InputError
from hexcoder.sensor.front_end import sum_code
from hexcoder.sensor.places import COLUMNS, Places

WIDTHS = {"sum": 2, **{name: len(columns) for name, columns in COLUMNS.items()}}
"""Features of each condition."""


def condition_width(conditions: Sequence[str]) -> int:
    """Number of features that conditions have together."""
    return sum(WIDTHS[name] for name in conditions)


def sum_features(sums: np.ndarray) -> np.ndarray:
    """Exponent and mantissa of the 5E4M code of sums (n,), scaled to a spread of about one.

    The mantissa tells by how much the shift of the normalisation missed an exact division. Sums
    are in ADC counts; the features are float64 (n, 2).
    """
    return sum_code_features(sum_code(sums))


def sum_code_features(codes: np.ndarray) -> np.ndarray:
    """As :func:`sum_features`, of 5E4M codes (n,) as they are received."""
    exponents, mantissas = codes >> 4, (codes & 15) + 0.5
    # Below 16 the code is the sum itself, and its leading one is found by the receiver.
    small = exponents == 0
    leading = np.floor(np.log2(np.maximum(codes, 1)))
    logarithm = np.where(small, leading, exponents + 3)
    fraction = np.where(small, codes / 2.0**leading - 1, mantissas / 16)
    return np.stack([(logarithm - 9) / 3, fraction - 0.5], axis=1)


def condition_features(
    conditions: Sequence[str], events: np.ndarray, places: Places | None = None
) -> np.ndarray:
    """Features of events, int (n, 48) in ADC counts: float64 (n, condition width).

    Conditions are keys of ``WIDTHS``; 'layer' and 'position' are taken from ``places``. InputError
    if a condition needs places and there are none.
    """
    columns = [np.zeros((len(events), 0))]
    for name in conditions:
        if name == "sum":
            columns.append(sum_features(np.asarray(events, dtype=np.int64).sum(axis=1)))
        elif places is None:
            raise InputError(
                f"the decoder is told the sensor's {name}, which these events do not have: give a "
                f"file of events with the columns {', '.join(COLUMNS[name])}"
            )
        else:
            columns.append(places.features(name))
    return np.concatenate(columns, axis=1)
