"""train/metrics.json."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hexcoder.metrics.difference import Difference


class TorchAgreement(BaseModel):
    """The torch encoder against the golden model of the frozen network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vectors: int = Field(description="events, extremes and random tensors that were compared")
    mismatches: int = Field(description="vectors that differ in any layer")
    first_mismatch: Difference | None = Field(description="null if all agree")
    seed: int = Field(description="seed of the random tensors")
