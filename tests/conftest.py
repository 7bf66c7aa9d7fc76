"""Settings for all tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

from hexcoder.files import write_json
from hexcoder.flow.design import read_design
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.liberty import Library, read_liberty
from hexcoder.network.schema import save_network
from hexcoder.pdk.description import Pdk, load_pdk
from tests.built import Built, Compiled
from tests.designs import Design
from tests.networks import sensor_network

# The machines that run these tests are shared: a slow example is no failure.
settings.register_profile(
    "hexcoder",
    deadline=None,
    max_examples=40,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("hexcoder")


def pytest_configure() -> None:
    # Threads of torch that wait for each other spin, and take the cores from the other worker.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def pdk() -> Pdk:
    return load_pdk("nangate45")


@pytest.fixture(scope="session")
def library(pdk: Pdk) -> Library:
    return read_liberty(pdk.liberty)


@pytest.fixture(scope="session")
def built(tmp_path_factory, pdk: Pdk, library: Library) -> Built:
    """A synthesised design with a front end."""
    build = tmp_path_factory.mktemp("built")
    design = Design.random(6, 5, 3, front_end=True)
    rtl = design.write(build)
    folder = build / "netlist"
    netlist = synthesise(rtl / "encoder.v", design.top, pdk, library, folder)
    cells = folder / "cells.json"
    write_json(cells, cell_models(library))
    interface = read_design(rtl / "metrics.json").interface
    return Built(design, build, netlist, cells, interface)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Compiled:
    """A small network on the sensor's image, compiled once."""
    folder = tmp_path_factory.mktemp("compiled")
    network = sensor_network(filters=1)
    save_network(network, folder / "network.json")
    build(network, Settings(), folder / "rtl")
    return Compiled(network, folder / "network.json", folder / "rtl", folder / "work")
