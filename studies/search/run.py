"""Multi-objective search by Optuna (Akiba et al., KDD 2019): EMD against adder bits.

The process that leads asks for trials and records their results; workers only train. Whatever is
killed at whatever moment, a later run goes on: a trial that was running keeps its number, its
parameters and the checkpoint of its training.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from optuna.trial import FrozenTrial, Trial, TrialState

from hexcoder.config import Config, config_text
from hexcoder.errors import InputError
from hexcoder.pareto import hypervolume, pareto_front
from hexcoder.studies.record import Parameters
from hexcoder.studies.search.space import Space, config_digest
from hexcoder.studies.search.store import open_study, sampler
from hexcoder.studies.search.trial import Task, TrialResult
from hexcoder.studies.search.workers import Workers

MOST_ASKED = 3
"""A small space is drawn empty; then the same trials come again. So often the wanted number."""


@dataclass(frozen=True)
class Outcome:
    """What is known of a trial that is over."""

    number: int
    parameters: Parameters
    result: TrialResult
    same_as: int | None  # the earlier trial of just the same config, whose result this is

    @classmethod
    def of(cls, trial: FrozenTrial) -> Outcome:
        """What was recorded of a trial of Optuna's."""
        known = trial.user_attrs
        result = known.get("result", {"failed": "no result was recorded"})
        return cls(
            trial.number,
            known.get("parameters", {}),
            TrialResult.model_validate(result),
            known.get("same_as"),
        )

    @property
    def reason(self) -> str | None:
        """Why there is no point of this trial; None if there is one."""
        for kind in ("failed", "infeasible"):
            if why := getattr(self.result, kind):
                return f"{kind}: {why}"
        return None

    @property
    def emd(self) -> float:
        """Mean EMD on held-out events in half pitches; NaN without a point."""
        return math.nan if self.reason else self.result.emd

    @property
    def adder_bits(self) -> float:
        """Adder bits; NaN without a point."""
        bits = self.result.adder_bits
        return math.nan if self.reason or bits is None else bits


