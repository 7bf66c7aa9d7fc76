"""Every design of every task and kind, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import CheckFailed, InputError
from hexcoder.metrics.asic import SynthesisOrigin
from hexcoder.studies.tables.designs import (
    TASKS,
    Design,
    Effort,
    config_of,
    designs_of,
    save_task,
)
from hexcoder.studies.tables.measure import Figures, measure
from hexcoder.studies.tables.price import EFFORT, priced_designs
from hexcoder.studies.tables.report import Priced, Row, TablesFile, correlation_of

PRICE_SEED = 2
"""Constants of the price were taken from networks of another seed."""


@dataclass(frozen=True)
class Wanted:
    """What is compared.

    Parameters
    ----------
    tasks, kinds : tuple of str
    seeds : int
        Trainings of each design.
    designs : int, optional
        Of each kind; all without it.
    priced : int
        Networks of tables whose price is held against their area, on the jets.
    effort : Effort
    """

    tasks: tuple[str, ...]
    kinds: tuple[str, ...]
    seeds: int
    designs: int | None
    priced: int
    effort: Effort


def compare(
    wanted: Wanted, folder: Path, show: Callable[[str, float, TablesFile], None]
) -> TablesFile:
    """Measure all that is wanted; a point that is up to date in ``folder`` is read.

    ``show`` is told what comes next, which part is done, and all that is known so far.
    """
    effort = wanted.effort
    content = TablesFile(
        samples=effort.samples,
        epochs=effort.epochs,
        glitch_events=effort.glitch_events,
        seeds=wanted.seeds,
    )
    points = [
        (task, design, seed)
        for task in wanted.tasks
        # All kinds of a seed first: a run that ends early is a comparison too.
        for seed in range(1, wanted.seeds + 1)
        for kind in wanted.kinds
        for design in _spread(designs_of(TASKS[task], kind), wanted.designs)
    ]
    total = len(points) + wanted.priced
    for task in wanted.tasks:
        save_task(TASKS[task], effort, _samples(folder, task))
    for number, (task, design, seed) in enumerate(points):
        place = folder / task / design.kind / f"{_word(design.name)}_{seed}"
        show(f"{task}, {design.kind}, {design.name}, seed {seed}", number / total, content)
        found = _measured(task, design, seed, effort, _samples(folder, task), place, content)
        if isinstance(found, TablesFile):
            content = found
            continue
        row = Row(task=task, kind=design.kind, design=design.name, seed=seed, figures=found)
        content = content.model_copy(
            update={"rows": (*content.rows, row), "origin": _origin(place)}
        )
    if wanted.priced:
        content = _price(wanted.priced, len(points), total, folder, content, show)
    show("done", 1.0, content)
    return content


def _measured(
    task: str,
    design: Design,
    seed: int,
    effort: Effort,
    samples: Path,
    place: Path,
    content: TablesFile,
    *,
    with_energy: bool = True,
) -> Figures | TablesFile:
    """A design's figures, or the file with why there are none."""
    try:
        config = config_of(TASKS[task], design, seed, effort, samples)
        return measure(config, place, with_energy=with_energy)
    except (CheckFailed, InputError) as error:
        line = f"{task}, {design.kind}, {design.name}, seed {seed}: {error}"
        return content.model_copy(update={"not_measured": (*content.not_measured, line)})


def _price(
    count: int,
    done: int,
    total: int,
    folder: Path,
    content: TablesFile,
    show: Callable[[str, float, TablesFile], None],
) -> TablesFile:
    place = folder / "price"
    place.mkdir(exist_ok=True)
    samples = _samples(place, "jets")
    save_task(TASKS["jets"], EFFORT, samples)
    for number, design in enumerate(priced_designs(TASKS["jets"], count, seed=PRICE_SEED)):
        show(f"price, {design.name}", (done + number) / total, content)
        found = _measured(
            "jets", design, number, EFFORT, samples, place / f"{number}", content,
            with_energy=False,
        )  # fmt: skip
        if isinstance(found, TablesFile):
            content = found
            continue
        assert found.price is not None
        one = Priced(design=design.name, price=found.price, area_um2=found.area_um2)
        content = content.model_copy(update={"priced": (*content.priced, one)})
    return content.model_copy(update={"price_rank_correlation": correlation_of(content.priced)})


def _samples(folder: Path, task: str) -> Path:
    return folder / f"{task}.npz"


def _origin(place: Path) -> SynthesisOrigin:
    return SynthesisOrigin.model_validate(read_json(place / "asic" / "metrics.json")["origin"])


def _spread(designs: list[Design], count: int | None) -> list[Design]:
    """So many, first and last among them."""
    if count is None or count >= len(designs):
        return designs
    return [designs[row] for row in np.linspace(0, len(designs) - 1, count).round().astype(int)]


def _word(name: str) -> str:
    """A folder's name."""
    letters = [letter if letter.isalnum() or letter in ".-" else "_" for letter in name]
    return "".join(letters).replace("__", "_")
