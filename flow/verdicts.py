"""The lines in which limits speak of the verdicts of simulations."""

from collections.abc import Callable, Mapping
from typing import Any

from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import Place


def agrees(metric: str, what: str) -> Verdict:
    """The limit that a comparison with the golden model has no difference."""

    def line(verdict: Mapping[str, Any], measured: Mapping[str, Any], place: Place) -> str | None:
        first = verdict.get("first") or verdict.get("first_mismatch")
        if first:
            return (
                f"{what}: {verdict['mismatches']} of {verdict['vectors']} events differ, first "
                f"event {first['event']}, element {first['element']}: expected "
                f"{first['expected']}, got {first['actual']}"
            )
        if not verdict["passed"]:
            return (
                f"{what}: out_valid wrong in {verdict['valid_errors']} cycles, first at event "
                f"{verdict['first_valid_event']}"
            )
        return None

    return Verdict(metric, line)


def holds(metric: str, line: Callable[[Any], str | None]) -> Verdict:
    """The limit that a check of any other kind passed."""
    return Verdict(metric, lambda value, measured, place: line(value))
