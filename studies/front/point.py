"""One point of a front: its network compiled, mapped to gates and timed."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow.analysis.layers import layer_finder
from flow.analysis.sta import write_constraints
from flow.analysis.timing import analyse_timing
from flow.analysis.wire_load import wire_load_name
from flow.asic.area import area_by_layer
from flow.asic.origin import synthesis_origin
from flow.design import CORE
from flow.synthesis.synthesise import synthesise
from hexcoder.code import code_digest
from hexcoder.config import Config, config_text
from hexcoder.errors import InputError
from hexcoder.files import read_json, write_json, write_whole
from hexcoder.stage import Stage
from hexcoder.steps.reads import file_digest, versions
from hexcoder.tools import run_logged, tool_version
from netlist.cell_models import cell_models
from netlist.flat import read_cell_models, read_netlist
from netlist.liberty import read_liberty
from pdk.description import load_pdk

CORE_AREA = f"design__instance__area__module:{CORE}"
UP_TO_DATE = "(up to date)"


@dataclass(frozen=True)
class Measured:
    """What is known of a point's gates.

    Parameters
    ----------
    metrics : dict
        Of the stage ``synthesis``, and with ``full`` of the stage ``asic``.
    ran : bool
        False if everything was up to date.
    """

    metrics: dict[str, Any]
    ran: bool


def measure(config: Config, network: Path, held_out: Path, folder: Path, full: bool) -> Measured:
    """Take one network to gates, as far as it has not been taken there before.

    Parameters
    ----------
    config : Config
        The design point.
    network : Path
        Its network.json.
    held_out : Path
        Events for activity, where there is such a file.
    folder : Path
        Gets config.toml and the stages ``rtl`` and ``synthesis``, as build/<config> has them.
    full : bool
        The stage ``asic`` as well: netlist simulation, and power.

    Raises
    ------
    InputError
        If a tool fails or is missing, with the end of its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config_file = folder / "config.toml"
    write_whole(config_file, config_text(config))
    write_whole(folder / "network.json", network.read_bytes())
    place = ["--config", config_file, "--build", folder]
    log = run_logged([sys.executable, "-m", "gen", *place], folder / "logs" / "rtl.log")
    stage = synthesis_stage(config, folder)
    ran = stage.run(lambda partial: _synthesise(config, folder, partial)) or UP_TO_DATE not in log
    metrics = read_json(stage.folder / "metrics.json")
    if full:
        if held_out.is_file():
            (folder / "train").mkdir(exist_ok=True)
            shutil.copyfile(held_out, folder / "train" / held_out.name)
        command = [sys.executable, "-m", "flow", "asic", *place]
        log = run_logged(command, folder / "logs" / "asic.log")
        metrics = read_json(folder / "asic" / "metrics.json") | {CORE_AREA: metrics[CORE_AREA]}
        ran = ran or UP_TO_DATE not in log
    return Measured(metrics, ran)


def synthesis_stage(config: Config, folder: Path) -> Stage:
    """Describe the stage ``synthesis``: what its result depends on."""
    silicon = config.silicon.model_dump(include={"pdk", "wire_load"})
    return Stage(
        "synthesis",
        folder,
        {
            "encoder.v": file_digest(folder / "rtl" / "encoder.v"),
            "rtl/metrics.json": file_digest(folder / "rtl" / "metrics.json"),
            "clock": config.clock.model_dump(),
            "silicon": silicon,
            "code": code_digest("studies.front.point"),
            "tools": versions("pyosys", "numpy") | {"sta": tool_version("sta", "-version")},
        },
    )


def _synthesise(config: Config, build: Path, folder: Path) -> None:
    """Synthesis, areas and timing: the first and the fourth step of the stage ``asic``."""
    pdk = load_pdk(config.silicon.pdk)
    library = read_liberty(pdk.liberty)
    wire_load = wire_load_name(library, config.silicon.wire_load)
    top: str = read_json(build / "rtl" / "metrics.json")["top"]
    netlist = synthesise(build / "rtl" / "encoder.v", top, pdk, library, folder)
    write_json(folder / "cells.json", cell_models(library))
    flat = read_netlist(netlist.json, read_cell_models(folder / "cells.json"), top)
    design = read_json(netlist.json)
    areas = area_by_layer(flat, library, layer_finder(design, top))
    cells = design["modules"][top]["cells"]
    core = next((name for name, cell in cells.items() if cell["type"] == CORE), None)
    core_area = sum(
        library.cells[instance.kind].area_um2
        for instance in flat.instances
        if core is None or instance.path.split("/")[0] == core
    )
    metrics: dict[str, Any] = {
        "top": top,
        "origin": synthesis_origin(pdk, wire_load),
        "clock__period_ns": config.clock.period_ns,
        "design__instance__area": round(sum(areas.values()), 3),
        CORE_AREA: round(core_area, 3),
        "design__instance__count": len(flat.instances),
        "area_by_layer_um2": areas,
        "timing__setup__ws": None,
        "not_measured": {},
    }
    constraints = folder / "constraints.sdc"
    write_constraints(constraints, config.clock, pdk, library, wire_load)
    try:
        timing = analyse_timing(netlist, pdk, library, constraints, folder)
        metrics["timing__setup__ws"] = timing.setup_ws_ns
    except InputError as error:
        metrics["not_measured"]["timing__setup__ws"] = str(error)
    write_json(folder / "metrics.json", metrics)
