"""What a platform needs for one event, and what was not measured."""

from __future__ import annotations

from pydantic import Field

from hexcoder.studies.architecture.references import Published
from hexcoder.studies.architecture.supply import Kind
from hexcoder.studies.record import Record

_ROUNDING = 1e-9
"""Four clocks of 25 ns are 100 ns, whatever a product of binary numbers says."""


class Result(Record):
    """A network on a platform."""

    platform: Kind
    what: str = Field(description="tool, device and conditions")
    latency_s: float | None = Field(default=None, description="from an event to its answer, s")
    period_s: float | None = Field(default=None, description="initiation interval, s")
    energy_j: float | None = Field(default=None, description="an event, J")
    area_um2: float | None = None
    cells: dict[str, int] = Field(default={}, description="look-up tables, flip-flops, carries")
    not_measured: dict[str, str] = Field(
        default={}, description="reason for each figure that is missing"
    )
    source: str = "measured here"
    decides: bool = Field(default=True, description="its latency may refute the kind of chip")

    def in_time(self, period_s: float, latency_s: float | None) -> bool:
        """Whether it keeps a period and a latency."""
        asked = ((self.period_s, period_s), (self.latency_s, latency_s))
        return all(a is None or b is None or a <= b * (1 + _ROUNDING) for a, b in asked)


def published_result(published: Published) -> Result:
    """What a paper says."""
    return Result(
        platform=published.platform,
        what=published.what,
        latency_s=published.latency_s,
        energy_j=published.energy_j,
        source=published.source,
    )
