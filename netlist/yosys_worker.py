"""Run a yosys script: python -m netlist.yosys_worker SCRIPT.

pyosys ends the whole Python process on an error, and says so only in its log. It therefore runs in
a process of its own, which prints :data:`FINISHED` after the last command; netlist.yosys starts it.
"""

import sys
from pathlib import Path

FINISHED = "hexcoder: end of script"


def main(script: Path) -> None:
    """Run the commands of a script, one a line; their log is the standard output."""
    from pyosys import libyosys

    design = libyosys.Design()
    for command in script.read_text(encoding="utf-8").splitlines():
        libyosys.run_pass(command, design)
    print(FINISHED, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
