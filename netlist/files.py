"""Where a netlist lies."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Netlist:
    """A netlist in two files, with the same cells and names in both."""

    verilog: Path
    json: Path
    top: str
