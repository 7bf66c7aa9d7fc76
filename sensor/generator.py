"""Events made by a simple model of showers in a hexagonal sensor, where no real ones are at hand.

An event is one sensor in one bunch crossing. Its parts:

* Activity: how much pile-up there is varies between events, because sensors lie at different
  angles and depths: logit-normally, so that there is a largest activity, with a part of the sensors
  busier than the rest. Within a sensor it falls off along a random direction.
* Soft particles: a Poisson number in each trigger cell (TC), each with a gamma distributed energy.
* Minimum-ionising particles: a Poisson number in each TC, each with a Moyal distributed energy
  (the closed form near the Landau distribution; Moyal, Phil. Mag. 46 (1955) 263).
* Showers: a Poisson number of centres, also beyond the sensor's edge, where energy is lost. The
  radial profile has two exponentials: the core's energy fluctuates smoothly, the halo's comes as
  soft particles.
* Front end: zero suppression, the 7-bit float of ECON-T's input links, and calibration to
  transverse energy, which differs between sensors.

The defaults were fitted by scripts/fit_generator.py to the statistics in
:mod:`hexcoder.sensor.generator_targets`. Events without any charge are not made: the real samples
hold none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hexcoder.sensor.chip.golden import decode, encode
from hexcoder.sensor.geometry import HALF_PITCH_CM, TRIGGER_CELLS, positions_cm

MIP_ADC = 35.0
"""Energy of a minimum-ionising particle at normal incidence, in ADC counts."""

_BLOCK_EVENTS = 2048
"""Events that share a seed; a constant, so that the first events do not depend on the count."""
_MOST_DRAWS = 20
_TC_AREA = 4.0 * np.sqrt(0.75)
"""Area of a TC in squared half pitches."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ShowerParameters:
    """Parameters of the model; lengths in half pitches of TCs, energies in calibrated ADC counts.

    Attributes
    ----------
    activity_odds, activity_log_spread : float
        Median of a / (1 - a), and standard deviation of its logarithm, where a is an event's
        activity, from 0 to 1 (logit-normal).
    busy_fraction, busy_factor : float
        Part of the sensors that are busy, and the factor by which a / (1 - a) is larger in them.
    gradient_per_half_pitch : float
        Standard deviation of each component of the activity's logarithmic slope.
    soft_per_tc, mips_per_tc : float
        Mean number of soft and of minimum-ionising particles in a TC at activity 1.
    soft_shape, soft_energy_adc : float
        Shape and mean of the gamma distribution of a soft particle's energy.
    mip_width_adc : float
        Scale of the Moyal distribution of a minimum-ionising particle's energy.
    showers, showers_per_activity : float
        Mean number of showers at activity 0, and what each unit of activity adds.
    shower_energy_adc, shower_log_spread : float
        Median and standard deviation of the logarithm of a shower's energy (log-normal).
    hard_showers, hard_energy_adc : float
        Mean number and median energy of the hard collision's showers, which have no part in the
        activity; they spread in energy like the others.
    core_radius_half_pitches, halo_radius_half_pitches : float
        Decay lengths of the two exponentials.
    halo_fraction : float
        Part of a shower's energy in the halo.
    core_fluctuation : float
        Relative standard deviation of the core's energy in a TC.
    threshold_adc : float
        Least uncalibrated energy that the front end reads out.
    calibration_least, calibration_most : float
        Range of the sensors' calibration factors (uniform).
    """

    activity_odds: float = 0.057
    activity_log_spread: float = 0.7636
    busy_fraction: float = 0.2709
    busy_factor: float = 7.575
    gradient_per_half_pitch: float = 0.05392
    soft_per_tc: float = 4.914
    soft_shape: float = 0.1658
    soft_energy_adc: float = 11.87
    mips_per_tc: float = 0.08447
    mip_width_adc: float = 34.79
    showers: float = 0.6981
    showers_per_activity: float = 39.27
    shower_energy_adc: float = 129.0
    shower_log_spread: float = 0.9231
    hard_showers: float = 0.06889
    hard_energy_adc: float = 744.6
    core_radius_half_pitches: float = 0.716
    halo_radius_half_pitches: float = 9.292
    halo_fraction: float = 0.4446
    core_fluctuation: float = 0.8411
    threshold_adc: float = 5.562
    calibration_least: float = 0.5807
    calibration_most: float = 1.168

    def with_pile_up(self, factor: float) -> ShowerParameters:
        """So many times as many particles and showers, but for the hard collision's."""
        names = ("soft_per_tc", "mips_per_tc", "showers", "showers_per_activity")
        return replace(self, **{name: factor * getattr(self, name) for name in names})


def generate_events(
    count: int, seed: int, parameters: ShowerParameters | None = None
) -> npt.NDArray[np.int64]:
    """Make events, int64 (count, 48) in ADC counts; the first ones are the same for every count.

    Equal seeds give equal events, none of which is all zero; parameters are by default the fitted
    ones. ValueError for a negative count or seed.
    """
    if count < 0 or seed < 0:
        raise ValueError(f"count and seed must not be negative, got {count} and {seed}")
    parameters = parameters or ShowerParameters()
    events = np.empty((count, TRIGGER_CELLS), dtype=np.int64)
    for block, start in enumerate(range(0, count, _BLOCK_EVENTS)):
        generator = np.random.default_rng([seed, block])
        made = _block(generator, parameters)
        events[start : start + _BLOCK_EVENTS] = made[: count - start]
    return events


