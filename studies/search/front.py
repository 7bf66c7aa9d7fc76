"""What a search leaves to look at: the Pareto front as JSON, CSV, Markdown and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hexcoder.files import write_json, write_whole
from hexcoder.front_picture import draw_front
from hexcoder.metrics.train import Baseline
from hexcoder.steps.reads import versions
from hexcoder.studies.record import Parameters, Record
from hexcoder.studies.search.run import Outcome, SearchRun
from hexcoder.studies.search.trial import CONFIG, NETWORK, trial_name
from hexcoder.tables import baseline_table, csv_table, markdown_table, value_text

FILES = ("front.json", "front.csv", "front.md", "front.svg")
_OBJECTIVES = {
    "emd_mean": "mean EMD on held-out events, half pitches",
    "adder_bits": "hexcoder.models.encoder.hardware_cost.adder_bits: an estimate before synthesis",
}


class Point(Record):
    """A trial with a point; files are named from the search's folder."""

    trial: int
    config: str
    network: str
    emd_mean: float
    emd_median: float
    emd_standard_deviation: float
    events_counted: int
    bits_per_event: int
    adder_bits: float
    weights: int
    training_seconds: float | None
    parameters: Parameters

    @classmethod
    def of(cls, outcome: Outcome) -> Point:
        """Of a trial that is over and has a point."""
        folder = trial_name(outcome.number if outcome.same_as is None else outcome.same_as)
        result = outcome.result
        assert result.physics is not None
        return cls(
            trial=outcome.number,
            config=f"{folder}/{CONFIG}",
            network=f"{folder}/{NETWORK}",
            parameters=outcome.parameters,
            training_seconds=result.seconds,
            **result.model_dump(include={"adder_bits", "weights"}),
            **result.physics.model_dump(include={*cls.model_fields} - {"network"}),
        )


class Brief(Record):
    """A trial in a line: what it chose, and what came of it."""

    trial: int
    parameters: Parameters
    same_as: int | None = None
    emd_mean: float | None = None
    adder_bits: float | None = None
    bits_per_event: int | None = None
    infeasible: str | None = None
    failed: str | None = None


class SearchFront(Record):
    """What front.json holds: the front, all that is measured, adder bits rising, and all trials."""

    name: str
    objectives: dict[str, str]
    trials: dict[str, int]
    hypervolume: float
    tools: dict[str, str]
    parameters_that_differ: list[str]
    baselines: list[Baseline]
    front: list[Point]
    measured: list[Point]
    all: list[Brief]


def write_front(run: SearchRun, name: str, folder: Path) -> None:
    """Write :data:`FILES` into the search's folder, each in one step; ``name`` is the config's."""
    outcomes, front = run.outcomes, run.front()
    counted = [each for each in outcomes if each.same_as is None and each.reason is None]
    baselines = {row.name: row for outcome in front for row in outcome.result.baselines}
    content = SearchFront(
        name=name,
        objectives=_OBJECTIVES,
        trials=_counts(outcomes),
        hypervolume=run.hypervolume(),
        tools=versions("optuna", "torch", "numpy", "POT"),
        parameters_that_differ=keys_that_differ([outcome.parameters for outcome in front]),
        baselines=sorted(baselines.values(), key=lambda row: -(row.emd_mean or 0)),
        front=[Point.of(outcome) for outcome in front],
        measured=[Point.of(each) for each in sorted(counted, key=lambda each: each.adder_bits)],
        all=[_brief(outcome) for outcome in outcomes],
    )
    write_json(folder / FILES[0], content.as_json())
    keys = content.parameters_that_differ
    values = [[value_text(point.parameters.get(key)) for key in keys] for point in content.front]
    header = ["trial", "emd_mean", "bits_per_event", "adder_bits"]
    rows = [
        [*(getattr(point, key) for key in header), *line]
        for point, line in zip(content.front, values, strict=True)
    ]
    write_whole(folder / FILES[1], csv_table([*header, *keys], rows))
    write_whole(folder / FILES[2], _markdown(content, values))
    picture = draw_front(
        np.array([(outcome.emd, outcome.adder_bits) for outcome in outcomes]),
        [outcomes.index(outcome) for outcome in front],
        [row.model_dump() for row in content.baselines],
        "adder bits (estimate before synthesis)",
        ("trials", "front"),
    )
    write_whole(folder / FILES[3], picture)


def keys_that_differ(parameters: Sequence[Parameters]) -> list[str]:
    """Keys whose values tell points apart, in the search's order."""
    keys = dict.fromkeys(key for each in parameters for key in each)
    return [key for key in keys if len({json.dumps(each.get(key)) for each in parameters}) > 1]


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    new = [outcome.result for outcome in outcomes if outcome.same_as is None]
    failed = sum(result.failed is not None for result in new)
    infeasible = sum(result.infeasible is not None for result in new)
    return {
        "tried": len(new),
        "measured": len(new) - failed - infeasible,
        "infeasible": infeasible,
        "failed": failed,
        "repetitions": len(outcomes) - len(new),
    }


def _brief(outcome: Outcome) -> Brief:
    result = outcome.result.model_dump(include={*Brief.model_fields} - {"trial"}, exclude_none=True)
    if outcome.result.physics is not None:
        result["emd_mean"] = outcome.result.emd
    if outcome.same_as is not None:
        result["same_as"] = outcome.same_as
    return Brief(**result | {"trial": outcome.number, "parameters": outcome.parameters})


def _markdown(content: SearchFront, values: Sequence[Sequence[str]]) -> str:
    counts, keys = content.trials, content.parameters_that_differ
    text = (
        f"# Pareto front of {content.name}\n\n"
        "Mean EMD (half pitches) on held-out events against adder bits, the estimate of gates "
        f"before synthesis. {counts['tried']} trials: {counts['measured']} measured, "
        f"{counts['infeasible']} infeasible, {counts['failed']} failed. Hypervolume "
        f"{content.hypervolume:.3f} half pitches x decades.\n\n![front](front.svg)\n\n"
    )
    rows = [
        [
            f"[{point.trial}]({point.config})",
            f"{point.emd_mean:.4f}",
            str(point.bits_per_event),
            f"{point.adder_bits:,.0f}",
            *line,
        ]
        for point, line in zip(content.front, values, strict=True)
    ]
    text += markdown_table(["trial", "EMD", "bits an event", "adder bits", *keys], rows)
    text += baselines_text(content.baselines)
    lost = [
        [str(row.trial), kind, why]
        for row in content.all
        for kind, why in (("infeasible", row.infeasible), ("failed", row.failed))
        if why is not None
    ]
    if lost:
        text += "\nTrials without a point:\n\n" + markdown_table(["trial", "", "reason"], lost)
    return text


def baselines_text(baselines: Sequence[Baseline]) -> str:
    """A table of baselines under its heading."""
    rows = [row.model_dump() for row in baselines]
    return "\nBaselines on the same events:\n\n" + baseline_table(rows)
