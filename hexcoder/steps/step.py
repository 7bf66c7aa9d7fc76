"""One thing that a stage does, and the stage as a list of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from hexcoder.steps.limits import Limit
from hexcoder.steps.reads import Place, Read, Tool

Inputs = TypeVar("Inputs")
"""What the steps of a stage share: views of files, loaded on first use."""

FlatMetrics: TypeAlias = dict[str, Any]
"""What all steps of a stage measured, key by key, as in its metrics.json."""

Progress = Callable[[str, float], None]
"""Told what runs, and the part of it that is done."""


class Metrics(BaseModel):
    """What a step measured: a part of its stage's metrics.json."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @classmethod
    def names(cls) -> list[str]:
        """Keys in the file."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class NotMeasured(Exception):
    """A step has nothing to measure here; the message is the reason that the report prints."""


@dataclass(frozen=True)
class Step(Generic[Inputs]):
    """One thing that a stage does.

    Attributes
    ----------
    id : str
        'stage.what'.
    run : callable
        From the stage's inputs and a :data:`Progress` to :class:`Metrics`, or None. It writes what
        ``writes`` names, below the stage's folder, and nothing else. Its module, and all that this
        imports, are part of the fingerprint. Raises :class:`NotMeasured` where there is nothing to
        measure.
    metrics : type of Metrics, optional
        What ``run`` returns: these keys are null where the step could not run.
    reads : sequence of Read
        What the result depends on beside the code.
    writes : sequence of str
        Files, patterns of files, and folders (with a slash at the end) in the stage's folder.
    needs : sequence of Tool
        Programs without which there is nothing to measure; parts of the fingerprint.
    weight : float
        Its share of the stage's time, for the progress bar.
    resumable : bool
        ``run`` goes on from what an interrupted run of the same fingerprint left.
    """

    id: str
    run: Callable[[Inputs, Progress], Metrics | None]
    metrics: type[Metrics] | None = None
    reads: Sequence[Read] = ()
    writes: Sequence[str] = ()
    needs: Sequence[Tool] = ()
    weight: float = 1.0
    resumable: bool = False

    def files(self, folder: Path) -> Iterator[Path]:
        """Files below a folder that this step has written."""
        for name in self.writes:
            paths = (folder / name).rglob("*") if name.endswith("/") else folder.glob(name)
            yield from sorted(path for path in paths if path.is_file())

    def has_written(self, name: str) -> bool:
        """Whether a file of this name is one that the step writes."""
        return any(
            name.startswith(pattern) if pattern.endswith("/") else fnmatch(name, pattern)
            for pattern in self.writes
        )


@dataclass(frozen=True)
class Stage(Generic[Inputs]):
    """A list of steps, and the limits that their metrics have to keep.

    Attributes
    ----------
    name : str
        Folder of its results below the build folder.
    steps : sequence of Step
    inputs : callable
        From a :class:`Place` to what the steps share.
    limits : sequence of Limit
    hands_over : sequence of str
        Files of the stage's folder that belong one level up. A user may put others in their place.
    assemble : callable
        From the inputs and the metrics of all steps, with ``not_measured``, to metrics.json.
    """

    name: str
    steps: Sequence[Step[Inputs]]
    inputs: Callable[[Place], Inputs]
    limits: Sequence[Limit] = ()
    hands_over: Sequence[str] = ()
    assemble: Callable[[Inputs, FlatMetrics], FlatMetrics] = lambda inputs, metrics: metrics
