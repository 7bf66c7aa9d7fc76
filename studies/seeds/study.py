"""A study of a config over seeds and numbers of links, with the baselines at the same bits."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.config import Config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_json
from hexcoder.steps.runner import exclusive
from models.data.sample import Sample, split_sample
from models.decoder import load_decoder
from models.encoder.untrained import untrained_network
from network.schema import load_network
from studies.seeds.charts import draw_emd_against_bits
from studies.seeds.comparison import BOOTSTRAP, Method, network_method
from studies.seeds.links import config_for_links
from studies.seeds.profile import compare_and_draw
from studies.seeds.report import study_page
from studies.seeds.statistics import mean_interval
from studies.seeds.trainings import SeedResult, SeedTask, run_seeds


def study(
    config: Config,
    folder: Path,
    links: Sequence[int],
    seeds: int,
    jobs: int | None,
    progress: Callable[[int, int, SeedResult | None], None] = lambda done, total, result: None,
) -> dict[str, Any]:
    """Train what is not yet trained, then write study.json, study.md and pictures.

    Parameters
    ----------
    config : Config
        Seeds count up from its ``training.seed``; all share one split of the events.
    folder : Path
        Gets links_<n>/seed_<s>/train/ for each training, and the results.
    links : sequence of int
        Keys of :data:`studies.seeds.links.DATA_BITS`.
    seeds : int
        Trainings for each number of links.
    jobs : int, optional
        Most trainings at a time; by default as many as there are cores.
    progress : callable
        Told how many trainings are done, of how many, and the latest result.

    Returns
    -------
    dict
        What study.json holds.

    Raises
    ------
    CheckFailed
        If at a number of links no seed counts; the results are written all the same.
    """
    sample, held_out = split_sample(config)
    tasks = study_tasks(config, folder, links, seeds)
    jobs = jobs or len(os.sched_getaffinity(0))
    with exclusive(folder):
        done = 0
        progress(done, len(tasks), None)

        def tell(result: SeedResult) -> None:
            nonlocal done
            done += 1
            progress(done, len(tasks), result)

        results = run_seeds(tasks, jobs, tell)
        rows = [
            _links_row(number, [r for r in results if r.links == number], held_out, folder)
            for number in links
        ]
        found = {
            "name": config.name,
            "events": {
                "source": config.data.events
                if config.data.events == "generated"
                else Path(config.data.events).name,
                "trained_on": len(sample.events),
                "held_out": len(held_out.events),
                "seed": config.data.seed,
            },
            "bootstrap": BOOTSTRAP,
            "seeds": [task.seed for task in tasks[:seeds]],
            "links": rows,
        }
        draw_emd_against_bits(rows, folder / "emd.svg")
        page = folder / ".study.md.partial"
        page.write_text(study_page(found), encoding="utf-8")
        page.replace(folder / "study.md")
        write_json(folder / "study.json", found)
    without = [str(row["links"]) for row in rows if not row["comparison"]]
    if without:
        raise CheckFailed(
            f"no seed counts on {', '.join(without)} links; {folder / 'study.md'} has the reasons"
        )
    return found


def across_seeds(results: Sequence[SeedResult]) -> dict[str, Any]:
    """Mean EMD of the trainings of a number of links: its mean, median, spread and best.

    The standard deviation is that of a sample, n - 1 in the denominator, and null for one seed.
    """
    means = [r.physics["emd_mean"] for r in results if r.physics and not r.failed]
    return {
        "mean": statistics.fmean(means) if means else None,
        "median": statistics.median(means) if means else None,
        "standard_deviation": statistics.stdev(means) if len(means) > 1 else None,
        "best": min(means, default=None),
        "seeds_counted": len(means),
        "seeds_failed": len(results) - len(means),
    }


def median_and_best(results: Sequence[SeedResult]) -> tuple[SeedResult, SeedResult] | None:
    """The seed in the middle by mean EMD, of two the worse, and the best; None if none counts."""
    counted = [(r.physics["emd_mean"], r.seed, r) for r in results if r.physics and not r.failed]
    if not counted:
        return None
    ranked = sorted(counted, key=lambda entry: entry[:2])
    return ranked[len(ranked) // 2][2], ranked[0][2]


def study_tasks(config: Config, folder: Path, links: Sequence[int], seeds: int) -> list[SeedTask]:
    """The trainings of a study, by links and then by seed.

    Raises
    ------
    InputError
        If the config's layers do not fit each other, or its latents do not fit the links.
    """
    try:
        latents = int(np.prod(untrained_network(config, 0).output.shape))
    except ValueError as error:
        raise InputError(f"config {config.name}: section 'network': {error}") from None
    tasks = []
    for number in links:
        fitting = config_for_links(config, number, latents)
        for seed in range(config.training.seed, config.training.seed + seeds):
            # Weights that a config ships with are one seed's, at one number of links.
            training = fitting.training.model_copy(update={"seed": seed, "weights": None})
            own = folder / f"links_{number}" / f"seed_{seed}"
            settings = fitting.model_copy(update={"training": training})
            tasks.append(SeedTask(number, seed, settings, own))
    return tasks


def _links_row(
    links: int, results: Sequence[SeedResult], held_out: Sample, folder: Path
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "links": links,
        "bits_per_event": None,
        "latent_type": None,
        "seeds": [_seed_row(result, folder) for result in results],
        "emd": across_seeds(results),
        "median_seed": None,
        "best_seed": None,
        "comparison": None,
    }
    chosen = median_and_best(results)
    if chosen:
        median, best = chosen
        network = load_network(median.folder / "network.json")
        method = _method(median, held_out, f"network, seed {median.seed}")
        row["bits_per_event"] = method.bits
        row["latents"] = int(np.prod(network.output.shape))
        row["latent_type"] = str(network.output.type)
        row["comparison"] = compare_and_draw(method, held_out.events, folder / f"links_{links}")
        row["median_seed"] = {"seed": median.seed, "emd": row["comparison"]["network"]["emd"]}
        interval = mean_interval(_method(best, held_out, "").emd)
        row["best_seed"] = {
            "seed": best.seed,
            "emd": {"mean": interval.mean, "low": interval.low, "high": interval.high},
        }
    return row


def _seed_row(result: SeedResult, folder: Path) -> dict[str, Any]:
    if result.failed or not result.physics:
        return {"seed": result.seed, "failed": result.failed}
    network = result.folder / "network.json"
    return {
        "seed": result.seed,
        "network": network.relative_to(folder).as_posix(),
        **{key: value for key, value in result.physics.items() if key != "network"},
    }


def _method(result: SeedResult, held_out: Sample, name: str) -> Method:
    network = load_network(result.folder / "network.json")
    decoder = load_decoder(result.folder / "decoder.safetensors")
    return network_method(network, decoder, held_out, name)
