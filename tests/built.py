"""What the fixtures of all rooms hold."""

from dataclasses import dataclass
from pathlib import Path

from hexcoder.netlist.files import Netlist
from hexcoder.netlist.simulation import Interface
from hexcoder.network.schema import Network
from tests.designs import Design


@dataclass(frozen=True)
class Built:
    design: Design
    build: Path
    netlist: Netlist
    cells: Path
    interface: Interface


@dataclass(frozen=True)
class Compiled:
    network: Network
    network_path: Path
    design: Path
    work: Path
