"""The runner: what is out of date runs again, and a stage's files appear whole or not at all.

A stage's results are made in a folder beside the last ones, step by step. Steps whose fingerprint
has not changed are taken over. A run that is killed leaves that folder, and the next one goes on in
it. In the end it takes the place of the last results.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic

from hexcoder.code import code_digest
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_json
from hexcoder.steps.reads import File, Package, Place, file_digest, package_version
from hexcoder.steps.step import FlatMetrics, Inputs, NotMeasured, Progress, Stage, Step
from hexcoder.tools import ToolFailed, ToolMissing

RECORDS = "steps.json"
METRICS = "metrics.json"
_FORMAT = 1


@contextmanager
def exclusive(build: Path) -> Iterator[None]:
    """Hold a build folder: two runs in one folder would mix their files."""
    build.mkdir(parents=True, exist_ok=True)
    with open(build / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{build}: another run is using this folder; wait for it") from None
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


@dataclass
class _Record:
    """What is kept of a step that ran."""

    fingerprint: str
    files: dict[str, str] = field(default_factory=dict)
    metrics: FlatMetrics = field(default_factory=dict)
    not_measured: str | None = None
    failed: str | None = None
    settled: bool = False
    """It failed, and would fail again: not for want of a tool or by its crash."""
    reads: dict[str, str | None] = field(default_factory=dict)
    """Digests of the files that it read, by their names below the build folder."""
    tools: dict[str, str | None] = field(default_factory=dict)
    """Versions of packages and programs; None where absent."""

    @classmethod
    def read(cls, value: Any) -> _Record | None:
        """Of a file that anything may have happened to; None if it is not one of ours."""
        kinds = {"fingerprint": str, "files": dict, "metrics": dict, "reads": dict, "tools": dict}
        if not isinstance(value, dict) or set(value) != set(cls.__dataclass_fields__):
            return None
        if not all(isinstance(value[name], kind) for name, kind in kinds.items()):
            return None
        return cls(**value)

    def is_of(self, fingerprint: str, place: Place) -> bool:
        """Whether it was made from this state, and its files are still as it left them."""
        if self.fingerprint != fingerprint or (self.failed is not None and not self.settled):
            return False
        for name, digest in self.files.items():
            path = place.path(f"{place.stage}/{name}")
            # What was handed over is the user's to change.
            if not path.is_file() or (name not in place.hands_over and file_digest(path) != digest):
                return False
        return True


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
    return run.current(_read_records(run.final)) is not None


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
        last = _read_records(self.final)
        records = self.current(last)
        if records is None:
            records = self._make(last)
        return self._outcome(records)

    def _place(self, folder: Path) -> Place:
        return Place(self.config, self.build, self.stage.name, folder, tuple(self.stage.hands_over))

    def current(self, last: dict[str, _Record]) -> dict[str, _Record] | None:
        """The last results, if nothing of them is out of date."""
        place = self._place(self.final)
        if list(last) != [step.id for step in self.stage.steps]:
            return None
        is_current = all(
            last[step.id].is_of(_fingerprint(step, place), place) for step in self.stage.steps
        )
        return last if is_current else None

    def _make(self, last: dict[str, _Record]) -> dict[str, _Record]:
        begun = _read_records(self.partial)
        interrupted = _read_interrupted(self.partial)
        self.partial.mkdir(parents=True, exist_ok=True)
        place = self._place(self.partial)
        inputs = self.stage.inputs(place)
        records: dict[str, _Record] = {}
        total = sum(step.weight for step in self.stage.steps)
        done = 0.0
        for step in self.stage.steps:
            fingerprint = _fingerprint(step, place)
            if step.id in begun and begun[step.id].is_of(fingerprint, place):
                record = begun[step.id]
            elif step.id in last and last[step.id].is_of(fingerprint, self._place(self.final)):
                record = last[step.id]
                self._take_over(step, record)
            else:
                goes_on = step.resumable and interrupted == (step.id, fingerprint)
                self._clear(step, goes_on)
                _write_records(self.partial, {**begun, **records}, (step.id, fingerprint))
                record = self._run_step(step, inputs, fingerprint, done / total, total)
                self.ran.append(step.id)
            begun.pop(step.id, None)
            records[step.id] = record
            done += step.weight
            _write_records(self.partial, {**begun, **records})
        _write_records(self.partial, records)
        self._drop_strays(records)
        metrics = self._metrics(records, inputs)
        write_json(self.partial / METRICS, metrics)
        _write_records(self.partial, records, failures=self._failures(records, metrics))
        self._move_in()
        return records

    def _run_step(
        self, step: Step[Inputs], inputs: Inputs, fingerprint: str, before: float, total: float
    ) -> _Record:
        place = self._place(self.partial)
        record = _Record(fingerprint, reads=_digests(step, place), tools=_versions(step, place))

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

    def _take_over(self, step: Step[Inputs], record: _Record) -> None:
        self._clear(step, goes_on=False)
        place = self._place(self.final)
        for name in record.files:
            source, target = place.path(f"{place.stage}/{name}"), self.partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copy2(source, target)

    def _drop_strays(self, records: dict[str, _Record]) -> None:
        """Remove what steps left that are no longer in the list."""
        ours = {RECORDS, *(name for record in records.values() for name in record.files)}
        for path in sorted(self.partial.rglob("*"), reverse=True):
            if path.is_file() and str(path.relative_to(self.partial)) not in ours:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    def _metrics(self, records: dict[str, _Record], inputs: Inputs) -> FlatMetrics:
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

    def _outcome(self, records: dict[str, _Record]) -> Outcome:
        metrics = json.loads((self.final / METRICS).read_text(encoding="utf-8"))
        return Outcome(metrics, tuple(self.ran), tuple(self._failures(records, metrics)))

    def _failures(self, records: dict[str, _Record], metrics: FlatMetrics) -> list[str]:
        """Steps that failed, and limits that are not kept."""
        place = self._place(self.final)
        lines = [limit.failure(metrics, place) for limit in self.stage.limits]
        return [line for line in (*(r.failed for r in records.values()), *lines) if line]


@dataclass(frozen=True)
class StageRecord:
    """What a stage that ran has left of how it did.

    Attributes
    ----------
    reads : mapping of str to str
        Digest of each file outside of the stage that a step read.
    tools : mapping of str to str or None
        Versions of packages and programs; None where absent.
    failures : sequence of str
        A line each.
    """

    reads: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str | None] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


def read_stage_record(folder: Path) -> StageRecord:
    """What a stage's folder says of how it was made; empty where it says nothing."""
    records = _read_records(folder).values()
    reads = {
        name: digest
        for record in records
        for name, digest in record.reads.items()
        if digest is not None and not name.startswith(f"{folder.name}/")
    }
    tools = {name: version for record in records for name, version in record.tools.items()}
    failures = _read(folder).get("failures")
    return StageRecord(reads, tools, tuple(failures) if isinstance(failures, list) else ())


