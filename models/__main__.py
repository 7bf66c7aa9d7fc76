"""Command line of training, events and physics."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.console import add_config_options, config_and_build
from hexcoder.errors import CheckFailed, InputError, run_command
from hexcoder.stage import Stage, code_digest, file_digest, read_json, versions

EXAMPLES = """examples:
  python -m models train --config configs/econ_t.toml
  python -m models train --config configs/econ_t.toml --events energies.csv
  python -m models evaluate build/econ_t/network.json --events energies.csv --json
  python -m models check build/econ_t/network.json --events energies.csv
  python -m models generate --count 10000 --seed 7 -o events.csv
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models",
        description="Train, evaluate and check the quantised autoencoder; generate events.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a config's network if it is out of date")
    add_config_options(train, required=True)
    evaluate = commands.add_parser("evaluate", help="physics of a network on a file of events")
    evaluate.add_argument("network", type=Path)
    evaluate.add_argument("--events", required=True, help="CSV of energies")
    evaluate.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    evaluate.add_argument("--baselines", action="store_true", help="threshold, BC and STC as well")
    check = commands.add_parser("check", help="compare the torch model with the golden model")
    check.add_argument("network", type=Path)
    check.add_argument("--encoder", type=Path, help="default: train/encoder.safetensors beside")
    check.add_argument("--events", help="CSV of energies")
    check.add_argument("--vectors", type=int, default=20_000, help="random tensors")
    check.add_argument("--seed", type=int, default=0)
    generate = commands.add_parser("generate", help="write generated events to a CSV file")
    generate.add_argument("--count", type=int, required=True)
    generate.add_argument("--seed", type=int, default=1)
    generate.add_argument("-o", "--output", type=Path, required=True)
    return parser


def _events_identity(config: Config) -> str:
    source = config.data.events
    if source == "generated":
        return source
    if not Path(source).is_file():
        raise InputError(f"{source}: no such file; data.events is 'generated' or a CSV file")
    return file_digest(source)


def _train(arguments: argparse.Namespace) -> None:
    config, build = config_and_build(arguments)
    sections = ("data", "network", "quantisation", "training")
    settings = config.model_dump(mode="json")
    reads: dict[str, Any] = {name: settings[name] for name in sections}
    reads["data"]["events"] = _events_identity(config)
    reads |= {
        "name": config.name,
        "code": code_digest("hexcoder", "models"),
        "versions": versions("torch", "numpy", "POT"),
    }
    stage = Stage("train", build, reads, also_writes=("network.json",), resumable=True)

    def action(folder: Path) -> str | None:
        # Imported late: torch takes seconds to load.
        from models.train_stage import train

        return train(config, folder)

    ran = stage.run(action)
    metrics = read_json(stage.folder / "metrics.json")
    physics = metrics["physics"]
    print(
        f"train: {metrics['parameters']} parameters; EMD {physics['emd_mean']:.3f} +- "
        f"{physics['emd_standard_deviation']:.3f} half pitches (mean, standard deviation) over "
        f"{physics['events_counted']} held-out events at {physics['bits_per_event']} bits an "
        f"event; torch = golden model on {metrics['torch_against_golden']['vectors']} vectors"
        + ("" if ran else " (up to date)")
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    from models.evaluation import evaluate_baselines, evaluate_files, find_decoder
    from models.events import load_events
    from models.network import load_network

    network = load_network(arguments.network)
    events = load_events(arguments.events)
    decoder = arguments.decoder or find_decoder(arguments.network)
    result = evaluate_files(network, decoder, events)
    if arguments.baselines:
        result["baselines"] = evaluate_baselines(events, result["bits_per_event"])
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    if not result["events_counted"]:
        print(f"no event counts: all {result['events_left_out']} are empty or come back empty")
        return
    print(
        f"EMD {result['emd_mean']:.4f} mean, {result['emd_median']:.4f} median, "
        f"{result['emd_standard_deviation']:.4f} standard deviation (half pitches); "
        f"{result['events_counted']} events counted, {result['events_left_out']} left out; "
        f"{result['bits_per_event']} bits an event; telescope loss {result['telescope_loss']:.5f}"
    )
    for row in result.get("baselines", []):
        print(f"  {row['name']:24} EMD {row['emd_mean']:.4f}  {row['bits_per_event']:.1f} bits")


def _check(arguments: argparse.Namespace) -> None:
    import numpy as np

    from models.agreement import compare_with_torch, disagreement_line, load_encoder
    from models.events import load_events
    from models.network import load_network

    network = load_network(arguments.network)
    path = arguments.encoder or arguments.network.parent / "train" / "encoder.safetensors"
    encoder = load_encoder(path, network)
    events = (
        load_events(arguments.events) if arguments.events else np.zeros((0, 48), dtype=np.int64)
    )
    for name in ("vectors", "seed"):
        if getattr(arguments, name) < 0:
            raise InputError(f"--{name} = {getattr(arguments, name)}: it must be 0 or more")
    verdict = compare_with_torch(network, encoder, events, arguments.vectors, arguments.seed)
    print(json.dumps(verdict, indent=2))
    line = disagreement_line(verdict)
    if line:
        raise CheckFailed(line)


def _generate(arguments: argparse.Namespace) -> None:
    from models.events import write_events
    from models.generator import generate_events

    if arguments.count < 1:
        raise InputError(f"--count = {arguments.count}: it must be 1 or more")
    if arguments.seed < 0:
        raise InputError(f"--seed = {arguments.seed}: it must be 0 or more")
    if not arguments.output.parent.is_dir():
        raise InputError(f"{arguments.output}: the folder {arguments.output.parent} does not exist")
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    write_events(partial, generate_events(arguments.count, seed=arguments.seed))
    partial.replace(arguments.output)
    print(f"{arguments.output}: {arguments.count} events, seed {arguments.seed}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = _parser().parse_args(argv)
    commands = {"train": _train, "evaluate": _evaluate, "check": _check, "generate": _generate}
    commands[arguments.command](arguments)
    return 0


if __name__ == "__main__":
    run_command(main)
