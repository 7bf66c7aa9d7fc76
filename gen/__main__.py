"""Command line of the compiler."""

from collections.abc import Sequence

from hexcoder.console import run_room
from hexcoder.errors import run_command
from hexcoder.gen.commands import rtl


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    return run_room(
        "python -m gen",
        "Compile a network.json to Verilog.",
        rtl.EXAMPLES + "Words that name no command are the command rtl's: `rtl --help` has its "
        "options.",
        (rtl.add,),
        argv,
        default="rtl",
    )


if __name__ == "__main__":
    run_command(main)
