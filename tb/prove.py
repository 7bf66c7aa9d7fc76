"""A compiled design against its network: all vectors through every module, one verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.steps.reads import versions
from network.comparison import Comparison
from network.modules import ModuleUnderTest, Stimulus
from network.schema import Network
from sensor.generator import generate_events
from tb.chip.configurations import check_loaded
from tb.chip.simulators import open_chip, simulator_name
from tb.chip.vectors import chip_fields
from tb.modules import modules_under_test
from tb.rtl.design import read_design
from tb.rtl.scoreboard import compare
from tb.rtl.verilated import build_simulation
from tb.verdict import Verdict

GENERATED_EVENTS = 1000
"""For a module with registers that was given no events."""

Progress = Callable[[str, int, int], None]
"""Gets a module, what is done of it and of how much."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to check.

    Parameters
    ----------
    network : Network
    design : Path
        Folder with encoder.v and metrics.json.
    work : Path
        Folder for compiled simulations, kept for the next run.
    stimulus : Stimulus
        For each module.
    waveforms : Path
        Folder for the waveform of a mismatch.
    """

    network: Network
    design: Path
    work: Path
    stimulus: Stimulus
    waveforms: Path


@dataclass(frozen=True, slots=True)
class Proof:
    """Verdicts on the modules of a design, and what they were simulated with."""

    verdicts: Sequence[Verdict]
    simulator: str

    @property
    def comparison(self) -> Comparison:
        """All modules together."""
        return Comparison.joined((verdict.comparison for verdict in self.verdicts), follow=False)

    def metrics(
        self, request: Request, protocol_tests: dict[str, dict[str, str]]
    ) -> SimulationMetrics:
        """As files hold it; keys that do not apply are not set."""
        whole = self.comparison
        sets = [v.configurations for v in self.verdicts if v.configurations is not None]
        return SimulationMetrics.model_validate(
            {
                "network": request.network.name,
                "vectors": whole.vectors,
                **({"configurations": sum(sets)} if sets else {}),
                "mismatches": whole.mismatches,
                "first_mismatch": whole.first_mismatch,
                "seed": request.stimulus.seed,
                "simulator": self.simulator,
                "modules": {v.comparison.module: v.metrics() for v in self.verdicts},
                "protocol_tests": protocol_tests,
            }
        )


def prove(request: Request, progress: Progress = lambda module, done, total: None) -> Proof:
    """Compare every module of a design with the golden model.

    Modules with registers are loaded over I2C; the others take one event a clock.
    """
    verdicts: list[Verdict] = []
    simulator = ""
    for module in modules_under_test(request.network, request.design):
        # One waveform is enough: the simulation that makes it takes long to build.
        is_first = all(verdict.comparison.passed for verdict in verdicts)
        if module.registers:
            verdict, simulator = _prove_loaded(module, request, progress)
        else:
            simulator = f"Verilator {versions('verilator')['verilator']}"
            verdict = _prove_ports(module, request, is_first, progress)
        verdicts.append(verdict)
    return Proof(verdicts, simulator)


def _prove_ports(
    module: ModuleUnderTest, request: Request, with_waveform: bool, progress: Progress
) -> Verdict:
    stimulus, design = request.stimulus, read_design(module, request.design)
    total = stimulus.count + (0 if stimulus.events is None else len(stimulus.events))
    waveform = request.waveforms / f"{module.name}_mismatch.fst" if with_waveform else None
    return compare(
        build_simulation(design, request.work),
        module,
        lambda: module.stimulus(stimulus),
        lambda done: progress(module.name, done, total),
        waveform,
        lambda: build_simulation(design, request.work, traced=True),
    )


def _prove_loaded(
    module: ModuleUnderTest, request: Request, progress: Progress
) -> tuple[Verdict, str]:
    stimulus = request.stimulus
    if stimulus.events is None:
        stimulus = replace(stimulus, events=generate_events(GENERATED_EVENTS, seed=stimulus.seed))
    with open_chip(request.design, request.work) as chip:
        verdict = check_loaded(
            chip,
            chip_fields(request.design),
            module,
            module.stimulus(stimulus),
            lambda done: progress(module.name, done, 1 + stimulus.sets),
        )
        return verdict, simulator_name(chip)
