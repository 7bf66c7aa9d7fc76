"""The page study.md: the tables of a study, in words that stand alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def study_page(study: Row) -> str:
    """Markdown of what study.json holds."""
    events, bootstrap = study["events"], study["bootstrap"]
    parts = [
        f"# Study of {study['name']}",
        f"{len(study['seeds'])} seeds ({', '.join(map(str, study['seeds']))}) for each number of "
        f"links; trained on {events['trained_on']:,} events, quoted on {events['held_out']:,} "
        f"others (source: {events['source']}, split by seed {events['seed']}). EMD is in half "
        f"pitches; brackets are {bootstrap['confidence']:.0%} intervals by bootstrap over events "
        f"({bootstrap['resamples']:,} resamples, {bootstrap['method']}, seed "
        f"{bootstrap['seed']}). docs/statistics.md explains each figure.",
        "## Over seeds",
        _over_seeds(study["links"]),
        "![EMD against bits](emd.svg)",
        "The best seed is chosen on the events on which it is quoted, and looks a little better "
        "than it is; the median does not.",
    ]
    for row in study["links"]:
        parts += _links(row)
    return "\n\n".join(parts) + "\n"


def _over_seeds(links: Sequence[Row]) -> str:
    rows = []
    for row in links:
        emd = row["emd"]
        rows.append(
            [
                str(row["links"]),
                row["latent_type"] or "",
                _bits(row["bits_per_event"]),
                _fixed(emd["mean"]),
                _fixed(emd["median"]),
                _fixed(emd["standard_deviation"]),
                _fixed(emd["best"]),
                _interval(row["median_seed"]["emd"]) if row["median_seed"] else "",
                _interval(row["best_seed"]["emd"]) if row["best_seed"] else "",
                f"{emd['seeds_counted']} of {len(row['seeds'])}",
            ]
        )
    head = ["links", "latent", "bits an event", "mean", "median", "standard deviation", "best"]
    return _table([*head, "median seed", "best seed", "seeds counted"], rows)


def _links(row: Row) -> list[str]:
    parts = [f"## {row['links']} links"]
    failed = [one for one in row["seeds"] if "failed" in one]
    parts += [f"Seed {one['seed']} does not count: {one['failed']}." for one in failed]
    comparison = row["comparison"]
    if not comparison:
        return [*parts, "No seed counts."]
    network, baselines = comparison["network"], comparison["baselines"]
    bits = row["bits_per_event"]
    fit = [one for one in baselines if one["bits_per_event"] <= bits + 1e-9]
    parts += [
        f"At most {bits:.0f} bits an event:",
        _emd_table(network, fit),
    ]
    more = [one for one in baselines if one not in fit]
    if more:
        parts += ["Methods that spend more:", _emd_table(None, more)]
    parts += ["Response (reconstructed against true):", _response_table([network, *baselines])]
    folder = f"links_{row['links']}"
    parts += [
        f"![EMD against occupancy]({folder}/occupancy.svg)",
        f"![EMD against charge]({folder}/charge.svg)",
        f"![response]({folder}/response.svg)",
    ]
    return parts


def _emd_table(network: Row | None, baselines: Sequence[Row]) -> str:
    rows = []
    for one in ([network] if network else []) + list(baselines):
        emd, difference = one["emd"], one.get("network_minus_this_emd")
        rows.append(
            [
                one["name"],
                _bits(one["bits_per_event"]),
                _interval(emd),
                _fixed(emd["median"]),
                f"{emd['left_out']:,}",
                _interval(difference, "+.3f") if difference else "",
            ]
        )
    head = ["method", "bits an event", "mean EMD", "median EMD", "events left out"]
    return _table([*head, "network minus this, paired"], rows)


def _response_table(methods: Sequence[Row]) -> str:
    rows = []
    for one in methods:
        found = one["response"]
        ratio, place, width = found["sum_ratio"], found["mean_position_cm"], found["rms_width_cm"]
        rows.append(
            [
                one["name"],
                _fixed(ratio["mean"]),
                _fixed(ratio["standard_deviation"]),
                *(_fixed(place[axis][key]) for axis in "xy" for key in ("mean", "rms")),
                _fixed(width["mean"]),
                _fixed(width["rms"]),
            ]
        )
    head = ["method", "sum, mean ratio", "spread", "x bias (cm)", "x RMS", "y bias (cm)", "y RMS"]
    return _table([*head, "width bias (cm)", "width RMS"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _interval(interval: Row, form: str = ".3f") -> str:
    if interval["mean"] is None:
        return "not defined"
    low, high = format(interval["low"], form), format(interval["high"], form)
    return f"{format(interval['mean'], form)} [{low}, {high}]"


def _fixed(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _bits(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".removesuffix(".0")
