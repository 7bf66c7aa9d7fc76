"""What is compared: networks of four kinds, from small to large, on tasks of the zoo."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.config import Config, load_config, shipped_configs
from hexcoder.config import Task as TaskSection
from hexcoder.models.data.generators import generate_task
from hexcoder.sections import validated

KINDS = ("sums", "tables", "mixed", "trees")


@dataclass(frozen=True)
class Task:
    """What is to be learned.

    Parameters
    ----------
    name : str
        Of the config in configs/zoo/ whose samples and input it takes.
    outputs : int
    results : str
        Type of the results of a network of sums.
    bits : tuple of int
        Thresholds of an input's element, from small networks to large ones.
    counted : tuple of int
        Tables for each output, from small networks to large ones.
    """

    name: str
    outputs: int
    results: str
    bits: tuple[int, ...]
    counted: tuple[int, ...]


LATENTS, LATENT_BITS = 12, 5
"""What an encoder of the sensor sends: as many bits in every design."""

TASKS = {
    task.name: task
    for task in (
        Task("jets", 5, "SQ(6,2)", (4, 6, 8), (4, 8, 16)),
        Task("digits", 10, "SQ(6,2)", (1, 2, 3), (4, 8, 16)),
        Task("muons", 1, "SQ(3,5)", (7, 11, 15), (20, 40, 80)),
        Task("sensor", LATENTS, "SQ(1,4)", (3, 6, 9), (1, 2, 4)),
    )
}


@dataclass(frozen=True)
class Effort:
    """How much each point gets: samples, epochs, and events for the power with glitches."""

    samples: int = 20_000
    epochs: int = 15
    glitch_events: int = 50


@dataclass(frozen=True)
class Design:
    """A network to train.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    name : str
        Its size in a word.
    network : mapping
        Keys of a config's section 'network', beside those of the task.
    adder_cost : float
        Price in gates, see docs/training.md.
    learning_rate : float
    """

    kind: str
    name: str
    network: Mapping[str, Any]
    adder_cost: float = 0.0
    learning_rate: float = 5e-3


def designs_of(task: Task, kind: str) -> list[Design]:
    """Networks of a kind, small ones and large ones, cheap ones and exact ones."""
    makers = {"sums": _sums, "tables": _tables, "mixed": _mixed, "trees": _trees}
    if _zoo(task).network.kind == "encoder":
        # XGBoost has no gradient for what is sent through a decoder.
        makers = {"sums": _sum_encoders, "tables": _table_encoders, "mixed": _mixed_encoders}
    return makers[kind](task) if kind in makers else []


def _dense(outputs: int, output_type: str, activation: str = "relu") -> Mapping[str, Any]:
    return {
        "kind": "dense", "outputs": outputs, "output_type": output_type, "activation": activation
    }  # fmt: skip


def _sums(task: Task) -> list[Design]:
    last = _dense(task.outputs, task.results, "none")
    found = []
    for widths in ((), (4,), (8,), (16,), (32, 16)):
        layers = [{"kind": "flatten"}, *(_dense(width, "UQ(3,3)") for width in widths), last]
        name = "-".join(map(str, (*widths, task.outputs)))
        for cost in (0.02, 0.3):
            found.append(Design("sums", f"{name}, price {cost}", {"layers": layers}, cost))
    return found


def _group_sum(task: Task) -> Mapping[str, Any]:
    """Counts; of a regressor's, bits of a sixteenth, so that they reach what answers are."""
    keys = {"kind": "group_sum", "groups": task.outputs}
    return keys | ({"fraction_bits": 4, "centred": True} if task.outputs == 1 else {})


def _tables(task: Task) -> list[Design]:
    found = []
    for size, (bits, count) in enumerate(zip(task.bits, task.counted, strict=True)):
        for fan_in, depth, cost in ((4, 1, 0.0), (4, 1, 10.0), (6, 1, 3.0), (4, 2, 3.0)):
            width = count * task.outputs
            layers = [{"kind": "tables", "outputs": width, "fan_in": fan_in}] * depth
            name = f"{bits} thresholds, {depth} x {width} tables of {fan_in}, price {cost:g}"
            if size or cost != 0.0:
                found.append(_of_tables("tables", name, task, bits, layers, cost))
    return found


def _of_tables(
    kind: str, name: str, task: Task, bits: int, layers: Sequence[Mapping[str, Any]], cost: float
) -> Design:
    every = [{"kind": "thermometer", "bits": bits}, *layers, _group_sum(task)]
    return Design(kind, name, {"layers": every}, cost, learning_rate=3e-2)


