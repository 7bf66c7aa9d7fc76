"""A design trained, exported, synthesised and measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from hexcoder.config import Config, Task, config_text
from hexcoder.errors import CheckFailed
from hexcoder.files import write_whole
from hexcoder.flow.asic.area import AREA
from hexcoder.flow.asic.constraints import CONSTRAINTS
from hexcoder.flow.asic.glitches import GLITCHES
from hexcoder.flow.asic.power import POWER
from hexcoder.flow.asic.simulation import SIMULATION
from hexcoder.flow.asic.stage import ASIC, header
from hexcoder.flow.asic.synthesis import SYNTHESIS
from hexcoder.flow.asic.timing import TIMING
from hexcoder.gen.stage import rtl_stage
from hexcoder.metrics.rtl import RtlFile
from hexcoder.metrics.train import TaskFigures
from hexcoder.models.architectures.build import build_model
from hexcoder.models.training.stage import TRAIN
from hexcoder.models.training.task import MODEL
from hexcoder.network.schema import load_network
from hexcoder.steps.runner import run_stage
from hexcoder.studies.record import Record

GATES = replace(ASIC, steps=(SYNTHESIS, CONSTRAINTS, AREA, SIMULATION, TIMING, POWER, GLITCHES))
"""What a point is measured by: netlist against golden model, area, timing, energy with glitches."""
AREA_ALONE = replace(
    ASIC,
    steps=(SYNTHESIS, CONSTRAINTS, AREA, SIMULATION, TIMING),
    assemble=lambda block, metrics: header(block) | metrics,
)


class Figures(Record):
    """What is known of a trained design. Areas are after synthesis, energies for one event."""

    accuracy: float | None
    rms_error: float | None
    emd_mean: float | None = None
    price: float | None
    parameters: int
    area_um2: float
    energy_pj: float | None
    energy_with_glitches_pj: float | None
    latency_cycles: int
    slack_ns: float
    vectors: int

    @property
    def error(self) -> float:
        """Share of wrong answers, root mean square error, or mean earth mover's distance."""
        for error in (self.rms_error, self.emd_mean):
            if error is not None:
                return error
        assert self.accuracy is not None
        return 1 - self.accuracy


def measure(config: Config, folder: Path, *, with_energy: bool = True) -> Figures:
    """Run the stages train, rtl and a part of asic; what is up to date is read.

    Parameters
    ----------
    config : Config
    folder : Path
        Gets config.toml and a folder of each stage.

    Raises
    ------
    CheckFailed
        If torch, golden model or netlist differ, or the clock is not met.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "config.toml", config_text(config))
    train = run_stage(TRAIN, config, folder)
    train.judge()
    rtl = run_stage(rtl_stage(folder / "network.json", {}), config, folder)
    rtl.judge()
    asic = run_stage(GATES if with_energy else AREA_ALONE, config, folder)
    asic.judge()
    found = TaskFigures.model_validate(train.metrics["task"])
    if found.accuracy is None and found.rms_error is None and found.emd_mean is None:
        raise CheckFailed(f"{folder}: neither accuracy nor error was measured")
    return Figures(
        accuracy=found.accuracy,
        rms_error=found.rms_error,
        emd_mean=found.emd_mean,
        price=price_of(config, folder),
        parameters=train.metrics["parameters"],
        area_um2=asic.metrics["design__instance__area"],
        energy_pj=asic.metrics.get("energy_per_event_pj"),
        energy_with_glitches_pj=asic.metrics.get("energy_per_event_with_glitches_pj"),
        latency_cycles=RtlFile.model_validate(rtl.metrics).latency_cycles,
        slack_ns=asic.metrics["timing__setup__ws"],
        vectors=asic.metrics["netlist_check"]["vectors"],
    )


def price_of(config: Config, folder: Path) -> float | None:
    """What training took the gates to cost at its end, in full adders; None of trees."""
    if not isinstance(config.network, Task):
        return None
    network = load_network(folder / "network.json")
    model = build_model(config, network.inputs_by_name["x"].real)
    model.load_state_dict(load_file(folder / "train" / MODEL))
    with torch.no_grad():
        return round(float(model.adder_bits()), 3)
