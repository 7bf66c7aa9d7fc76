"""Fit the parameters of sensor.generator to the statistics in sensor.generator_targets.

Statistics of generated events are noisy, so slopes from pairs of points would be useless. Each
round draws points around the best one, fits all statistics as linear functions of the logarithms of
the parameters, and moves to the least-squares solution within the spread of the points.

    python scripts/fit_generator.py --rounds 6

prints the parameters, to be put as defaults into sensor/generator.py, and the remaining deviations.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hexcoder.sensor.generator import ShowerParameters, generate_events
from hexcoder.sensor.generator_targets import CORRELATION_TARGETS, TARGETS, correlations, statistics

NAMES = tuple(field.name for field in dataclasses.fields(ShowerParameters))
RELATIVE_TOLERANCE = 0.03
CORRELATION_TOLERANCE = 0.01
# In standard deviations of the statistics, for a step as long as the spread of the points: keeps
# parameters that the statistics do not fix where they are.
INERTIA = 0.5

Array = npt.NDArray[np.float64]


def parameters(logarithms: Array) -> ShowerParameters:
    """Parameters from their natural logarithms (n,), in the order of the fields."""
    values = dict(zip(NAMES, np.exp(logarithms).tolist(), strict=True))
    values["halo_fraction"] = min(values["halo_fraction"], 0.95)
    return ShowerParameters(**values)


def deviations(events: npt.NDArray[np.int64]) -> Array:
    """Deviations of all statistics from their targets, in units of the tolerances."""
    found = statistics(events, np.random.default_rng(0))
    relative = [found[name] / target - 1.0 for name, target in TARGETS.items()]
    differences = [correlations(events)[key] - value for key, value in CORRELATION_TARGETS.items()]
    return np.concatenate(
        [np.array(relative) / RELATIVE_TOLERANCE, np.array(differences) / CORRELATION_TOLERANCE]
    )


def improve(
    best: Array, spread: float, points: int, count: int, generator: np.random.Generator
) -> tuple[Array, float]:
    """One round.

    Parameters
    ----------
    best : float64 array (n,)
        Logarithms of the parameters.
    spread : float
        Standard deviation of the points around them.
    points, count : int
        Points, and events at each.

    Returns
    -------
    tuple
        Better logarithms, and the mean square deviation that the linear fit has at the old ones.
    """
    steps = generator.normal(0.0, 1.0, (points, len(best)))
    found = np.array(
        [
            deviations(
                generate_events(
                    count, int(generator.integers(1 << 31)), parameters(best + spread * step)
                )
            )
            for step in steps
        ]
    )
    linear = np.hstack([np.ones((points, 1)), steps])
    fitted = np.linalg.lstsq(linear, found, rcond=None)[0]
    here, slopes = fitted[0], fitted[1:].T
    system = np.vstack([slopes, INERTIA * np.eye(len(best))])
    step = np.linalg.lstsq(system, np.concatenate([-here, np.zeros(len(best))]), rcond=None)[0]
    return best + spread * np.clip(step, -2.0, 2.0), float(np.mean(here**2))


def main() -> None:
    """Fit, and print the parameters and what deviates."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--points", type=int, default=60)
    options.add_argument("--events", type=int, default=6144, help="events at each point")
    options.add_argument("--spread", type=float, default=0.12, help="of the points, logarithmic")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--start", type=Path, help="JSON of parameters; else the defaults")
    given = options.parse_args()
    start = ShowerParameters(**json.loads(given.start.read_text())) if given.start else None
    best = np.log([getattr(start or ShowerParameters(), name) for name in NAMES])
    generator = np.random.default_rng(given.seed)
    for number in range(given.rounds):
        spread = given.spread * (1.0 - 0.6 * number / given.rounds)
        best, square = improve(best, spread, given.points, given.events, generator)
        print(f"round {number}: mean square deviation was {square:.2f}", flush=True)
    print(json.dumps(dataclasses.asdict(parameters(best)), indent=2))
    events = generate_events(40_000, given.seed, parameters(best))
    for name, value in statistics(events).items():
        print(f"{name:35} {value:9.3f} {TARGETS[name]:9.3f} {value / TARGETS[name] - 1:+7.1%}")
    for key, value in correlations(events).items():
        print(f"correlation at {key!s:20} {value:9.3f} {CORRELATION_TARGETS[key]:9.3f}")


if __name__ == "__main__":
    main()
