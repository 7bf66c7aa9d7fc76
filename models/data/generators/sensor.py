"""Events of a hexagonal sensor: its energies, and the shares of its charge that are to come back.

The events are those of docs/generator.md, the energies normalised as by the sensor's front end.
"""

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.sensor.front_end import normalise
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.sensor.metrics import charge_fractions

TYPE = FixedPoint(False, 1, 7)
"""Of a normalised energy."""


def generate(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Normalised energies of type UQ(1,7) and shares of the charge, both (count, 48)."""
    events = np.zeros((0, TRIGGER_CELLS), dtype=np.int64)
    while len(events) < count:
        more = generate_events(count, seed=int(random.integers(1 << 31)))
        events = np.concatenate([events, more[more.any(axis=1)]])[:count]
    inputs = normalise(events, TYPE, np.arange(TRIGGER_CELLS)) * TYPE.step
    return inputs.astype(np.float32), charge_fractions(events)
