"""Command line of the flow."""

from collections.abc import Sequence

from hexcoder.console import run_room
from hexcoder.errors import run_command
from hexcoder.flow.commands import (
    asic,
    compare,
    datasheet,
    handoff,
    layout,
    librelane,
    report,
    shuttle,
    signoff,
    verify,
)

COMMANDS = tuple(
    command.add
    for command in (
        asic,
        layout,
        signoff,
        librelane,
        verify,
        report,
        datasheet,
        compare,
        handoff,
        shuttle,
    )
)
DESCRIPTION = "Take Verilog to gates, timing and power, and report on the whole design."
EXAMPLES = """examples:
  python -m flow asic --config configs/econ_t.toml
  python -m flow report --config configs/econ_t.toml
  python -m flow layout --config configs/tiny.toml --pdk sky130
  python -m flow signoff --config configs/tiny.toml --pdk sky130
  python -m flow verify --config configs/econ_t.toml --vectors 1000000
  python -m flow datasheet --config configs/tiny.toml
  python -m flow handoff --config configs/tiny.toml
  python -m flow compare build/econ_t build/econ_t_sky130
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    return run_room("python -m flow", DESCRIPTION, EXAMPLES, COMMANDS, argv)


if __name__ == "__main__":
    run_command(main)
