"""What the flips of a campaign say: outcomes by class, with intervals and cross-sections."""

from collections import defaultdict
from collections.abc import Sequence

from pydantic import BaseModel

from hexcoder.tb.chip.targets import Target
from hexcoder.tb.upsets.campaign import Flip, Outcome, Places

CONFIDENCE = 0.95


class OutcomeShare(BaseModel):
    """How often an outcome came: its probability and cross-section, with their bounds.

    A cross-section is the probability times the bits of the class: in units of one flip-flop's.
    """

    flips: int
    probability: float
    low: float
    high: float
    cross_section_bits: float
    cross_section_low: float
    cross_section_high: float


class ClassShares(BaseModel):
    """Bits of a class, its flips, and what became of them, by outcome."""

    bits: int
    flips: int
    outcomes: dict[str, OutcomeShare]


class Statistics(BaseModel):
    """All classes of a campaign."""

    flips: int
    confidence: float
    classes: dict[str, ClassShares]


def statistics(flips: Sequence[Flip], places: Places) -> Statistics:
    """Count outcomes by class."""
    counts: dict[Target, dict[Outcome, int]] = defaultdict(lambda: dict.fromkeys(Outcome, 0))
    for flip in flips:
        counts[places.targets[flip.place]][flip.outcome] += 1
    bits = places.bits()
    classes = {}
    for target in (target for target in Target if target in counts):
        total = sum(counts[target].values())
        shares = {
            outcome.value: _share(hits, total, bits[target])
            for outcome, hits in counts[target].items()
        }
        classes[target.value] = ClassShares(bits=bits[target], flips=total, outcomes=shares)
    return Statistics(flips=len(flips), confidence=CONFIDENCE, classes=classes)


def _share(hits: int, total: int, bits: int) -> OutcomeShare:
    low, high = interval(hits, total)
    return OutcomeShare(
        flips=hits,
        probability=hits / total,
        low=low,
        high=high,
        cross_section_bits=hits / total * bits,
        cross_section_low=low * bits,
        cross_section_high=high * bits,
    )


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Bounds of a probability, by Clopper and Pearson (Biometrika 26, 1934)."""
    from scipy.stats import binomtest

    bounds = binomtest(hits, trials).proportion_ci(CONFIDENCE, method="exact")
    return float(bounds.low), float(bounds.high)


def not_corrected(flips: Sequence[Flip], places: Places) -> list[Flip]:
    """Flips of registers that were not right again after the next clock, or were seen outside."""
    return [
        flip
        for flip in flips
        if not places.targets[flip.place].is_transient and flip.outcome != Outcome.CORRECTED
    ]


def lasting(flips: Sequence[Flip], places: Places) -> list[Flip]:
    """Transients that left a register wrong."""
    wrong = (Outcome.RELOAD, Outcome.HUNG)
    return [
        flip for flip in flips if places.targets[flip.place].is_transient and flip.outcome in wrong
    ]
