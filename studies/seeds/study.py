"""A study of a config over seeds and numbers of links, with the baselines at the same bits."""

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from hexcoder.config import Config
from hexcoder.errors import CheckFailed
from hexcoder.files import write_json, write_whole
from hexcoder.metrics.train import TrainingEvents
from hexcoder.models.data.sample import Sample, split_sample
from hexcoder.models.evaluation.physics import load_decoder_of
from hexcoder.network.schema import Network
from hexcoder.sensor.encoders import load_encoder
from hexcoder.steps.runner import exclusive
from hexcoder.studies.processes import cores
from hexcoder.studies.seeds.charts import compare_and_draw, draw_emd_against_bits
from hexcoder.studies.seeds.comparison import Method, emd_figures, encoder_method
from hexcoder.studies.seeds.links import config_for_links
from hexcoder.studies.seeds.report import (
    AcrossSeeds,
    CountedSeed,
    LinksRow,
    Seed,
    SeedEmd,
    Study,
    study_page,
)
from hexcoder.studies.seeds.statistics import BOOTSTRAP
from hexcoder.studies.seeds.trainings import SeedResult, SeedTask, run_seeds

NETWORK = "network.json"


def study(
    config: Config,
    folder: Path,
    links: Sequence[int],
    seeds: int,
    jobs: int | None,
    progress: Callable[[SeedResult], None],
) -> Study:
    """Train what is not yet trained, then write study.json, study.md and pictures.

    For each number of links there are so many seeds, which count up from the config's
    ``training.seed`` and share one split of the events; each training gets a folder
    links_<n>/seed_<s>/train/. By default there are as many jobs as cores.

    CheckFailed if at a number of links no seed counts; the results are written all the same.
    """
    sample, held_out = split_sample(config)
    tasks = study_tasks(config, folder, links, seeds)
    source = config.data.events
    with exclusive(folder):
        results = run_seeds(tasks, jobs or cores(), progress)
        rows = [
            _links_row(number, [r for r in results if r.task.links == number], held_out, folder)
            for number in links
        ]
        result = Study(
            name=config.name,
            events=TrainingEvents(
                source=source if source == "generated" else Path(source).name,
                trained_on=len(sample.events),
                held_out=len(held_out.events),
                seed=config.data.seed,
            ),
            bootstrap=BOOTSTRAP,
            seeds=[task.seed for task in tasks[:seeds]],
            links=rows,
        )
        draw_emd_against_bits(rows, folder / "emd.svg")
        write_whole(folder / "study.md", study_page(result))
        write_json(folder / "study.json", result.as_json())
    without = [str(row.links) for row in rows if not row.comparison]
    if without:
        raise CheckFailed(
            f"no seed counts on {', '.join(without)} links; {folder / 'study.md'} has the reasons"
        )
    return result


def across_seeds(results: Sequence[SeedResult]) -> AcrossSeeds:
    """Figures over the trainings of a number of links."""
    means = [result.emd for result in results if result.physics]
    return AcrossSeeds(
        mean=statistics.fmean(means) if means else None,
        median=statistics.median(means) if means else None,
        standard_deviation=statistics.stdev(means) if len(means) > 1 else None,
        best=min(means, default=None),
        seeds_counted=len(means),
        seeds_failed=len(results) - len(means),
    )


def median_and_best(results: Sequence[SeedResult]) -> tuple[SeedResult, SeedResult] | None:
    """The seed in the middle by mean EMD, of two the worse, and the best; None if none counts."""
    ranked = sorted(
        (result for result in results if result.physics),
        key=lambda each: (each.emd, each.task.seed),
    )
    return (ranked[len(ranked) // 2], ranked[0]) if ranked else None


def study_tasks(config: Config, folder: Path, links: Sequence[int], seeds: int) -> list[SeedTask]:
    """The trainings of a study, by links and then by seed.

    InputError if the config's layers do not fit each other, or its latents the links.
    """
    tasks = []
    for number in links:
        fitting = config_for_links(config, number)
        for seed in range(config.training.seed, config.training.seed + seeds):
            # Weights that a config ships with are one seed's, at one number of links.
            training = fitting.training.model_copy(update={"seed": seed, "weights": None})
            own = folder / f"links_{number}" / f"seed_{seed}"
            settings = fitting.model_copy(update={"training": training})
            tasks.append(SeedTask(number, settings, own))
    return tasks


def _links_row(
    links: int, results: Sequence[SeedResult], held_out: Sample, folder: Path
) -> LinksRow:
    row = LinksRow(
        links=links,
        bits_per_event=None,
        latent_type=None,
        seeds=[_seed(result, folder) for result in results],
        emd=across_seeds(results),
        median_seed=None,
        best_seed=None,
        comparison=None,
    )
    chosen = median_and_best(results)
    if chosen is None:
        return row
    median, best = chosen
    method = _method(median, held_out)
    comparison = compare_and_draw(method, held_out.events, folder / f"links_{links}")
    return row.model_copy(
        update={
            "bits_per_event": method.bits,
            **_latents_of(median),
            "comparison": comparison,
            "median_seed": SeedEmd(seed=median.task.seed, emd=comparison.network.emd),
            "best_seed": SeedEmd(seed=best.task.seed, emd=emd_figures(_method(best, held_out).emd)),
        }
    )


def _seed(result: SeedResult, folder: Path) -> Seed | CountedSeed:
    if result.physics is None:
        return Seed(seed=result.task.seed, failed=result.failed)
    network = (result.folder / NETWORK).relative_to(folder).as_posix()
    return CountedSeed(**dict(result.physics) | {"seed": result.task.seed, "network": network})


def _latents_of(result: SeedResult) -> dict[str, str | int]:
    """Type and number of latents, of what has any."""
    encoder = load_encoder(result.folder / NETWORK)
    if not isinstance(encoder, Network):
        return {}
    return {"latent_type": str(encoder.output.type), "latents": math.prod(encoder.output.shape)}


def _method(result: SeedResult, held_out: Sample) -> Method:
    path = result.folder / NETWORK
    encoder = load_encoder(path)
    decoder = load_decoder_of(encoder, path, None)
    return encoder_method(encoder, decoder, held_out, f"encoder, seed {result.task.seed}")
