"""``python -m models train``: the stage train of a config."""

import argparse

from hexcoder.console import Commands, add_command, add_config_options, config_and_build
from hexcoder.metrics.train import TrainMetrics
from hexcoder.models.training.stage import TRAIN, take_one_thread
from hexcoder.steps.console import show_stage, state_of


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "train", "train a config's network if it is out of date")
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    take_one_thread()
    outcome = show_stage(TRAIN, config, build)
    if outcome.metrics["physics"] is not None:
        print(summary(TrainMetrics.model_validate(outcome.metrics)) + state_of(outcome))
    outcome.judge()


def summary(metrics: TrainMetrics) -> str:
    """One line; what was not measured is said to be so."""
    physics, agreement = metrics.physics, metrics.torch_against_golden
    assert physics is not None
    link = (
        f"torch = golden model on {agreement.vectors} vectors"
        if agreement
        else f"torch against golden model: {metrics.not_measured['torch_against_golden']}"
    )
    what = "a fixed algorithm" if metrics.parameters is None else f"{metrics.parameters} parameters"
    if code := metrics.code:
        steps = len({(mode.shift, mode.factor) for mode in code.modes})
        what = f"{len(code.modes)} modes of {steps} steps and {code.tables} tables"
    return (
        f"train: {what}; EMD {physics.emd_mean:.3f} +- "
        f"{physics.emd_standard_deviation:.3f} half pitches (mean, standard deviation) over "
        f"{physics.events_counted} held-out events at {physics.bits_per_event} bits an "
        f"event; {link}"
    )