class SearchRun:
    """The search that a folder, which the caller holds, has or is to have.

    ``source`` is the config's file, for messages; ``trials`` with different configs are wanted, by
    default as many as the config says.
    """

    def __init__(self, config: Config, source: str, folder: Path, trials: int | None):
        self._space, self._folder = Space(config, source), folder
        self.search = self._space.search
        self.trials = trials or self.search.trials
        self._study = open_study(folder, config)
        self._grid = self._space.grid() if self.search.sampler == "grid" else None
        begun = self._study.get_trials(deepcopy=False)
        self.outcomes = [Outcome.of(trial) for trial in begun if trial.state.is_finished()]
        # Trials that a killed search left running come first.
        self._interrupted = [t.number for t in begun if t.state == TrialState.RUNNING]
        self._at_work: dict[int, Trial] = {}

    @property
    def tried(self) -> int:
        """Trials that are over and no repetition of another."""
        return sum(outcome.same_as is None for outcome in self.outcomes)

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return not self._interrupted and not self._at_work and not self._wants_more

    @property
    def _wants_more(self) -> bool:
        enough = self.tried + len(self._at_work) >= self.trials
        asked = len(self.outcomes) + len(self._at_work)
        most = MOST_ASKED * self.trials if self._grid is None else len(self._grid)
        return not enough and asked < most

    def front(self) -> list[Outcome]:
        """Trials that no other beats in EMD and adder bits, adder bits rising."""
        points = np.array([(outcome.emd, outcome.adder_bits) for outcome in self.outcomes])
        return [self.outcomes[row] for row in pareto_front(points)]

    def hypervolume(self) -> float:
        """Half pitches times decades of adder bits that the front dominates."""
        points = np.array(
            [(o.emd, _decades(o.adder_bits)) for o in self.outcomes if o.reason is None]
        )
        reference = self.search.reference_emd, math.log10(self.search.reference_adder_bits)
        return hypervolume(points, reference)

    def run(self, workers: Workers, progress: Callable[[], None]) -> None:
        """Run trials until the wanted number is reached; ``progress`` is called after each."""
        while not self.complete:
            while workers.free and (self._interrupted or self._wants_more):
                self._start(workers, progress)
            if self._at_work:
                for task, result in workers.finished():
                    self._record(self._at_work.pop(task.number), task.parameters, result)
                    progress()

    def _ask(self) -> Trial:
        trials = self._study.get_trials(deepcopy=False)
        number = self._interrupted.pop(0) if self._interrupted else len(trials)
        self._study.sampler = sampler(self.search, number)
        if number < len(trials):
            # Optuna's own way would be a new trial with the same parameters; this one keeps its
            # number, and so the folder with the checkpoint of its training.
            trial = Trial(self._study, trials[number]._trial_id)
        else:
            # A killed search may have left a combination in line.
            waiting = any(trial.state == TrialState.WAITING for trial in trials)
            if self._grid is not None and not waiting:
                self._study.enqueue_trial(self._grid[number])
            trial = self._study.ask()
        for key, distribution in self._space.distributions.items():
            # What the trial has already stays as it is.
            trial._suggest(key, distribution)
        return trial

    def _start(self, workers: Workers, progress: Callable[[], None]) -> None:
        """Begin one trial, or record it at once where its result is known without training."""
        trial = self._ask()
        parameters = self._space.parameters(trial.params)
        try:
            config = self._space.config(trial.number, parameters)
        except InputError as error:
            self._record(trial, parameters, TrialResult(failed=str(error)))
            progress()
            return
        digest = config_digest(config)
        for outcome in self.outcomes:
            if outcome.same_as is None and outcome.result.digest == digest:
                self._record(trial, parameters, outcome.result, outcome.number)
                progress()
                return
        trial.set_user_attr("digest", digest)
        task = Task(
            trial.number,
            _with_absolute_paths(config),
            config_text(config),
            parameters,
            str(self._folder.resolve()),
            workers.threads,
            self.search.constraints.most_bits_per_event,
        )
        workers.submit(task)
        self._at_work[trial.number] = trial

    def _record(
        self, trial: Trial, parameters: Parameters, result: TrialResult, same_as: int | None = None
    ) -> None:
        most, bits = self.search.constraints.most_adder_bits, result.adder_bits
        if most is not None and bits is not None:
            with warnings.catch_warnings():
                # A search that was killed just here has set it before, to the same value.
                warnings.simplefilter("ignore", UserWarning)
                trial.set_constraint("adder_bits", bits - most)
            if bits > most:
                reason = f"{bits:,.0f} adder bits, more than most_adder_bits = {most:,.0f}"
                result = result.model_copy(update={"infeasible": reason})
        if "digest" in trial.user_attrs:
            result = result.model_copy(update={"digest": trial.user_attrs["digest"]})
        trial.set_user_attr("result", result.as_json())
        trial.set_user_attr("parameters", parameters)
        trial.set_user_attr("same_as", same_as)
        if bits is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            # Decades: the front should be as dense among small networks as among large ones.
            self._study.tell(trial, [result.emd, _decades(bits)])
        outcome = Outcome(trial.number, parameters, result, same_as)
        self.outcomes = sorted([*self.outcomes, outcome], key=lambda each: each.number)


def _decades(adder_bits: float) -> float:
    return math.log10(max(adder_bits, 1.0))


def _with_absolute_paths(config: Config) -> Config:
    """The same config for a worker that may run in another folder."""
    content = config.model_dump(mode="json")
    data, training = content["data"], content["training"]
    teacher = training["teacher"] or {}
    for table, key in ((data, "events"), (training, "weights"), (teacher, "folder")):
        if table.get(key) not in (None, "generated"):
            table[key] = str(Path(table[key]).resolve())
    return Config.model_validate(content)
