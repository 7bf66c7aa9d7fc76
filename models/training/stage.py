"""The stage 'train': from events and a config to network.json, a decoder and their physics."""

import os
import sys
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
    return {name: values.get(name) for name in TrainMetrics.model_fields}


def take_one_thread() -> None:
    """Let torch, and what else reads OMP_NUM_THREADS, use one core from here on."""
    # Sums come out the same on every machine, and with layers this small a second thread wins
    # little on a free core and loses much on a busy one.
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


TRAIN = Stage(
    "train",
    (FIT, MEASURE, AGREE),
    lambda place: place,
    (Verdict("torch_against_golden", _agrees),),
    hands_over=("network.json",),
    assemble=_assemble,
)
