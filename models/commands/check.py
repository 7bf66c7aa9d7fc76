"""``python -m models check``: the torch model against the golden model; a code against itself."""

import argparse
import json
from pathlib import Path

from hexcoder.console import Commands, add_command, add_events, add_seed, add_vectors
from hexcoder.errors import CheckFailed


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "check", "compare the torch model with the golden model")
    parser.add_argument("network", type=Path)
    parser.add_argument("--encoder", type=Path, help="default: train/encoder.safetensors beside")
    add_events(parser)
    add_vectors(parser, 20_000, "random tensors (default: 20000)")
    add_seed(parser, 0)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    import numpy as np

    from hexcoder.models.encoder.agreement import compare_with_torch, load_encoder, verdict
    from hexcoder.network.schema import Network
    from hexcoder.sensor.codec.codec import Codec
    from hexcoder.sensor.encoders import load_encoder as load_hardware
    from hexcoder.sensor.events import load_events
    from hexcoder.sensor.frame_check import check_codec

    network = load_hardware(arguments.network)
    events = (
        load_events(arguments.events, arguments.columns)
        if arguments.events
        else np.zeros((0, 48), dtype=np.int64)
    )
    if isinstance(network, Codec):
        comparison = check_codec(network, events, arguments.vectors, arguments.seed)
        found = comparison.model_dump(mode="json", exclude={"module", "valid_errors"})
    elif not isinstance(network, Network) or _is_none_of_torch(arguments):
        print(f"{arguments.network}: no encoder in torch to check; see `hexcoder sim`")
        return
    else:
        path = arguments.encoder or arguments.network.parent / "train" / "encoder.safetensors"
        encoder = load_encoder(path, network)
        comparison = compare_with_torch(network, encoder, events, arguments.vectors, arguments.seed)
        agreement = verdict(comparison, arguments.seed)
        found = agreement.model_dump(mode="json", exclude_unset=True)
    print(json.dumps(found, indent=2))
    if line := comparison.line():
        raise CheckFailed(line)


def _is_none_of_torch(arguments: argparse.Namespace) -> bool:
    """Whether the stage train left no encoder in torch: of trees, imported models, own tasks."""
    trained = arguments.network.parent / "train"
    is_trained = (trained / "metrics.json").is_file()
    return not arguments.encoder and is_trained and not (trained / "encoder.safetensors").is_file()
