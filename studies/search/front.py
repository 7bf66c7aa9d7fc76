"""What a search leaves to look at: the Pareto front as JSON, CSV, Markdown and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.files import write_json, write_whole
from hexcoder.front_picture import draw_front
from hexcoder.steps.reads import versions
from hexcoder.tables import baseline_table, csv_table, markdown_table, value_text
from studies.search.run import Outcome, SearchRun
from studies.search.trial import CONFIG, NETWORK, trial_name

FILES = ("front.json", "front.csv", "front.md", "front.svg")


def write_front(run: SearchRun, name: str, folder: Path) -> dict[str, Any]:
    """Write :data:`FILES`, each in one step.

    Parameters
    ----------
    run : SearchRun
    name : str
        Of the config.
    folder : Path
        Of the search.

    Returns
    -------
    dict
        What front.json holds.
    """
    front = run.front()
    keys = _keys_that_differ(front)
    content: dict[str, Any] = {
        "name": name,
        "objectives": {
            "emd_mean": "mean EMD on held-out events, half pitches",
            "adder_bits": "models.encoder.hardware_cost.adder_bits: an estimate before synthesis",
        },
        "trials": _counts(run.outcomes),
        "hypervolume": run.hypervolume(),
        "tools": versions("optuna", "torch", "numpy", "POT"),
        "parameters_that_differ": keys,
        "baselines": _baselines(front),
        "front": [_point(outcome) for outcome in front],
        "measured": _measured(run.outcomes),
        "all": [_brief(outcome) for outcome in run.outcomes],
    }
    write_json(folder / FILES[0], content)
    header = ["trial", "emd_mean", "bits_per_event", "adder_bits", *keys]
    rows = [[row[key] for key in header[:4]] for row in content["front"]]
    values = [[row["parameters"].get(key) for key in keys] for row in content["front"]]
    texts = [[value_text(value) for value in line] for line in values]
    write_whole(
        folder / FILES[1],
        csv_table(header, [[*a, *b] for a, b in zip(rows, texts, strict=True)]),
    )
    write_whole(folder / FILES[2], _markdown(content, keys, texts))
    write_whole(folder / FILES[3], _picture(run.outcomes, front, content["baselines"]))
    return content


def _keys_that_differ(front: Sequence[Outcome]) -> list[str]:
    keys = dict.fromkeys(key for outcome in front for key in outcome.parameters)
    return [
        key
        for key in keys
        if len({json.dumps(outcome.parameters.get(key)) for outcome in front}) > 1
    ]


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    new = [outcome for outcome in outcomes if outcome.same_as is None]
    failed = sum("failed" in outcome.result for outcome in new)
    infeasible = sum("infeasible" in outcome.result for outcome in new)
    return {
        "tried": len(new),
        "measured": len(new) - failed - infeasible,
        "infeasible": infeasible,
        "failed": failed,
        "repetitions": len(outcomes) - len(new),
    }


def _baselines(front: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Baselines that any point of the front was compared with, by falling EMD."""
    found = {row["name"]: row for outcome in front for row in outcome.result["baselines"]}
    return sorted(found.values(), key=lambda row: -(row["emd_mean"] or 0))


def _brief(outcome: Outcome) -> dict[str, Any]:
    brief: dict[str, Any] = {"trial": outcome.number, "parameters": outcome.parameters}
    if outcome.same_as is not None:
        brief["same_as"] = outcome.same_as
    if "physics" in outcome.result:
        brief |= {"emd_mean": outcome.result["physics"]["emd_mean"]}
    for key in ("adder_bits", "bits_per_event", "infeasible", "failed"):
        if key in outcome.result:
            brief[key] = outcome.result[key]
    return brief


def _measured(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Every trial with a point, on the front or not, adder bits rising."""
    kept = [o for o in outcomes if o.reason is None and o.same_as is None]
    return [_point(outcome) for outcome in sorted(kept, key=lambda each: each.adder_bits)]


def _point(outcome: Outcome) -> dict[str, Any]:
    place = trial_name(outcome.same_as if outcome.same_as is not None else outcome.number)
    physics = outcome.result["physics"]
    return {
        "trial": outcome.number,
        "config": f"{place}/{CONFIG}",
        "network": f"{place}/{NETWORK}",
        "emd_mean": physics["emd_mean"],
        "emd_median": physics["emd_median"],
        "emd_standard_deviation": physics["emd_standard_deviation"],
        "events_counted": physics["events_counted"],
        "bits_per_event": outcome.result["bits_per_event"],
        "adder_bits": outcome.result["adder_bits"],
        "weights": outcome.result["weights"],
        "training_seconds": outcome.result["seconds"],
        "parameters": outcome.parameters,
    }


def _markdown(content: dict[str, Any], keys: list[str], values: list[list[str]]) -> str:
    counts = content["trials"]
    text = (
        f"# Pareto front of {content['name']}\n\n"
        "Mean EMD (half pitches) on held-out events against adder bits, the estimate of gates "
        f"before synthesis. {counts['tried']} trials: {counts['measured']} measured, "
        f"{counts['infeasible']} infeasible, {counts['failed']} failed. Hypervolume "
        f"{content['hypervolume']:.3f} half pitches x decades.\n\n![front](front.svg)\n\n"
    )
    rows = [
        [
            f"[{point['trial']}]({point['config']})",
            f"{point['emd_mean']:.4f}",
            str(point["bits_per_event"]),
            f"{point['adder_bits']:,.0f}",
            *line,
        ]
        for point, line in zip(content["front"], values, strict=True)
    ]
    text += markdown_table(["trial", "EMD", "bits an event", "adder bits", *keys], rows)
    text += "\nBaselines on the same events:\n\n" + baseline_table(content["baselines"])
    lost = [row for row in content["all"] if "failed" in row or "infeasible" in row]
    if lost:
        text += "\nTrials without a point:\n\n" + markdown_table(
            ["trial", "", "reason"],
            [
                [str(row["trial"]), kind, str(row[kind])]
                for row in lost
                for kind in ("infeasible", "failed")
                if kind in row
            ],
        )
    return text


def _picture(
    outcomes: Sequence[Outcome], front: Sequence[Outcome], baselines: list[dict[str, Any]]
) -> bytes:
    points = np.array([(outcome.emd, outcome.adder_bits) for outcome in outcomes])
    rows = [outcomes.index(outcome) for outcome in front]
    return draw_front(
        points, rows, baselines, "adder bits (estimate before synthesis)", ("trials", "front")
    )
