"""A stage on the command line: a progress bar while it runs, and what it came to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hexcoder.console import progress_bar
from hexcoder.steps.runner import Outcome, run_stage
from hexcoder.steps.step import Stage


def show_stage(stage: Stage[Any], config: Any, build: Path) -> Outcome:
    """Run what is out of date of a stage, with a progress bar on standard error."""
    with progress_bar() as bar:
        task = bar.add_task(stage.name, total=1.0)
        return run_stage(
            stage,
            config,
            build,
            lambda what, part: bar.update(task, description=what, completed=part),
        )


def state_of(outcome: Outcome) -> str:
    """What a summary ends with: nothing, or that all was up to date."""
    return "" if outcome.ran else " (up to date)"


def measured(metrics: Mapping[str, Any], key: str, form: str, scale: float = 1) -> str:
    """A number of a summary in its format, or that it was not measured."""
    value = metrics.get(key)
    return "not measured" if value is None else form.format(value * scale)
