"""The runner: what is out of date runs again, and a stage's files appear whole or not at all.

A stage's results are made in a folder beside the last ones, step by step. Steps whose fingerprint
has not changed are taken over. A run that is killed leaves that folder, and the next one goes on in
it. In the end it takes the place of the last results.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from pydantic import ValidationError

from hexcoder.code import code_digest
from hexcoder.documents import read_json
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import locked, write_json
from hexcoder.steps.reads import File, Package, Place, file_digest, package_version
from hexcoder.steps.records import RECORDS, Records, StepRecord
from hexcoder.steps.step import FlatMetrics, Inputs, NotMeasured, Progress, Stage, Step
from hexcoder.tools import ToolFailed, ToolMissing

METRICS = "metrics.json"


@contextmanager
def exclusive(build: Path) -> Iterator[None]:
    """Hold a build folder: two runs in one folder would mix their files."""
    build.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(locked(build / ".lock", wait=False))
        except BlockingIOError:
            raise InputError(f"{build}: another run is using this folder; wait for it") from None
        except OSError as error:
            raise InputError(
                f"{build / '.lock'}: cannot be locked ({error.strerror}); remove it if it is a link"
            ) from None
        yield


@dataclass(frozen=True)
class Outcome:
    """What a run of a stage gave.

    Attributes
    ----------
    metrics : dict
        The content of metrics.json.
    ran : tuple of str
        Steps that ran; none if all were up to date.
    failures : tuple of str
        Limits that are not kept, and steps whose tool crashed, a line each.
    """

    metrics: FlatMetrics
    ran: tuple[str, ...]
    failures: tuple[str, ...]

    def judge(self) -> None:
        """Raise CheckFailed where something failed."""
        if self.failures:
            raise CheckFailed("; ".join(self.failures))


def run_stage(
    stage: Stage[Inputs],
    config: Any,
    build: Path,
    progress: Progress = lambda what, part: None,
) -> Outcome:
    """Run the steps of a stage that are out of date.

    Parameters
    ----------
    stage : Stage
    config : Config
    build : Path
        Folder of all stages; the results go to ``build/<stage.name>``.
    progress : callable
        Told each step that runs, and the part of the stage that is done.

    Raises
    ------
    InputError
        If something that a step reads is not there or not right. What was done so far is kept.
    """
    with exclusive(build):
        return _Run(stage, config, build, progress).run()


def is_current(stage: Stage[Any], config: Any, build: Path) -> bool:
    """Whether nothing of a stage is out of date, so that :func:`run_stage` would run nothing."""
    run = _Run(stage, config, build, lambda what, part: None)
    return run.current(Records.read(run.final)) is not None


class _Run(Generic[Inputs]):
    def __init__(self, stage: Stage[Inputs], config: Any, build: Path, progress: Progress):
        self.stage, self.build, self.progress = stage, build, progress
        self.final, self.partial = build / stage.name, build / f".{stage.name}.partial"
        self.retired = build / f".{stage.name}.retired"
        self.config = config
        self.ran: list[str] = []

    def run(self) -> Outcome:
        if self.retired.is_dir() and not self.final.exists():
            # Killed between two renames.
            self.retired.rename(self.final)
        shutil.rmtree(self.retired, ignore_errors=True)
        last = Records.read(self.final)
        records = self.current(last)
        if records is None:
            records = self._make(last.steps)
        return self._outcome(records)

    def _place(self, folder: Path) -> Place:
        return Place(self.config, self.build, self.stage.name, folder, tuple(self.stage.hands_over))

    def current(self, last: Records) -> dict[str, StepRecord] | None:
        """The last results, if nothing of them is out of date, or is not as it was written."""
        place, metrics = self._place(self.final), self.final / METRICS
        if list(last.steps) != [step.id for step in self.stage.steps]:
            return None
        if not metrics.is_file() or file_digest(metrics) != last.metrics:
            return None
        is_current = all(
            _is_current(step, last.steps[step.id], _fingerprint(step, place), place)
            for step in self.stage.steps
        )
        return last.steps if is_current else None

    def _make(self, last: dict[str, StepRecord]) -> dict[str, StepRecord]:
        left = Records.read(self.partial)
        begun = dict(left.steps)
        self.partial.mkdir(parents=True, exist_ok=True)
        place = self._place(self.partial)
        inputs = self.stage.inputs(place)
        records: dict[str, StepRecord] = {}
        total = sum(step.weight for step in self.stage.steps)
        done = 0.0
        for step in self.stage.steps:
            fingerprint = _fingerprint(step, place)
            if _is_current(step, begun.get(step.id), fingerprint, place):
                record = begun[step.id]
            elif _is_current(step, last.get(step.id), fingerprint, self._place(self.final)):
                record = last[step.id]
                self._take_over(step, record)
            else:
                goes_on = step.resumable and left.running == (step.id, fingerprint)
                self._clear(step, goes_on)
                Records(steps=begun | records, running=(step.id, fingerprint)).write(self.partial)
                record = self._run_step(step, inputs, fingerprint, done / total, total)
                self.ran.append(step.id)
            begun.pop(step.id, None)
            records[step.id] = record
            done += step.weight
            Records(steps=begun | records).write(self.partial)
        Records(steps=records).write(self.partial)
        self._drop_strays(records)
        metrics = self._metrics(records, inputs)
        write_json(self.partial / METRICS, metrics)
        failures = self._failures(records, metrics)
        digest = file_digest(self.partial / METRICS)
        Records(steps=records, failures=failures, metrics=digest).write(self.partial)
        self._move_in()
        return records

    def _run_step(
        self, step: Step[Inputs], inputs: Inputs, fingerprint: str, before: float, total: float
    ) -> StepRecord:
        place = self._place(self.partial)
        record = StepRecord(
            fingerprint=fingerprint, reads=_digests(step, place), tools=_versions(step, place)
        )

        def show(what: str, part: float) -> None:
            self.progress(what, before + part * step.weight / total)

        show(step.id, 0.0)
        try:
            self._require(step)
            measured = step.run(inputs, show)
            if measured is not None:
                record.metrics = measured.model_dump(mode="json", by_alias=True, exclude_unset=True)
        except (NotMeasured, ToolMissing) as reason:
            record.not_measured = self._without_folder(str(reason))
        except (ToolFailed, CheckFailed) as error:
            record.failed = self._without_folder(str(error))
            record.settled = isinstance(error, CheckFailed)
        record.files = {
            str(path.relative_to(self.partial)): file_digest(path)
            for path in step.files(self.partial)
        }
        return record

    def _require(self, step: Step[Inputs]) -> None:
        """Raise NotMeasured where a tool is absent, or a file that an earlier step makes."""
        for tool in step.needs:
            if tool.missing:
                raise NotMeasured(tool.missing)
        for name in _lacking(step, self._place(self.partial)):
            maker = next((s.id for s in self.stage.steps if s.has_written(name)), "an earlier step")
            raise NotMeasured(f"'{maker}' made no {name}")

    def _without_folder(self, text: str) -> str:
        # The folder is a temporary one until the stage is whole.
        return text.replace(str(self.partial), str(self.final))

    def _clear(self, step: Step[Inputs], goes_on: bool) -> None:
        if not goes_on:
            for path in step.files(self.partial):
                path.unlink()
        for name in step.writes:
            place = self.partial / name
            (place if name.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)

    def _take_over(self, step: Step[Inputs], record: StepRecord) -> None:
        self._clear(step, goes_on=False)
        place = self._place(self.final)
        for name in record.files:
            source, target = place.path(f"{place.stage}/{name}"), self.partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copy2(source, target)

    def _drop_strays(self, records: dict[str, StepRecord]) -> None:
        """Remove what steps left that are no longer in the list."""
        ours = {RECORDS, *(name for record in records.values() for name in record.files)}
        for path in sorted(self.partial.rglob("*"), reverse=True):
            if path.is_file() and str(path.relative_to(self.partial)) not in ours:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    def _metrics(self, records: dict[str, StepRecord], inputs: Inputs) -> FlatMetrics:
        metrics: FlatMetrics = {}
        reasons: dict[str, str] = {}
        for step in self.stage.steps:
            record = records[step.id]
            reason = record.failed or record.not_measured
            if reason and step.metrics:
                metrics |= dict.fromkeys(step.metrics.names())
                reasons |= dict.fromkeys(step.metrics.names(), reason)
            metrics |= record.metrics
        return self.stage.assemble(inputs, metrics | {"not_measured": reasons})

    def _move_in(self) -> None:
        for name in self.stage.hands_over:
            if (self.partial / name).exists():
                os.replace(self.partial / name, self.build / name)
        if self.final.exists():
            self.final.rename(self.retired)
        self.partial.rename(self.final)
        shutil.rmtree(self.retired, ignore_errors=True)

    def _outcome(self, records: dict[str, StepRecord]) -> Outcome:
        metrics = read_json(self.final / METRICS)
        return Outcome(metrics, tuple(self.ran), tuple(self._failures(records, metrics)))

    def _failures(self, records: dict[str, StepRecord], metrics: FlatMetrics) -> list[str]:
        """Steps that failed, and limits that are not kept."""
        place = self._place(self.final)
        lines = [limit.failure(metrics, place) for limit in self.stage.limits]
        return [line for line in (*(r.failed for r in records.values()), *lines) if line]


def _digests(step: Step[Any], place: Place) -> dict[str, str | None]:
    digests: dict[str, str | None] = {}
    for read in step.reads:
        if isinstance(read, File) and not read.is_lacking(place):
            stage, _, rest = read.name.partition("/")
            handed_over = stage == place.stage and rest in place.hands_over
            name = rest if handed_over else read.name
            digests[name] = file_digest(path) if (path := place.path(read.name)).is_file() else None
    return digests


def _is_current(step: Step[Any], record: StepRecord | None, fingerprint: str, place: Place) -> bool:
    """Whether a record is of this state of the step, and holds what the step measures."""
    if record is None or not record.is_of(fingerprint, place):
        return False
    if step.metrics is None or record.not_measured or record.failed:
        return True
    try:
        step.metrics.model_validate(record.metrics)
    except ValidationError:
        return False
    return True


def _versions(step: Step[Any], place: Place) -> dict[str, str | None]:
    packages = {
        read.name: package_version(read.name) for read in step.reads if isinstance(read, Package)
    }
    return packages | {tool.program: tool.version for tool in step.needs}


def _lacking(step: Step[Any], place: Place) -> list[str]:
    files = [read for read in step.reads if isinstance(read, File)]
    return [file.name.partition("/")[2] for file in files if file.is_lacking(place)]


def _fingerprint(step: Step[Any], place: Place) -> str:
    """SHA-256 of everything that a step depends on."""
    lacking = _lacking(step, place)
    state = ["lacking", lacking] if lacking else [read.state(place) for read in step.reads]
    tools = [tool.state(place) for tool in step.needs]
    code = code_digest(step.run.__module__)
    text = json.dumps([1, step.id, list(step.writes), code, state, tools], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
