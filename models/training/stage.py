"""The stage 'train': from events and a config to network.json, a decoder and their physics."""

from collections.abc import Mapping
from typing import Any

from hexcoder.metrics.train import TorchAgreement, TrainMetrics
from hexcoder.models.training.steps.agree import AGREE
from hexcoder.models.training.steps.fit import FIT
from hexcoder.models.training.steps.measure import MEASURE
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import Place
from hexcoder.steps.step import FlatMetrics, Stage


def _agrees(value: Any, metrics: Mapping[str, Any], place: Place) -> str | None:
    agreement = TorchAgreement.model_validate(value)
    if not agreement.mismatches:
        return None
    return (
        f"torch and golden model: {agreement.mismatches} of {agreement.vectors} vectors differ; "
        f"first: {agreement.first_mismatch}"
    )


def _assemble(place: Place, metrics: FlatMetrics) -> FlatMetrics:
    values = {"name": place.config.name} | metrics
    return {name: values[name] for name in TrainMetrics.model_fields}


TRAIN = Stage(
    "train",
    (FIT, MEASURE, AGREE),
    lambda place: place,
    (Verdict("torch_against_golden", _agrees),),
    hands_over=("network.json",),
    assemble=_assemble,
)