def _mixed(task: Task) -> list[Design]:
    found = []
    for bits, count in zip(task.bits, task.counted, strict=True):
        width = count * task.outputs
        front = [{"kind": "flatten"}, _dense(max(4, count // 2), "SQ(3,3)", "none")]
        tables = {"kind": "tables", "outputs": width, "fan_in": 4}
        for cost in (0.3, 5.0):
            name = f"sums, then {width} tables, price {cost:g}"
            layers = [*front, {"kind": "thermometer", "bits": 7}, tables, _group_sum(task)]
            found.append(Design("mixed", name, {"layers": layers}, cost, learning_rate=1e-2))
        hidden = {"kind": "tables", "outputs": max(8, width // 2), "fan_in": 4}
        last = _dense(task.outputs, task.results, "none")
        for cost in (0.3, 5.0):
            name = f"{max(8, width // 2)} tables, then sums, price {cost:g}"
            layers = [{"kind": "thermometer", "bits": bits}, hidden, last]
            found.append(Design("mixed", name, {"layers": layers}, cost, learning_rate=1e-2))
    return found


def _trees(task: Task) -> list[Design]:
    sizes = ((1, 3), (2, 3), (1, 5), (4, 3), (3, 4), (8, 3), (5, 5), (10, 4), (16, 4), (12, 5))
    return [
        Design(
            "trees",
            f"{trees} rounds of depth {depth}",
            {"trees": trees, "depth": depth, "learning_rate": 0.5, "leaf_fraction_bits": 4},
        )
        for trees, depth in sizes
    ]


def _of_bits(kind: str, name: str, layers: Sequence[Mapping[str, Any]], cost: float) -> Design:
    last = {"kind": "tables", "outputs": LATENTS * LATENT_BITS}
    layers = [*layers[:-1], {**layers[-1], **last}]
    return Design(kind, name, {"layers": layers}, cost, learning_rate=2e-2)


def _sum_encoders(task: Task) -> list[Design]:
    last = _dense(task.outputs, task.results, "none")
    found = []
    prices = (0.003, 0.01, 0.03, 0.1)
    for widths, costs in (((), (*prices, 0.3, 0.6, 1.0, 2.0)), ((16,), prices), ((32,), prices)):
        layers = [*(_dense(width, "UQ(2,4)") for width in widths), last]
        name = "-".join(map(str, (*widths, task.outputs)))
        for cost in costs:
            found.append(Design("sums", f"{name}, price {cost}", {"layers": layers}, cost, 1e-2))
    return found


def _table_encoders(task: Task) -> list[Design]:
    """The last tables are what is sent."""
    found = []
    for bits in task.bits:
        kinds = (
            (4, 1, 5.0), (4, 1, 1.0), (4, 1, 0.0), (6, 1, 3.0), (6, 1, 0.3), (6, 2, 0.3),
            (8, 1, 0.1),
        )  # fmt: skip
        for fan_in, depth, cost in kinds:
            layers = [{"kind": "thermometer", "bits": bits}]
            layers += [{"kind": "tables", "outputs": 240, "fan_in": fan_in}] * depth
            name = f"{bits} thresholds, {depth} layers of tables of {fan_in}, price {cost:g}"
            found.append(_of_bits("tables", name, layers, cost))
    return found


def _mixed_encoders(task: Task) -> list[Design]:
    found = []
    for bits, size in zip(task.bits, task.counted, strict=True):
        for cost in (0.0, 0.02):
            sums = {"kind": "dense", "outputs": 6 * size, "activation": "none",
                    "output_type": "SQ(1,4)"}  # fmt: skip
            layers = [sums, {"kind": "thermometer", "bits": 7}, {"kind": "tables", "fan_in": 4}]
            name = f"{6 * size} sums, then tables, price {cost:g}"
            found.append(_of_bits("mixed", name, layers, cost))
            tables = {"kind": "tables", "outputs": 60 * size, "fan_in": 4}
            last = _dense(task.outputs, task.results, "none")
            layers = [{"kind": "thermometer", "bits": bits}, tables, last]
            name = f"{60 * size} tables, then sums, price {cost:g}"
            found.append(Design("mixed", name, {"layers": layers}, cost, learning_rate=1e-2))
    return found


def save_task(task: Task, effort: Effort, path: Path) -> None:
    """Write a task's samples as npz, inputs less their mean over their spread where the zoo's are.

    All kinds of networks see the same numbers, trees too.
    """
    zoo = _zoo(task)
    wanted = zoo.network
    assert isinstance(wanted, TaskSection)
    assert zoo.data.generator is not None
    x, y = generate_task(zoo.data.generator, effort.samples, zoo.data.seed)
    if wanted.standardise:
        x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    np.savez(path, x=x.astype(np.float32), y=y)


def _zoo(task: Task) -> Config:
    """The config whose samples and input a task takes."""
    return load_config(
        next(p for p in shipped_configs() if p.parent.name == "zoo" and p.stem == task.name)
    )


def config_of(task: Task, design: Design, seed: int, effort: Effort, samples: Path) -> Config:
    """The config that trains a design on samples of :func:`save_task`; one pipeline for all."""
    zoo = _zoo(task).network
    assert isinstance(zoo, TaskSection)
    given: dict[str, Any] = {"input_shape": zoo.input_shape, "input_type": str(zoo.input_type)}
    if design.kind == "trees":
        given |= {"kind": "trees", "input_shape": [math.prod(zoo.input_shape)]}
    else:
        given |= {"kind": zoo.kind, "standardise": False, "decoder": zoo.decoder}
    values = {
        "name": task.name,
        "data": {"events": str(samples)},
        "network": given | dict(design.network),
        "quantisation": {
            "weight_type": "SQ(2,5)",
            "bias_type": "SQ(4,5)",
            "learned": ["weights", "activations"],
        },
        "training": {
            "epochs": effort.epochs,
            "batch_size": 256,
            "learning_rate": design.learning_rate,
            "adder_cost": design.adder_cost,
            "average": 0.98,
            "seed": seed,
        },
        "pipeline": {"stages": "auto"},
        "verification": {"vectors": 2000, "netlist_vectors": 2000},
        "silicon": {"power_events": 1000, "glitch_events": effort.glitch_events},
    }
    return validated(Config, values, f"design {design.name}")
