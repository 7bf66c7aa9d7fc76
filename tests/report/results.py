"""Small results of every stage, as the stages write them, for tests of the report."""

import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from hexcoder.files import write_json
from hexcoder.metrics.asic import AsicFile, GlitchMetrics
from hexcoder.metrics.file import MetricsFile, steps_of
from hexcoder.metrics.rtl import RtlFile, RtlModule
from hexcoder.metrics.sim import ModuleSimulation, SimulationMetrics
from hexcoder.metrics.train import (
    TrainingRun,
    TrainMetrics,
)
from hexcoder.pdk.technology import technology_of
from hexcoder.steps.reads import file_digest
from hexcoder.steps.step import Metrics

CONFIG = Path(__file__).parents[2] / "configs" / "tiny.toml"

TIMING = """\
Startpoint: a/cell_1 (rising edge-triggered flip-flop clocked by clock)
Endpoint: a/cell_9 (rising edge-triggered flip-flop clocked by clock)

Fanout       Cap      Slew     Delay      Time   Description
---------------------------------------------------------------
                   0.0000    0.0000    0.0000 ^ a/cell_1/CK (DFF_X1)
                   0.0060    0.0782    0.0782 v a/cell_1/Q (DFF_X1)
    1    1.3721                                 a/net_1 (net)
                   0.0060    0.0000    0.0782 v a/cell_9/D (DFF_X1)
---------------------------------------------------------------
                                      23.5000   slack (MET)

Startpoint: the_second_path
"""


def train() -> dict[str, Any]:
    random = np.random.default_rng(0)
    pair = random.dirichlet(np.full(48, 0.1), 2).round(6).tolist()

    def method(name: str, emd: float, bits: float) -> dict[str, Any]:
        return {
            "name": name,
            "telescope_loss": None,
            "emd_mean": emd,
            "emd_median": emd,
            "emd_standard_deviation": 0.25,
            "events_counted": 400,
            "events_left_out": 1234,
            "bits_per_event": bits,
        }

    layer = {"weight_type": "SQ(1,5)", "activation": "relu", "rounding": "floor"}
    ours = {key: value for key, value in method("", 0.75, 100).items() if key != "name"}
    return example(TrainMetrics) | {
        "events": {"source": "generated", "trained_on": 1600, "held_out": 400, "seed": 1},
        "training": example(TrainingRun) | {"loss": "sinkhorn", "seed": 3},
        "history": [[3.0, 2.9], [1.5, 1.4]],
        "parameters": 2288,
        "input_type": "UQ(1,7)",
        "input_shape": [4, 4, 3],
        "layers": [
            {"name": "flatten", "kind": "flatten", "output_shape": [48], "output_type": "UQ(1,7)"},
            {
                "name": "latent",
                "kind": "dense",
                "output_shape": [4],
                "output_type": "UQ(1,8)",
                "weights": 200,
                "weights_zero": 50,
                "overflow": "saturate",
                **layer,
            },
        ],
        "physics": ours | {"network": "tiny"},
        "baselines": [
            method("threshold 47 ADC", 2.0, 65.7),
            method("best choice 6", 0.5, 99),
            method("best choice 7", 0.4, 106),
        ],
        "examples": [
            {"event": n, "emd": 0.5, "sum_adc": 39, "true": pair[0], "reconstructed": pair[1]}
            for n in (7, 8)
        ],
        "torch_against_golden": {
            "vectors": 4503,
            "mismatches": 0,
            "first_mismatch": None,
            "seed": 1,
        },
    }


def rtl() -> dict[str, Any]:
    size = {
        "sums": 4, "adders": 12, "full_adders": 345, "other_gates": 21, "depth": 6,
        "area_um2": 1500.0, "register_bits": 36,
    }  # fmt: skip
    ports = {"latency_cycles": 2, "input_bits": 384, "output_bits": 36}
    core = example(RtlModule) | ports
    return example(RtlFile) | {
        "technology": technology_of("nangate45").model_dump(),
        "checked_events_per_pass": 308,
        "top": "encoder",
        "pipeline": {"input": True, "layers": True, "output": True, "energies": False},
        "modules": {
            "encoder_core": core,
            "encoder": core
            | {
                "input_bits": 1056,
                "output_bits": 45,
                "input_elements": 48,
                "input_type": "UQ(22,0)",
                "sum_code_bits": 9,
            },
        },
        "layers": [
            {"name": "flatten", "kind": "flatten", "output_shape": [48], "output_type": "UQ(1,7)"},
            {
                "name": "latent",
                "kind": "dense",
                "output_shape": [4],
                "output_type": "UQ(1,8)",
                **size,
            },
        ],
        "total": size,
        "input_register_bits": 384,
        "passes": {name: {"latent": size} for name in ("lower", "share", "gates")},
    }


