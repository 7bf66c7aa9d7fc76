"""What study.json holds, and the page study.md: the tables, in words that stand alone."""

import math
from collections.abc import Sequence

from hexcoder.metrics.train import Physics, TrainingEvents
from hexcoder.studies.record import Record
from hexcoder.studies.seeds.comparison import BaselineFigures, Comparison, EmdFigures, MethodFigures
from hexcoder.studies.seeds.statistics import Bootstrap, Interval
from hexcoder.tables import markdown_table


class Seed(Record):
    """A training; ``failed`` says why it does not count."""

    seed: int
    failed: str | None = None


class CountedSeed(Physics, Seed):
    """A training that counts: its network's file and physics."""


class AcrossSeeds(Record):
    """Mean EMD of the trainings of a number of links: its mean, median, spread and best."""

    mean: float | None
    median: float | None
    standard_deviation: float | None
    """That of a sample, n - 1 in the denominator; null for one seed."""
    best: float | None
    seeds_counted: int
    seeds_failed: int


class SeedEmd(Record):
    """EMD over events of one seed."""

    seed: int
    emd: EmdFigures


class LinksRow(Record):
    """The trainings of a number of links; null where none of them counts."""

    links: int
    bits_per_event: float | None
    latent_type: str | None
    seeds: list[CountedSeed | Seed]
    emd: AcrossSeeds
    median_seed: SeedEmd | None
    best_seed: SeedEmd | None
    comparison: Comparison | None
    latents: int | None = None


class Study(Record):
    """The whole file."""

    name: str
    events: TrainingEvents
    bootstrap: Bootstrap
    seeds: list[int]
    links: list[LinksRow]


def study_page(study: Study) -> str:
    """Markdown of what study.json holds."""
    events, bootstrap = study.events, study.bootstrap
    parts = [
        f"# Study of {study.name}",
        f"{len(study.seeds)} seeds ({', '.join(map(str, study.seeds))}) for each number of "
        f"links; trained on {events.trained_on:,} events, quoted on {events.held_out:,} "
        f"others (source: {events.source}, split by seed {events.seed}). EMD is in half "
        f"pitches; brackets are {bootstrap.confidence:.0%} intervals by bootstrap over events "
        f"({bootstrap.resamples:,} resamples, {bootstrap.method}, seed "
        f"{bootstrap.seed}). docs/statistics.md explains each figure.",
        "## Over seeds",
        _over_seeds(study.links),
        "![EMD against bits](emd.svg)",
        "The best seed is chosen on the events on which it is quoted, and looks a little better "
        "than it is; the median does not.",
    ]
    for row in study.links:
        parts += _links(row)
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _over_seeds(links: Sequence[LinksRow]) -> str:
    header = ["links", "latent", "bits an event", "mean", "median", "standard deviation", "best"]
    return markdown_table(
        [*header, "median seed", "best seed", "seeds counted"],
        [
            [
                str(row.links),
                row.latent_type or "",
                _bits(row.bits_per_event),
                _fixed(row.emd.mean),
                _fixed(row.emd.median),
                _fixed(row.emd.standard_deviation),
                _fixed(row.emd.best),
                _interval(row.median_seed.emd) if row.median_seed else "",
                _interval(row.best_seed.emd) if row.best_seed else "",
                f"{row.emd.seeds_counted} of {len(row.seeds)}",
            ]
            for row in links
        ],
    )


def _links(row: LinksRow) -> list[str]:
    parts = [f"## {row.links} links"]
    parts += [f"Seed {s.seed} does not count: {s.failed}." for s in row.seeds if s.failed]
    if row.comparison is None or row.bits_per_event is None:
        return [*parts, "No seed counts."]
    network, baselines, bits = row.comparison.network, row.comparison.baselines, row.bits_per_event
    fit = [each for each in baselines if each.bits_per_event <= bits + 1e-9]
    parts += [f"At most {bits:.0f} bits an event:", _emd_table([network, *fit])]
    more = [each for each in baselines if each not in fit]
    if more:
        parts += ["Methods that spend more:", _emd_table(more)]
    folder = f"links_{row.links}"
    return [
        *parts,
        "Response (reconstructed against true):",
        _response_table([network, *baselines]),
        f"![EMD against occupancy]({folder}/occupancy.svg)",
        f"![EMD against charge]({folder}/charge.svg)",
        f"![response]({folder}/response.svg)",
    ]


def _emd_table(methods: Sequence[MethodFigures]) -> str:
    header = ["method", "bits an event", "mean EMD", "median EMD", "events left out"]
    return markdown_table(
        [*header, "network minus this, paired"],
        [
            [
                method.name,
                _bits(method.bits_per_event),
                _interval(method.emd),
                _fixed(method.emd.median),
                f"{method.emd.left_out:,}",
                _interval(method.network_minus_this_emd, "+.3f")
                if isinstance(method, BaselineFigures)
                else "",
            ]
            for method in methods
        ],
    )


def _response_table(methods: Sequence[MethodFigures]) -> str:
    header = ["method", "sum, mean ratio", "spread", "x bias (cm)", "x RMS", "y bias (cm)"]
    rows = []
    for method in methods:
        ratio, width = method.response.sum_ratio, method.response.rms_width_cm
        figures = [ratio.mean, ratio.standard_deviation]
        for shift in method.response.mean_position_cm.values():
            figures += [shift.mean, shift.rms]
        rows.append([method.name, *map(_fixed, [*figures, width.mean, width.rms])])
    return markdown_table([*header, "y RMS", "width bias (cm)", "width RMS"], rows)


def _interval(interval: Interval, form: str = ".3f") -> str:
    if not interval.counted:
        return "not defined"
    mean, low, high = (format(x, form) for x in (interval.mean, interval.low, interval.high))
    return f"{mean} [{low}, {high}]"


def _fixed(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"


def _bits(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".removesuffix(".0")
