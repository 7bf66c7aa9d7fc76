"""Command line of the proof."""

from collections.abc import Sequence

from hexcoder.console import run_room
from hexcoder.errors import run_command
from hexcoder.tb.commands import certify, chip, flips, i2c_fuzz, prove

COMMANDS = (prove.add, certify.add, chip.add, flips.add, i2c_fuzz.add)
EXAMPLES = """examples:
  python -m tb network.json rtl --vectors 100000            any design that `python -m gen` made
  python -m tb --config configs/econ_t.toml                 build/econ_t, if it is out of date
  python -m tb certify network.json rtl                     a proof for every input
  python -m tb chip --vectors DIR --config init.yaml --expected out.csv   the chip
  python -m tb flips build/econ_t_chip/rtl --flips 100000   single-event upsets
  python -m tb i2c-fuzz --transfers 10000                   the I2C target
Words that name no command are the command prove's: `prove --help` has its options. The verdict is
JSON on standard output. Exit status: 0 all agree, 1 a mismatch, 2 bad input.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; prove where none is named."""
    return run_room(
        "python -m tb",
        "Check a compiled design bit for bit against its network.",
        EXAMPLES,
        COMMANDS,
        argv,
        default="prove",
    )


if __name__ == "__main__":
    run_command(main)
