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
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from hexcoder.config import Config, config_text
from hexcoder.errors import InputError
from hexcoder.pareto import hypervolume, pareto_front
from studies.search.space import Space, config_digest, draw
from studies.search.store import begun_trial, running, sampler
from studies.search.trial import Task
from studies.search.workers import Workers

MOST_ASKED = 3
"""A small space is drawn empty; then the same trials come again. So often the wanted number."""


@dataclass(frozen=True)
class Outcome:
    """What is known of a trial that is over.

    Parameters
    ----------
    number : int
    parameters : dict
        By key.
    result : dict
        See :func:`studies.search.trial.run_trial`.
    same_as : int or None
        The earlier trial of just the same config, whose result this is.
    """

    number: int
    parameters: dict[str, Any]
    result: dict[str, Any]
    same_as: int | None

    @property
    def reason(self) -> str | None:
        """Why there is no point of this trial; None if there is one."""
        for kind in ("failed", "infeasible"):
            if kind in self.result:
                return f"{kind}: {self.result[kind]}"
        return None

    @property
    def emd(self) -> float:
        """Mean EMD on held-out events in half pitches; NaN without a point."""
        return math.nan if self.reason else self.result["physics"]["emd_mean"]

    @property
    def adder_bits(self) -> float:
        """Adder bits; NaN without a point."""
        return math.nan if self.reason else self.result["adder_bits"]


class SearchRun:
    """A study with the space that it searches.

    Parameters
    ----------
    config : Config
    space : Space
    study : optuna.Study
    folder : Path
        Of the search.
    trials : int
        Trials with different configs that are wanted.
    """

    def __init__(
        self, config: Config, space: Space, study: optuna.Study, folder: Path, trials: int
    ):
        assert config.search is not None
        self._search, self._space, self._study = config.search, space, study
        self._folder, self._trials = folder, trials
        self._grid = space.grid() if config.search.sampler == "grid" else None
        self._events = config.data.events
        self.outcomes: list[Outcome] = [
            _outcome(trial)
            for trial in study.get_trials(deepcopy=False)
            if trial.state.is_finished()
        ]
        # Trials that a killed search left running come first.
        self._interrupted = [trial.number for trial in running(study)]
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
        enough = self.tried + len(self._at_work) >= self._trials
        asked = len(self.outcomes) + len(self._at_work)
        most = MOST_ASKED * self._trials if self._grid is None else len(self._grid)
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
        reference = self._search.reference_emd, math.log10(self._search.reference_adder_bits)
        return hypervolume(points, reference)

    def run(self, workers: Workers, progress: Callable[[], None] = lambda: None) -> None:
        """Run trials until the wanted number is reached.

        Parameters
        ----------
        workers : Workers
        progress : callable
            Called when a trial is over.
        """
        while not self.complete:
            while workers.free and (self._interrupted or self._wants_more):
                self._start(workers, progress)
            if self._at_work:
                for task, result in workers.finished():
                    self._record(self._at_work.pop(task.number), dict(task.parameters), result)
                    progress()

    def _ask(self) -> Trial:
        if self._interrupted:
            number = self._interrupted.pop(0)
            self._study.sampler = sampler(self._search, number)
            trial = begun_trial(self._study, number)
        else:
            number = len(self._study.get_trials(deepcopy=False))
            self._study.sampler = sampler(self._search, number)
            if self._grid is not None:
                self._enqueue(self._grid)
            trial = self._study.ask()
        for key, distribution in self._space.distributions.items():
            # What the trial has already stays as it is.
            draw(trial, key, distribution)
        return trial

    def _enqueue(self, grid: list[dict[str, Any]]) -> None:
        """Put the next combination in line, unless a killed search has left one there."""
        trials = self._study.get_trials(deepcopy=False)
        if not any(trial.state == TrialState.WAITING for trial in trials):
            self._study.enqueue_trial(grid[len(trials)])

    def _start(self, workers: Workers, progress: Callable[[], None]) -> None:
        """Begin one trial, or record it at once where its result is known without training."""
        trial = self._ask()
        parameters = self._space.parameters(trial.params)
        try:
            config = self._space.config(trial.number, parameters)
        except InputError as error:
            self._record(trial, parameters, {"failed": str(error)})
            progress()
            return
        digest = config_digest(config)
        for outcome in self.outcomes:
            if outcome.same_as is None and outcome.result.get("digest") == digest:
                self._record(trial, parameters, outcome.result, outcome.number)
                progress()
                return
        trial.set_user_attr("digest", digest)
        workers.submit(self._task(trial.number, config, parameters, workers.threads))
        self._at_work[trial.number] = trial

    def _task(self, number: int, config: Config, parameters: dict[str, Any], threads: int) -> Task:
        content = config.model_dump(mode="json")
        # A worker may run in another folder.
        if self._events != "generated":
            content["data"]["events"] = str(Path(self._events).resolve())
        training = content["training"]
        for holder, key in ((training, "weights"), (training["teacher"] or {}, "folder")):
            if holder.get(key) is not None:
                holder[key] = str(Path(holder[key]).resolve())
        return Task(
            number,
            content,
            config_text(config),
            parameters,
            str(self._folder.resolve()),
            threads,
            self._search.constraints.most_bits_per_event,
        )

    def _record(
        self,
        trial: Trial,
        parameters: dict[str, Any],
        result: dict[str, Any],
        same_as: int | None = None,
    ) -> None:
        most = self._search.constraints.most_adder_bits
        bits = result.get("adder_bits")
        if most is not None and bits is not None:
            with warnings.catch_warnings():
                # A search that was killed just here has set it before, to the same value.
                warnings.simplefilter("ignore", UserWarning)
                trial.set_constraint("adder_bits", bits - most)
            if bits > most:
                reason = f"{bits:,.0f} adder bits, more than most_adder_bits = {most:,.0f}"
                result = result | {"infeasible": reason}
        if "digest" in trial.user_attrs:
            result = result | {"digest": trial.user_attrs["digest"]}
        trial.set_user_attr("result", result)
        trial.set_user_attr("parameters", parameters)
        trial.set_user_attr("same_as", same_as)
        if bits is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            # Decades: the front should be as dense among small networks as among large ones.
            values = [result["physics"]["emd_mean"], _decades(bits)]
            self._study.tell(trial, values)
        outcome = Outcome(trial.number, parameters, result, same_as)
        self.outcomes = sorted([*self.outcomes, outcome], key=lambda each: each.number)


def _decades(adder_bits: float) -> float:
    return math.log10(max(adder_bits, 1.0))


def _outcome(trial: FrozenTrial) -> Outcome:
    attributes = trial.user_attrs
    return Outcome(
        trial.number,
        attributes.get("parameters", {}),
        attributes.get("result", {"failed": "no result was recorded"}),
        attributes.get("same_as"),
    )
