"""One point of a front: its network compiled, mapped to gates and timed."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from hexcoder.config import Config, config_text, load_config
from hexcoder.documents import read_json
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_whole
from hexcoder.flow.asic.area import AREA
from hexcoder.flow.asic.constraints import CONSTRAINTS
from hexcoder.flow.asic.stage import ASIC, header
from hexcoder.flow.asic.synthesis import NETLIST, SYNTHESIS
from hexcoder.flow.asic.timing import TIMING
from hexcoder.flow.block import Block
from hexcoder.flow.design import CORE
from hexcoder.flow.views import flat
from hexcoder.gen.stage import rtl_stage
from hexcoder.metrics.asic import SynthesisOrigin
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.runner import run_stage
from hexcoder.steps.step import Metrics, Progress, Step
from hexcoder.studies.record import Parameters, Record
from hexcoder.studies.search.front import Point

UM2_PER_MM2 = 1e6
_POWER = ("power__total", "energy_per_event_pj")
CORE_AREA = f"design__instance__area__module:{CORE}"


class CoreAreaMetrics(Metrics):
    """The network alone."""

    area_um2: Annotated[float, Field(alias=CORE_AREA)]


class MeasuredPoint(Record):
    """A point with its gates; power only where it was asked for."""

    trial: int
    config: str
    emd_mean: float
    bits_per_event: int
    area_core_mm2: float
    area_encoder_mm2: float
    cells: int
    timing__setup__ws: float | None
    adder_bits: float
    power__total: float | None = None
    energy_per_event_pj: float | None = None
    parameters: Parameters
    on_front: bool = False


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
    """What is known of a point's gates, or why nothing is; not ``ran`` if all was up to date."""

    point: MeasuredPoint | None = None
    origin: SynthesisOrigin | None = None
    failed: str | None = None
    ran: bool = True


def measure(config: Config, build: Path, full: bool, point: Point) -> Measured:
    """Take a point of a search to gates, as far as it has not been taken there before.

    Parameters
    ----------
    config : Config
        Of the search: its pipeline, clock, silicon and verification count.
    build : Path
        build/<config>, with search/; front/<trial> gets the point's config.toml and its stages
        ``rtl`` and ``asic``, as build/<config> has them.
    full : bool
        All of the stage ``asic``: netlist simulation and power too.
    point : Point
    """
    search = build / "search"
    source = search / point.config
    folder = build / "front" / source.parent.name
    sections = ("pipeline", "clock", "silicon", "verification")
    try:
        shared = {section: getattr(config, section) for section in sections}
        own = load_config(source).model_copy(update=shared)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "config.toml", config_text(own))
        write_whole(folder / "network.json", (search / point.network).read_bytes())
        rtl = run_stage(rtl_stage(folder / "network.json", {}), own, folder)
        rtl.judge()
        if full and (search / "held_out.csv").is_file():
            (folder / "train").mkdir(exist_ok=True)
            shutil.copyfile(search / "held_out.csv", folder / "train" / "held_out.csv")
        asic = run_stage(FULL if full else QUICK, own, folder)
        asic.judge()
    except (InputError, CheckFailed) as error:
        return Measured(failed=f"trial {point.trial}: {error}")
    metrics = asic.metrics
    measured = MeasuredPoint(
        config=f"../search/{point.config}",
        area_core_mm2=metrics[CORE_AREA] / UM2_PER_MM2,
        area_encoder_mm2=metrics["design__instance__area"] / UM2_PER_MM2,
        cells=metrics["design__instance__count"],
        timing__setup__ws=metrics["timing__setup__ws"],
        **{key: metrics[key] for key in _POWER if key in metrics},
        **point.model_dump(
            include={"trial", "emd_mean", "bits_per_event", "adder_bits", "parameters"}
        ),
    )
    origin = SynthesisOrigin.model_validate(metrics["origin"])
    return Measured(measured, origin, ran=bool(rtl.ran or asic.ran))
