"""A compiled design against its network: all vectors through every module, one verdict."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.network.comparison import Comparison
from hexcoder.network.modules import ModuleUnderTest, Stimulus
from hexcoder.sensor.encoders import load_encoder
from hexcoder.sensor.events import load_events
from hexcoder.sensor.generator import generate_events
from hexcoder.steps.reads import versions
from hexcoder.steps.step import Progress
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.simulators import open_chip, simulator_name
from hexcoder.tb.chip.vectors import chip_fields
from hexcoder.tb.given import given_vectors
from hexcoder.tb.modules import modules_under_test, sets_for
from hexcoder.tb.request import PASSED, Request
from hexcoder.tb.rtl.design import read_design
from hexcoder.tb.rtl.lanes import (
    compare_in_lanes,
    is_large,
    lanes_name,
    protocol_in_lanes,
    rtl_in_lanes,
)
from hexcoder.tb.rtl.protocol import run_protocol_tests
from hexcoder.tb.rtl.scoreboard import compare
from hexcoder.tb.rtl.verilated import build_simulation
from hexcoder.tb.verdict import LINK, Verdict

GENERATED_EVENTS = 1000
"""For a module with registers that was given no events."""

Show = Callable[[int], None]
"""Gets what is done of a module, in vectors or in sets of registers."""


def prove(request: Request, progress: Progress) -> SimulationMetrics:
    """Compare every module of a design with the golden model, then run the protocol tests.

    Modules with registers are loaded over I2C; the others take one event a clock.
    """
    network = load_encoder(request.network)
    sets = request.configurations
    stimulus = Stimulus(
        request.seed,
        request.vectors,
        load_events(request.events, request.columns) if request.events else None,
        sets_for(request.vectors) if sets is None else sets,
        given_vectors(network, request.inputs, request.expected),
    )
    verdicts: list[Verdict] = []
    tests: dict[str, dict[str, str]] = {}
    simulator = ""
    for module in modules_under_test(network, request.design):
        if module.registers:
            verdict, simulator = _prove_loaded(module, request, stimulus, progress)
        elif is_large(request.design):
            simulator = lanes_name()
            verdict, outcomes = _prove_lanes(module, request, stimulus, progress)
            if request.results:
                tests[module.name] = outcomes
        else:
            simulator = f"Verilator {versions('verilator')['verilator']}"
            # One waveform is enough: the simulation that makes it takes long to build.
            is_first = all(verdict.comparison.passed for verdict in verdicts)
            verdict = _prove_ports(module, request, stimulus, is_first, progress)
        verdicts.append(verdict)
    # The tests drive ports alone: they cannot load registers first.
    for verdict in verdicts if request.results else ():
        if verdict.configurations is None and verdict.comparison.module not in tests:
            name = verdict.comparison.module
            progress(f"{name}: protocol", 0.0)
            tests[name] = _protocol(name, request)
    return metrics_of(network.name, request.seed, simulator, verdicts, tests)


def metrics_of(
    network: str,
    seed: int,
    simulator: str,
    verdicts: Sequence[Verdict],
    protocol_tests: dict[str, dict[str, str]],
) -> SimulationMetrics:
    """Verdicts on the modules of a design as files hold them; keys that do not apply not set."""
    joined = Comparison.joined((verdict.comparison for verdict in verdicts), follow=False)
    sets = [v.configurations for v in verdicts if v.configurations is not None]
    metrics = SimulationMetrics(
        network=network,
        vectors=joined.vectors,
        mismatches=joined.mismatches,
        first_mismatch=joined.first_mismatch,
        seed=seed,
        simulator=simulator,
        modules={v.comparison.module: v.metrics() for v in verdicts},
        protocol_tests=protocol_tests,
    )
    # A key that does not apply is not set.
    return metrics.model_copy(update={"configurations": sum(sets)}) if sets else metrics


def _prove_ports(
    module: ModuleUnderTest,
    request: Request,
    stimulus: Stimulus,
    with_waveform: bool,
    progress: Progress,
) -> Verdict:
    design = read_design(module, request.design)
    total = stimulus.count + (0 if stimulus.events is None else len(stimulus.events))
    waveform = request.mismatch_waves / f"{module.name}_mismatch.fst" if with_waveform else None
    return compare(
        build_simulation(design, request.work),
        module,
        lambda: module.stimulus(stimulus),
        _shown(progress, module, total),
        waveform,
        lambda: build_simulation(design, request.work, traced=True),
    )


def _prove_lanes(
    module: ModuleUnderTest, request: Request, stimulus: Stimulus, progress: Progress
) -> tuple[Verdict, dict[str, str]]:
    """A large module, and its protocol: Verilator would compile for too long."""
    progress(f"{module.name}: gates", 0.0)
    simulation = rtl_in_lanes(module, request.design, request.work / "lanes")
    total = stimulus.count + (0 if stimulus.events is None else len(stimulus.events))
    shown = _shown(progress, module, total)
    verdict = compare_in_lanes(simulation, module, stimulus, LINK, shown)
    return verdict, protocol_in_lanes(simulation, module, stimulus.seed)


def _prove_loaded(
    module: ModuleUnderTest, request: Request, stimulus: Stimulus, progress: Progress
) -> tuple[Verdict, str]:
    if stimulus.events is None:
        stimulus = replace(stimulus, events=generate_events(GENERATED_EVENTS, seed=stimulus.seed))
    with open_chip(request.design, request.work) as chip:
        verdict = check_loaded(
            chip,
            chip_fields(request.design),
            module,
            module.stimulus(stimulus),
            _shown(progress, module, 1 + stimulus.sets),
        )
        return verdict, simulator_name(chip)


def _shown(progress: Progress, module: ModuleUnderTest, total: int) -> Show:
    return lambda done: progress(module.name, done / max(done, total, 1))


def _protocol(module: str, request: Request) -> dict[str, str]:
    """Outcomes of a module's protocol tests; waveforms where they are asked for."""
    assert request.results is not None
    work = request.work / f"{module}_cocotb"
    outcomes = run_protocol_tests(
        request.network,
        request.design,
        module,
        work,
        request.results / f"junit_{module}.xml",
        request.events,
        request.columns,
        waves=request.waves is not None,
    )
    if request.waves is not None:
        request.waves.mkdir(parents=True, exist_ok=True)
        for waveform in work.glob("*.fst"):
            waveform.replace(request.waves / f"{module}.fst")
    return {name: failure or PASSED for name, failure in outcomes.items()}
