"""Section of the report: how well a network that is no encoder answers."""

from __future__ import annotations

from hexcoder.config import BoostedTrees, Task
from hexcoder.config.task import LOSSES
from hexcoder.metrics.train import TaskFigures, TrainMetrics
from hexcoder.report.blocks import Block, Picture, Pictures, Section, Table, Text, numbers, words
from hexcoder.report.charts import training_curves
from hexcoder.report.numbers import count, fixed
from hexcoder.report.results import Results

FIGURES = {
    "accuracy": ("accuracy", "share of answers that are right"),
    "area_under_curve": ("area under the ROC curve", "1 is best, 0.5 is chance"),
    "rms_error": ("root mean square error", "in the answers' unit"),
    "explained_variance": ("explained variance", "1 is best"),
    "emd_mean": ("earth mover's distance", "of charge, mean, in half trigger-cell pitches"),
}
"""Names of the figures, and what they mean."""


def leading_figure(figures: TaskFigures) -> tuple[str, float] | None:
    """Name and value of the one that a reader looks for first."""
    for key, (name, _) in FIGURES.items():
        value = getattr(figures, key)
        if value is not None:
            return name, value
    return None


def answers(results: Results) -> Section:
    """Samples, figures on held-out ones, training."""
    train = results.train
    blocks: list[Block] = []
    if train is None or train.task is None:
        blocks.append(results.missing("train", "figures on held-out samples"))
    else:
        blocks += _measured(train, results)
    return Section("physics", "Answers", blocks)


def _measured(train: TrainMetrics, results: Results) -> list[Block]:
    figures, events = train.task, train.events
    assert figures is not None
    blocks: list[Block] = []
    if events is not None:
        what = "generated" if results.config.data.events == "generated" else "read"
        blocks.append(
            Text(
                f"Samples of {events.source} ({what}): {count(events.trained_on)} trained on, "
                f"{count(events.held_out)} held out (seed {events.seed}). Figures are those of the "
                "integers that the hardware computes, on held-out samples."
            )
        )
    rows = [
        [name, fixed(getattr(figures, key), 4), meaning]
        for key, (name, meaning) in FIGURES.items()
        if getattr(figures, key) is not None
    ]
    columns = [*words("figure"), *numbers("value"), *words("meaning")]
    blocks.append(Table(f"{count(figures.samples)} held-out samples", columns, rows, ""))
    if train.history and isinstance(results.config.network, Task):
        loss = LOSSES[results.config.network.kind]
        blocks.append(
            Pictures(
                [
                    Picture(
                        f"Training curves over {len(train.history)} epochs",
                        training_curves(train.history, loss),
                        f"Loss over {len(train.history)} epochs.",
                    )
                ]
            )
        )
    return blocks


def describe(network: Task | BoostedTrees) -> str:
    """The network in words."""
    if isinstance(network, BoostedTrees):
        return f"{network.trees} rounds of decision trees of depth {network.depth}"
    what = {
        "classifier": "A classifier",
        "regressor": "A regressor",
        "anomaly": "A detector of anomalies",
        "encoder": "An encoder",
    }[network.kind]
    shape = " x ".join(map(str, network.input_shape))
    inner = f", {network.architecture.replace('_', ' ')}," if network.architecture else ""
    return f"{what}{inner} for {shape} inputs of type {network.input_type}"