def _digests(step: Step[Any], place: Place) -> dict[str, str | None]:
    digests: dict[str, str | None] = {}
    for read in step.reads:
        if isinstance(read, File) and not read.is_lacking(place):
            stage, _, rest = read.name.partition("/")
            handed_over = stage == place.stage and rest in place.hands_over
            name = rest if handed_over else read.name
            digests[name] = file_digest(path) if (path := place.path(read.name)).is_file() else None
    return digests


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
    text = json.dumps([_FORMAT, step.id, list(step.writes), code, state, tools], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_records(folder: Path) -> dict[str, _Record]:
    """Records of a folder, in order; none where they cannot be read."""
    steps = _read(folder).get("steps")
    if not isinstance(steps, dict):
        return {}
    records = {name: _Record.read(value) for name, value in steps.items()}
    return {name: record for name, record in records.items() if record is not None}


def _read_interrupted(folder: Path) -> tuple[str, str] | None:
    """Step that ran when the run was killed, and its fingerprint."""
    value = _read(folder).get("running")
    return (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else None


def _read(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / RECORDS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and value.get("format") == _FORMAT else {}


def _write_records(
    folder: Path,
    records: dict[str, _Record],
    running: tuple[str, str] | None = None,
    failures: Sequence[str] = (),
) -> None:
    steps = {name: asdict(record) for name, record in records.items()}
    content = {"format": _FORMAT, "running": running, "failures": list(failures), "steps": steps}
    write_json(folder / RECORDS, content)
