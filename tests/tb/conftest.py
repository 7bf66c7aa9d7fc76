from dataclasses import dataclass
from pathlib import Path

import pytest

from gen.build import build
from gen.compiler import Settings
from models.network import Network, save_network
from tests.networks import sensor_network


@dataclass(frozen=True)
class Compiled:
    network: Network
    network_path: Path
    design: Path
    work: Path


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A small network on the sensor's image, compiled once."""
    folder = tmp_path_factory.mktemp("compiled")
    network = sensor_network()
    save_network(network, folder / "network.json")
    build(network, Settings(), folder / "rtl")
    return Compiled(network, folder / "network.json", folder / "rtl", folder / "work")
