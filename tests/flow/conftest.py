import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from flow.asic_run import read_interface
from flow.cell_models import cell_models
from flow.liberty import Library, read_liberty
from flow.pdk import Pdk, load_pdk
from flow.synthesis import Netlist, synthesise
from hexcoder.stage import read_json, write_json
from tb.netlist import Interface
from tests.flow.designs import Design

needs_sta = pytest.mark.skipif(not shutil.which("sta"), reason="OpenSTA is not installed")
needs_iverilog = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")


@dataclass(frozen=True)
class Built:
    design: Design
    build: Path
    netlist: Netlist
    cells: Path
    interface: Interface


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
    interface = read_interface(read_json(rtl / "metrics.json"), design.top)
    return Built(design, build, netlist, cells, interface)