def _block(generator: np.random.Generator, p: ShowerParameters) -> npt.NDArray[np.int64]:
    """Draw candidates until a block is full of events that are not all zero."""
    kept = np.empty((0, TRIGGER_CELLS), dtype=np.int64)
    for _ in range(_MOST_DRAWS):
        candidates = _front_end(generator, _energies(generator, p), p)
        kept = np.concatenate([kept, candidates[candidates.any(axis=1)]])
        if len(kept) >= _BLOCK_EVENTS:
            return kept[:_BLOCK_EVENTS]
    raise ValueError(f"nearly all events are empty with {p}")


def _energies(generator: np.random.Generator, p: ShowerParameters) -> Array:
    """Deposited transverse energies of one block before the front end, ADC counts."""
    places = (positions_cm() - positions_cm().mean(axis=0)) / HALF_PITCH_CM
    odds = generator.lognormal(np.log(p.activity_odds), p.activity_log_spread, (_BLOCK_EVENTS, 1))
    busy = generator.random((_BLOCK_EVENTS, 1)) < p.busy_fraction
    odds *= np.where(busy, p.busy_factor, 1.0)
    activity = odds / (1.0 + odds)
    slopes = generator.normal(0.0, p.gradient_per_half_pitch, (_BLOCK_EVENTS, 2))
    local_activity = activity * np.exp(slopes @ places.T)
    numbers = generator.poisson(p.showers + p.showers_per_activity * activity[:, 0])
    core, halo = _showers(generator, p, numbers, p.shower_energy_adc, places)
    hard_numbers = generator.poisson(p.hard_showers, len(activity))
    hard_core, hard_halo = _showers(generator, p, hard_numbers, p.hard_energy_adc, places)
    core, halo = core + hard_core, halo + hard_halo
    soft_mean = p.soft_per_tc * local_activity + halo / p.soft_energy_adc
    soft_number = generator.poisson(soft_mean)
    energies = generator.standard_gamma(p.soft_shape * soft_number)
    energies *= p.soft_energy_adc / p.soft_shape
    energies += core * generator.gamma(p.core_fluctuation**-2, p.core_fluctuation**2, core.shape)
    energies += _minimum_ionising(generator, p, p.mips_per_tc * local_activity)
    return energies


def _showers(
    generator: np.random.Generator,
    p: ShowerParameters,
    numbers: npt.NDArray[np.int64],
    median_energy_adc: float,
    places: Array,
) -> tuple[Array, Array]:
    """Mean energy of cores and of halos, (events, 48) each, for numbers (events,) of showers."""
    edge = np.linalg.norm(places, axis=1).max() + 2.0
    core = np.zeros((len(numbers), TRIGGER_CELLS))
    halo = np.zeros_like(core)
    for shower in range(numbers.max()):
        events = np.flatnonzero(numbers > shower)
        radius = edge * np.sqrt(generator.random(len(events)))
        angle = 2.0 * np.pi * generator.random(len(events))
        centres = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        energy = generator.lognormal(np.log(median_energy_adc), p.shower_log_spread, len(events))
        gaps = np.linalg.norm(places - centres[:, None], axis=-1)
        core[events] += ((1.0 - p.halo_fraction) * energy)[:, None] * _profile(
            gaps, p.core_radius_half_pitches
        )
        halo[events] += (p.halo_fraction * energy)[:, None] * _profile(
            gaps, p.halo_radius_half_pitches
        )
    return core, halo


def _profile(gaps: Array, radius: float) -> Array:
    """Part of the energy in a TC at some distance, for an exponential fall-off in the plane."""
    return _TC_AREA / (2.0 * np.pi * radius**2) * np.exp(-gaps / radius)


def _minimum_ionising(generator: np.random.Generator, p: ShowerParameters, mean: Array) -> Array:
    """Energy of minimum-ionising particles whose mean numbers are given, (events, 48)."""
    numbers = generator.poisson(mean)
    cells = np.repeat(np.arange(numbers.size), numbers.reshape(-1))
    # If z is normal then -log(z^2) has the Moyal distribution, whose peak is at 0.
    moyal = -np.log(np.square(generator.standard_normal(cells.size)))
    each = np.maximum(MIP_ADC + p.mip_width_adc * moyal, 0.0)
    energies = np.bincount(cells, weights=each, minlength=numbers.size)
    return energies.reshape(numbers.shape).astype(np.float64)


def _front_end(
    generator: np.random.Generator, energies: Array, p: ShowerParameters
) -> npt.NDArray[np.int64]:
    """Suppress, code, decode and calibrate as the chips do; energies in calibrated ADC counts."""
    calibration = generator.uniform(p.calibration_least, p.calibration_most, (len(energies), 1))
    calibration = calibration * generator.normal(1.0, 0.05, energies.shape)
    uncalibrated = energies / calibration
    decoded = decode(encode(uncalibrated.astype(np.int64), False), False)
    decoded[uncalibrated < p.threshold_adc] = 0
    return (decoded * calibration).astype(np.int64)
