"""A large module's RTL in 64 lanes: its gates as yosys reads them, run without compiling anything.

Verilator and the C++ compiler take minutes for megabytes of Verilog, and hours for more. Each lane
is a stream of consecutive events of its own.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.metrics.difference import Difference
from hexcoder.netlist.rtl_gates import rtl_gates
from hexcoder.netlist.simulation import Interface, NetlistSimulation
from hexcoder.network.comparison import Comparison
from hexcoder.network.modules import ModuleUnderTest, Stimulus
from hexcoder.steps.reads import versions
from hexcoder.tb.request import PASSED
from hexcoder.tb.verdict import Verdict

LARGE_BYTES = 4_000_000
"""Of Verilog: Verilator and the C++ compiler take seconds for less."""
PROTOCOL_EVENTS = 640


def is_large(design: Path) -> bool:
    """Whether a compiled design is better run in lanes."""
    return (design / "encoder.v").stat().st_size > LARGE_BYTES


def lanes_name() -> str:
    """For a verdict."""
    return f"hexcoder's 64 lanes, elaborated by yosys {versions('pyosys')['pyosys']}"


def rtl_in_lanes(module: ModuleUnderTest, design: Path, work: Path) -> NetlistSimulation:
    """The RTL of a module that takes events at its ports."""
    netlist, models, _, _ = rtl_gates(design / "encoder.v", module.name, work / module.name)
    interface = Interface(
        module.input_widths, module.output_widths, module.latency, module.interval
    )
    return NetlistSimulation(netlist, models, interface)


def compare_in_lanes(
    simulation: NetlistSimulation,
    module: ModuleUnderTest,
    stimulus: Stimulus,
    link: str,
    progress: Callable[[int], None],
) -> Verdict:
    """Run a stimulus, and compare outputs and ``out_valid`` with the golden model."""
    started = time.perf_counter()
    parts: list[Comparison] = []
    by_kind: Counter[str] = Counter()
    for block in module.stimulus(stimulus):
        verdict = simulation.check(block.inputs, module.expected(block))
        parts.append(netlist_comparison(verdict, module.name, link))
        by_kind[block.kind] += verdict.vectors
        progress(by_kind.total())
    comparison = Comparison.joined(parts, follow=True)
    seconds = time.perf_counter() - started
    return Verdict(comparison, module.latency, seconds, dict(by_kind))


def netlist_comparison(verdict: NetlistVerdict, module: str, link: str) -> Comparison:
    """The verdict of a simulation in lanes in the shape of all links."""
    differences = []
    if verdict.first is not None:
        differences.append(Difference(**verdict.first.model_dump()))
    if (event := verdict.first_valid_event) is not None:
        differences.append(
            Difference(layer="out_valid", element=0, event=event, expected=None, actual=None)
        )
    return Comparison(
        link=link,
        module=module,
        vectors=verdict.vectors,
        mismatches=verdict.mismatches,
        valid_errors=verdict.valid_errors,
        first_mismatch=min(differences, key=lambda d: d.event, default=None),
    )


def protocol_in_lanes(
    simulation: NetlistSimulation, module: ModuleUnderTest, seed: int
) -> dict[str, str]:
    """What the port's protocol promises, without a simulator of Verilog.

    Events with gaps between them, in every lane others; and a reset in the midst of events, after
    which none of those before it comes out.
    """
    random = np.random.default_rng([seed, 5])
    inputs = np.concatenate(
        [part.inputs for part in module.stimulus(Stimulus(seed, PROTOCOL_EVENTS))]
    )
    inputs = inputs[random.permutation(len(inputs))[:PROTOCOL_EVENTS]]
    clocks = max(len(inputs), module.latency + 8 * module.interval)
    inputs = np.resize(inputs, (clocks, *inputs.shape[1:]))
    outcomes = {"events_with_gaps": _gaps(simulation, module, inputs, random)}
    if module.latency:
        outcomes["reset_in_the_midst_of_events"] = _reset(simulation, module, inputs)
    return outcomes


def taken(valid: np.ndarray, interval: int) -> np.ndarray:
    """Clocks, bool, on which an event is taken, of those on which one comes."""
    kept, free = np.zeros_like(valid), 0
    for clock in np.flatnonzero(valid).tolist():
        if clock >= free:
            kept[clock], free = True, clock + interval
    return kept


def _gaps(
    simulation: NetlistSimulation,
    module: ModuleUnderTest,
    inputs: np.ndarray,
    random: np.random.Generator,
) -> str:
    valid = random.random(len(inputs)) < 0.5
    found = simulation.clocks(inputs, valid)
    # What comes too soon is not taken.
    valid = taken(valid, module.interval)
    wanted = np.concatenate([np.zeros(module.latency, bool), valid])
    if (found.valid != wanted).any():
        clock = int(np.argmax(found.valid != wanted))
        return f"out_valid is {int(found.valid[clock])} {clock} clocks after reset"
    masks = (1 << np.array(simulation.interface.output_widths, np.int64)) - 1
    golden = module.golden(inputs[valid]) & masks
    wrong = (found.values[wanted] != golden).any(axis=1)
    return f"event {int(np.argmax(wrong))} behind a gap differs" if wrong.any() else PASSED


def _reset(simulation: NetlistSimulation, module: ModuleUnderTest, inputs: np.ndarray) -> str:
    """Full of events, reset for a clock more than the latency, then a clock for each register."""
    simulation.clocks(inputs, np.ones(len(inputs), bool))
    after = simulation.clocks(inputs[: module.latency], np.zeros(module.latency, bool))
    if after.valid.any():
        return f"out_valid is 1 {int(np.argmax(after.valid))} clocks after reset"
    return PASSED