def sim() -> dict[str, Any]:
    module = example(ModuleSimulation) | {
        "vectors": 8054,
        "mismatches": 0,
        "latency_cycles": 2,
        "vectors_per_s": 211260,
        "by_kind": {"edge": 54, "event": 3000, "random": 5000},
        "first_mismatch": None,
    }
    return example(SimulationMetrics) | {
        "vectors": 16108,
        "mismatches": 0,
        "first_mismatch": None,
        "seed": 5,
        "simulator": "Verilator 5.48.0",
        "modules": {"encoder_core": module, "encoder": module},
        "protocol_tests": {
            name: {"gaps_in_valid": "passed", "reset_in_mid_stream": "passed"}
            for name in ("encoder_core", "encoder")
        },
    }


_EXAMPLES = {str: "text", bool: True, int: 7, float: 0.5}


def example(kind: Any) -> Any:
    """A value of a type: of a model each required field's, so that no new key is forgotten."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return None if NoneType in get_args(kind) else example(get_args(kind)[0])
    if origin is not None:
        return [] if origin is tuple else origin()
    if issubclass(kind, BaseModel):
        return {
            field.alias or name: example(field.annotation)
            for name, field in kind.model_fields.items()
            if field.is_required()
        }
    return _EXAMPLES[kind]


def measured(file: type[MetricsFile]) -> dict[str, Any]:
    """Keys of a metrics.json where every step measured."""
    values: dict[str, Any] = example(file)
    for step in steps_of(file).values():
        values |= example(step)
    values["origin"]["activity"] = values.pop("activity")
    return values


def asic() -> dict[str, Any]:
    """Keys of asic/metrics.json where every step but the glitches measured."""
    power = {"internal": 0.006, "switching": 0.002, "leakage": 0.001, "total": 0.009}
    check = {"vectors": 2000, "mismatches": 0, "valid_errors": 0, "first": None, "passed": True}
    values = measured(AsicFile)
    origin = {
        "stage": "after synthesis, before placement",
        "process": "a process for tests",
        "corner": "typical",
        "voltage_v": 1.1,
        "temperature_c": 25.0,
        "wires": "wire-load estimate",
        "clock": "ideal",
        "activity": "test events",
    }
    return values | {
        "origin": values["origin"] | origin,
        "clock__period_ns": 25.0,
        "not_measured": {},
        "design__instance__area": 12345.6,
        "design__instance__count": 100,
        "area_by_layer_um2": {"latent": 12000.0, "encoder_core": 345.6},
        "cells_by_layer": {"latent": {"FA_X1": 60, "INV_X1": 30}, "encoder_core": {"DFF_X1": 10}},
        "netlist_check": check,
        "gate_level_check": check,
        "cell_models_check": values["cell_models_check"] | {"mismatches": 0},
        "timing__setup__ws": 23.5,
        "power__total": 0.009,
        "power__internal__total": 0.006,
        "power__switching__total": 0.002,
        "power__leakage__total": 0.001,
        "energy_per_event_pj": 225.0,
        "power_by_layer_w": {"latent": power, "encoder_core": dict.fromkeys(power, 0.0)},
        "power_by_kind_w": {"combinational": power},
        **dict.fromkeys(GlitchMetrics.names()),
    }


def without(metrics: dict[str, Any], step: type[Metrics], reason: str) -> dict[str, Any]:
    """Metrics of a run in which a step could not measure."""
    names = [name for name in step.names() if name in metrics]
    reasons = metrics["not_measured"] | dict.fromkeys(names, reason)
    return metrics | dict.fromkeys(names) | {"not_measured": reasons}


CELLS = {
    "FA_X1": {"outputs": {"S": "", "CO": ""}, "register": None},
    "INV_X1": {"outputs": {"ZN": ""}, "register": None},
    "DFF_X1": {"outputs": {"Q": "", "QN": ""}, "register": {"clock": "CK"}},
}


def write(build: Path, **metrics: dict[str, Any]) -> None:
    """Write the metrics of the named stages, and beside 'asic' its cells and worst path."""
    for stage, values in metrics.items():
        (build / stage).mkdir(parents=True)
        (build / stage / "metrics.json").write_text(json.dumps(values))
    if "asic" in metrics:
        (build / "asic" / "cells.json").write_text(json.dumps({"cells": CELLS}))
        (build / "asic" / "timing_setup.rpt").write_text(TIMING)


def write_all(build: Path, **changed: dict[str, Any]) -> None:
    """Write every stage; those given replace the usual."""
    write(build, **({"train": train(), "rtl": rtl(), "sim": sim(), "asic": asic()} | changed))


def record(build: Path, stage: str, reads: dict[str, str], failures: tuple[str, ...] = ()) -> None:
    """Write what a stage's runner leaves of files that it read."""
    step = {
        "fingerprint": "0" * 64,
        "files": {},
        "metrics": {},
        "not_measured": None,
        "failed": None,
        "settled": False,
        "reads": reads,
        "tools": {},
    }
    metrics = build / stage / "metrics.json"
    content = {
        "format": 1,
        "running": None,
        "metrics": file_digest(metrics) if metrics.is_file() else None,
        "failures": failures,
        "steps": {f"{stage}.it": step},
    }
    write_json(build / stage / "steps.json", content)
