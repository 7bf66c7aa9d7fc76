"""``python -m models train``: the stage train of a config."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.code import code_digest
from hexcoder.config import Config
from hexcoder.console import Commands, add_command, add_config_options, config_and_build
from hexcoder.errors import InputError
from hexcoder.metrics.train import TrainMetrics
from hexcoder.stage import Stage, versions
from hexcoder.steps.reads import file_digest


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "train", "train a config's network if it is out of date")
    add_config_options(parser, required=True)
    parser.set_defaults(run=_run)


def events_identity(config: Config) -> str:
    """Digest of the config's events; ``generated`` where a seed decides them."""
    source = config.data.events
    if source == "generated":
        return source
    if not Path(source).is_file():
        raise InputError(f"{source}: no such file; data.events is 'generated' or a CSV file")
    return file_digest(source)


def given_files(config: Config) -> dict[str, str]:
    """Digests of trained weights that the config builds on or learns from."""
    settings = config.training
    folders = [settings.weights, settings.teacher and settings.teacher.folder]
    return {
        str(path): file_digest(path)
        for folder in folders
        if folder is not None
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in (".json", ".safetensors") and path.is_file()
    }


def _run(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    sections = ("data", "network", "quantisation", "training")
    settings = config.model_dump(mode="json")
    reads = {name: settings[name] for name in sections}
    reads["data"]["events"] = events_identity(config)
    reads["given"] = given_files(config)
    reads |= {
        "name": config.name,
        "code": code_digest("models.training.stage"),
        "versions": versions("torch", "numpy", "POT"),
    }
    stage = Stage("train", build, reads, also_writes=("network.json",), resumable=True)

    def action(folder: Path) -> str | None:
        # Imported late: torch takes seconds to load.
        import torch

        from models.training.stage import train

        # Sums come out the same on every machine, and with layers this small a second thread wins
        # little on a free core and loses much on a busy one.
        torch.set_num_threads(1)
        return train(config, folder)

    ran = stage.run(action)
    path = stage.folder / "metrics.json"
    metrics = TrainMetrics.model_validate_json(path.read_text(encoding="utf-8"))
    physics = metrics.physics
    print(
        f"train: {metrics.parameters} parameters; EMD {physics.emd_mean:.3f} +- "
        f"{physics.emd_standard_deviation:.3f} half pitches (mean, standard deviation) over "
        f"{physics.events_counted} held-out events at {physics.bits_per_event} bits an "
        f"event; torch = golden model on {metrics.torch_against_golden.vectors} vectors"
        + ("" if ran else " (up to date)")
    )
