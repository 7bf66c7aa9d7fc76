"""The front of a search, measured: every point taken to gates."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.config import Config, load_config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import read_json
from hexcoder.processes import worker_pool
from studies.front.point import Measured, measure


@dataclass(frozen=True)
class FrontResult:
    """A search's front with what was measured of it.

    Parameters
    ----------
    search : dict
        The search's front.json.
    points : list of dict
        Rows of its ``front`` that were taken, adder bits rising.
    measured : list of dict or None
        Metrics of each; None where a tool failed.
    failures : list of str
        A line for each of those.
    ran : bool
        False if everything was up to date.
    """

    search: dict[str, Any]
    points: list[dict[str, Any]]
    measured: list[dict[str, Any] | None]
    failures: list[str]
    ran: bool


def select_points(points: Sequence[dict[str, Any]], wanted: int | None) -> list[dict[str, Any]]:
    """Choose points evenly in the logarithm of their adder bits, both ends among them.

    Parameters
    ----------
    points : sequence of dict
        With ``adder_bits``, rising.
    wanted : int or None
        About so many, at least 2; None takes all.
    """
    if wanted is None or wanted >= len(points):
        return list(points)
    places = np.log([max(point["adder_bits"], 1.0) for point in points])
    grid = np.linspace(places[0], places[-1], wanted)
    rows = {int(np.abs(places - place).argmin()) for place in grid}
    return [points[row] for row in sorted(rows)]


def measure_front(
    config: Config,
    build: Path,
    wanted: int | None,
    jobs: int,
    full: bool,
    dominated: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FrontResult:
    """Take the points of build/search/front.json to gates, each in build/front/<trial>.

    Parameters
    ----------
    config : Config
        Of the search: its pipeline, clock, silicon and verification count for all points.
    build : Path
        build/<config>.
    wanted : int or None
        See :func:`select_points`.
    jobs : int
        Points at a time.
    full : bool
        See :func:`studies.front.point.measure`.
    dominated : bool
        Also trials that are not on the search's front.
    progress : callable
        Called with the number of points that are done and that of all.

    Raises
    ------
    InputError
        If there is no front to measure.
    """
    found = build / "search" / "front.json"
    if not found.is_file():
        raise InputError(f"{found}: no such file; 'python -m studies search' writes it")
    search = read_json(found)
    points = select_points(search["measured" if dominated else "front"], wanted)
    if not points:
        raise InputError(f"{found}: the front has no point")

    results: list[Measured | str | None] = [None] * len(points)
    progress(0, len(points))
    with worker_pool(jobs, _start_worker) as pool:
        futures = {
            pool.submit(_measure_point, config, build, full, point): row
            for row, point in enumerate(points)
        }
        try:
            for done, future in enumerate(as_completed(futures), 1):
                results[futures[future]] = future.result()
                progress(done, len(points))
        finally:
            pool.shutdown(cancel_futures=True)
    return FrontResult(
        search,
        points,
        [result.metrics if isinstance(result, Measured) else None for result in results],
        [result for result in results if isinstance(result, str)],
        any(not isinstance(result, Measured) or result.ran for result in results),
    )


def _start_worker() -> None:
    # The parent hears of an interrupt and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _measure_point(
    config: Config, build: Path, full: bool, point: dict[str, Any]
) -> Measured | str:
    """One point, or why it was not measured."""
    source = build / "search" / point["config"]
    shared = ("pipeline", "clock", "silicon", "verification")
    try:
        own = load_config(source).model_copy(
            update={section: getattr(config, section) for section in shared}
        )
        network = build / "search" / point["network"]
        held_out = build / "search" / "held_out.csv"
        return measure(own, network, held_out, build / "front" / source.parent.name, full)
    except (InputError, CheckFailed) as error:
        return f"trial {point['trial']}: {error}"


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None where it is not defined."""
    from scipy.stats import spearmanr

    if len(one) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    value = float(spearmanr(one, other).statistic)
    return value if math.isfinite(value) else None
