"""librelane/metrics.json: what LibreLane measured."""

from pydantic import Field

from hexcoder.metrics.asic import Part
from hexcoder.metrics.file import MetricsFile
from hexcoder.steps.step import Metrics


class LibrelaneOrigin(Part):
    """What the numbers are of."""

    tool: str
    pdk: str
    where: str = Field(description="native, nix, docker or podman")
    last_step: str | None
    state: str


class LibrelaneMetrics(Metrics):
    """What LibreLane measured, under its own names."""

    origin: LibrelaneOrigin = Field(description="tool, PDK, where it ran, last step, state")
    failed: str | None = Field(description="what failed, in LibreLane's words")
    metrics: dict[str, object] = Field(description="LibreLane's own, unchanged")


class LibrelaneFile(MetricsFile):
    """The whole file."""

    run: LibrelaneMetrics | None = None
