"""``hexcoder export``: a network for other tools."""

import argparse
from pathlib import Path

from hexcoder.console import Commands, add_command, add_output

EXAMPLES = """examples:
  hexcoder export build/tiny/network.json -o tiny.onnx
The file is QONNX. Its tensors are real numbers, and with qonnx they are the golden model's bit for
bit; a network whose sums float32 cannot hold is refused.
"""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "export", "write a network as QONNX, for other tools", EXAMPLES)
    parser.add_argument("network", type=Path, help="network.json")
    add_output(parser, "the ONNX file to write", required=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.models.exporters.qonnx import save_qonnx
    from hexcoder.network.schema import load_network

    print(save_qonnx(load_network(arguments.network), arguments.output))
