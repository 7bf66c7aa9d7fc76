"""Two runs side by side: hexcoder compare build/a build/b."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from hexcoder.documents import read_json
from hexcoder.errors import InputError

STAGES = ("rtl", "asic", "layout")


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of two runs; None where a run did not measure it."""

    stage: str
    metric: str
    first: float | None
    second: float | None

    @property
    def change(self) -> float | None:
        """Second over first, less one."""
        if self.first is None or self.second is None or not self.first:
            return None
        return self.second / self.first - 1


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in values.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, (int, float)):
            yield prefix + key, value
        elif isinstance(value, dict) and key != "design_rules":
            yield from _numbers(value, f"{prefix}{key}.")


def compare(first: Path, second: Path) -> list[Difference]:
    """All numbers that two runs measured, stage by stage.

    Parameters
    ----------
    first, second : Path
        build/<config> of each.

    Raises
    ------
    InputError
        If one is no folder of results.
    """
    measured: list[dict[tuple[str, str], float]] = []
    for build in (first, second):
        stages = [stage for stage in STAGES if (build / stage / "metrics.json").is_file()]
        if not stages:
            raise InputError(f"{build}: no results of {', '.join(STAGES)} in it")
        measured.append(
            {
                (stage, metric): value
                for stage in stages
                for metric, value in _numbers(read_json(build / stage / "metrics.json"))
            }
        )
    names = dict.fromkeys([*measured[0], *measured[1]])
    return [
        Difference(*name, *(metrics.get(name) for metrics in measured))
        for name in sorted(names, key=lambda name: STAGES.index(name[0]))
    ]


def table(differences: list[Difference], first: str, second: str, everything: bool) -> Table:
    """What differs, or all of it."""
    shown = Table("stage", "metric")
    for name in (first, second, "change"):
        shown.add_column(name, justify="right")
    for row in differences:
        if row.first == row.second and not everything:
            continue
        values = ["-" if v is None else f"{v:,.6g}" for v in (row.first, row.second)]
        change = "" if row.change is None else f"{row.change:+.1%}"
        shown.add_row(row.stage, row.metric, *values, change)
    return shown
