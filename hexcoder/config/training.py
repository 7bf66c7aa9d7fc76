"""Where events come from, and how the autoencoder is trained on them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from hexcoder.config.types import Count, Name, Section


class Data(Section):
    """Where events come from and which are kept back from training."""

    events: str = Field(
        default="generated", description="'generated', or a file or folder of energies"
    )
    columns: str | None = Field(
        default=None, description="name of the energies' columns, without the cell's number"
    )
    generator: Name | None = Field(
        default=None, description="what is generated for a network that is no encoder"
    )
    target: Name = Field(default="y", description="the answers' array or column in a file")
    count: PositiveInt = Field(default=20_000, description="events to generate")
    generated: Count = Field(
        default=0, description="generated events to train on beside those of a file"
    )
    seed: Count = 1
    held_out: float = Field(default=0.2, gt=0, lt=1, description="fraction kept for evaluation")


class Pruning(Section):
    """Which weights become zero in training (Zhu and Gupta, arXiv:1710.01878)."""

    method: Literal["magnitude", "gradient"] = "magnitude"
    sparsity: float = Field(gt=0, lt=1, description="share of each layer's weights")
    start: float = Field(default=0.1, ge=0, lt=1, description="share of training before it")
    end: float = Field(default=0.6, gt=0, le=1, description="then only fine-tuning is left")

    @model_validator(mode="after")
    def _in_order(self) -> Pruning:
        if self.start >= self.end:
            raise ValueError(f"'start' = {self.start} must be below 'end' = {self.end}")
        return self


class Teacher(Section):
    """A trained network whose answers are a second target (Hinton et al., arXiv:1503.02531)."""

    folder: str = Field(description="build/<config> of a larger or finer network")
    weight: float = Field(default=0.3, gt=0, le=1, description="its share of the loss")


class Training(Section):
    """How the autoencoder is trained."""

    loss: Literal["telescope", "sinkhorn", "combined"] = "sinkhorn"
    telescope_weight: PositiveFloat = Field(
        default=10.0, description="of the telescope loss beside Sinkhorn's in 'combined'"
    )
    epochs: PositiveInt = 30
    least_steps: Count = Field(
        default=0, description="optimiser steps; more epochs where events are few"
    )
    batch_size: PositiveInt = 256
    learning_rate: PositiveFloat = 2e-3
    decoder_rate: PositiveFloat = Field(
        default=1.0, description="the decoder's learning rate over learning_rate"
    )
    weight_decay: float = Field(default=1e-4, ge=0)
    seed: Count = 1
    augment: bool = Field(default=True, description="the six symmetries of the sensor")
    sinkhorn_blur: PositiveFloat = Field(default=0.3, description="units of half a pitch")
    sinkhorn_final_blur: PositiveFloat | None = Field(
        default=None, description="reached at the end, geometrically; default: no change"
    )
    sinkhorn_iterations: PositiveInt = 20
    exact_share: float = Field(
        default=0.0, ge=0, le=1, description="share of training, at its end, with the exact EMD"
    )
    initial: Literal["random", "dirac"] = Field(
        default="random", description="'dirac': each filter starts by passing one channel on"
    )
    average: float = Field(
        default=0.0, ge=0, lt=1, description="decay a step of a running average of all weights"
    )
    generated_share: float = Field(
        default=0.5, ge=0, lt=1, description="part of a batch, where data.generated adds events"
    )
    adder_cost: float = Field(
        default=0.0, ge=0, description="half pitches that a thousand adder bits may cost"
    )
    flip_rate: float = Field(
        default=0.0, ge=0, lt=0.5, description="chance that a stored bit of a weight is flipped"
    )
    weights: str | None = Field(
        default=None, description="folder of a trained autoencoder to use as it is"
    )
    pruning: Pruning | None = None
    teacher: Teacher | None = None
