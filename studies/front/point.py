"""One point of a front: its network compiled, mapped to gates and timed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from flow.asic.area import AREA
from flow.asic.constraints import CONSTRAINTS
from flow.asic.stage import ASIC, header
from flow.asic.synthesis import NETLIST, SYNTHESIS
from flow.asic.timing import TIMING
from flow.block import Block
from flow.design import CORE
from flow.views import flat
from gen.stage import rtl_stage
from hexcoder.config import Config, config_text
from hexcoder.files import read_json, write_whole
from hexcoder.steps.runner import run_stage
from hexcoder.steps.step import Metrics, Progress, Step
from pdk.reads import PdkFiles

CORE_AREA = f"design__instance__area__module:{CORE}"


class CoreAreaMetrics(Metrics):
    """The network alone."""

    area_um2: Annotated[float, Field(alias=CORE_AREA)]


def measure_core(block: Block, progress: Progress) -> CoreAreaMetrics:
    """Sum the areas of what stands in ``encoder_core``."""
    cells = read_json(block.netlist.json)["modules"][block.top]["cells"]
    core = next((name for name, cell in cells.items() if cell["type"] == CORE), None)
    area = sum(
        block.library.cells[instance.kind].area_um2
        for instance in block.view(flat).instances
        if core is None or instance.path.split("/")[0] == core
    )
    return CoreAreaMetrics(area_um2=round(area, 3))


CORE_AREA_STEP = Step("asic.core_area", measure_core, CoreAreaMetrics, reads=(*NETLIST, PdkFiles()))
QUICK = replace(
    ASIC,
    steps=(SYNTHESIS, CONSTRAINTS, AREA, TIMING, CORE_AREA_STEP),
    limits=(),
    assemble=lambda block, metrics: header(block) | metrics,
)
"""Synthesis, areas and timing: some steps of the stage asic."""
FULL = replace(ASIC, steps=(*ASIC.steps, CORE_AREA_STEP))


@dataclass(frozen=True)
class Measured:
    """What is known of a point's gates.

    Parameters
    ----------
    metrics : dict
        Of the stage ``asic``, as far as it was run.
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
        Gets config.toml and the stages ``rtl`` and ``asic``, as build/<config> has them.
    full : bool
        All of the stage ``asic``: netlist simulation and power too.

    Raises
    ------
    InputError
        If a tool fails or is missing, with the end of its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config_file = folder / "config.toml"
    write_whole(config_file, config_text(config))
    write_whole(folder / "network.json", network.read_bytes())
    rtl = run_stage(rtl_stage(folder / "network.json", {}), config, folder)
    rtl.judge()
    if full and held_out.is_file():
        (folder / "train").mkdir(exist_ok=True)
        shutil.copyfile(held_out, folder / "train" / held_out.name)
    outcome = run_stage(FULL if full else QUICK, config, folder)
    outcome.judge()
    return Measured(outcome.metrics, bool(rtl.ran or outcome.ran))
