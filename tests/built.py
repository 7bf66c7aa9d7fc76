"""What the fixtures of all rooms hold."""

from dataclasses import dataclass
from pathlib import Path

from netlist.files import Netlist
from netlist.simulation import Interface
from network.schema import Network
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
