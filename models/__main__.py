"""Command line of training, events and physics."""

from collections.abc import Sequence

from hexcoder.console import run_room
from hexcoder.errors import run_command
from hexcoder.models.commands import (
    check,
    evaluate,
    export,
    generate,
    import_,
    train,
)

COMMANDS = (train.add, evaluate.add, check.add, generate.add, import_.add, export.add)
DESCRIPTION = "Train, evaluate and check the quantised autoencoder; generate events."
EXAMPLES = """examples:
  python -m models train --config configs/econ_t.toml
  python -m models train --config configs/econ_t.toml --events energies.csv
  python -m models evaluate build/econ_t/network.json --events energies.csv --json
  python -m models check build/econ_t/network.json --events energies.csv
  python -m models import model.onnx -o network.json
  python -m models export network.json -o model.onnx
  python -m models generate --count 10000 --seed 7 -o events.csv
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    return run_room("python -m models", DESCRIPTION, EXAMPLES, COMMANDS, argv)


if __name__ == "__main__":
    run_command(main)
