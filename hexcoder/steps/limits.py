"""Judging apart from measuring: limits turn a stage's metrics into pass or fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hexcoder.steps.reads import Place


class Limit(Protocol):
    """What a metric has to keep."""

    def failure(self, metrics: Mapping[str, Any], place: Place) -> str | None:
        """One line if it is not kept; a metric that was not measured keeps it."""
        ...


@dataclass(frozen=True)
class AtLeast:
    """A number that may not be smaller than a bound."""

    metric: str
    bound: float
    what: str

    def failure(self, metrics: Mapping[str, Any], place: Place) -> str | None:
        """One line with the number and the bound."""
        value = metrics.get(self.metric)
        if value is None or value >= self.bound:
            return None
        return f"{self.what}: {value:g} is below {self.bound:g}"


@dataclass(frozen=True)
class AtMost:
    """A number that may not be larger than a bound."""

    metric: str
    bound: float
    what: str

    def failure(self, metrics: Mapping[str, Any], place: Place) -> str | None:
        """One line with the number and the bound."""
        value = metrics.get(self.metric)
        if value is None or value <= self.bound:
            return None
        return f"{self.what}: {value:g} is above {self.bound:g}"


@dataclass(frozen=True)
class Verdict:
    """A comparison or a check, whose own line says what failed."""

    metric: str
    line: Callable[[Any, Mapping[str, Any], Place], str | None]

    def failure(self, metrics: Mapping[str, Any], place: Place) -> str | None:
        """The line, where the metric was measured."""
        value = metrics.get(self.metric)
        return None if value is None else self.line(value, metrics, place)
