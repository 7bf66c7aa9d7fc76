"""Head of the report: what was built in a sentence, and its key figures."""

from dataclasses import replace
from pathlib import Path

from hexcoder.config import BoostedTrees, ClassicalMethod, Coded, Imported, Task
from hexcoder.report.blocks import Figure
from hexcoder.report.numbers import NOT_MEASURED, count, fixed, is_measured, shape
from hexcoder.report.results import Results
from hexcoder.report.sections.answers import describe, leading_figure
from hexcoder.report.sections.built import where_weights_are


def in_words(network: ClassicalMethod) -> str:
    """What a classical method sends."""
    if network.kind == "super_trigger_cells":
        return "sums of 2x2 trigger cells (STC4)"
    if network.kind == "best_choice":
        return f"the {network.kept} largest trigger cells (best choice)"
    return f"the first {network.kept} trigger cells of at least {network.threshold_adc} ADC counts"


def sentence(results: Results) -> str:
    """What was built, as far as the results tell."""
    train, rtl = results.train, results.rtl
    network = results.config.network
    if isinstance(network, Coded):
        what = f"An adaptive code for frames of {network.frame_bits} bits"
        if train and train.code:
            what += f", {count(len(train.code.modes))} modes and {count(train.code.tables)} tables"
            what += f" {where_weights_are(results)}"
    elif isinstance(network, ClassicalMethod):
        what = f"A fixed algorithm, {in_words(network)}"
    elif isinstance(network, Imported):
        what = f"A network imported from {Path(network.model).name}"
        if train:
            what += f", {count(train.parameters)} numbers in its nodes"
    elif isinstance(network, Task | BoostedTrees):
        what = describe(network)
        if train:
            what += f", {count(train.parameters)} parameters"
    else:
        what = f"A neural encoder for {shape(network.input_shape)} inputs of type "
        what += str(network.input_type)
        if train:
            what += f", {count(train.parameters)} parameters {where_weights_are(results)}"
    if not rtl:
        return what + "; it has not been compiled to hardware yet."
    return (
        f"{what}, compiled to fully unrolled, pipelined hardware that takes one event per clock "
        f"and gives {rtl.modules[rtl.top].output_bits} bits after {rtl.latency_cycles} clocks."
    )


def key_figures(results: Results) -> list[Figure]:
    """Eight figures; what was not measured says so."""
    return [
        _emd(results),
        _bits(results),
        _vectors(results),
        _latency(results),
        *_silicon(results),
    ]


def _absent(name: str, reason: str) -> Figure:
    return Figure(name, NOT_MEASURED, "", reason, "missing")


def _answers(results: Results) -> Figure:
    figures = results.train and results.train.task
    leading = leading_figure(figures) if figures else None
    if figures is None or leading is None:
        return _absent("accuracy", f"run {results.command('train')}")
    name, value = leading
    return Figure(name, fixed(value, 4), "", f"{count(figures.samples)} held-out samples")


def _emd(results: Results) -> Figure:
    name = "EMD, mean"
    if isinstance(results.config.network, Task | BoostedTrees):
        return _answers(results)
    physics = results.train and results.train.physics
    if isinstance(results.config.network, Imported):
        return _absent(name, "an imported network: what it is for is not known here")
    if not physics or not is_measured(physics.emd_mean):
        return _absent(name, f"run {results.command('train')}")
    return Figure(
        name,
        fixed(physics.emd_mean, 3),
        "half pitches",
        f"{count(physics.events_counted)} held-out events, "
        f"standard deviation {fixed(physics.emd_standard_deviation, 3)}",
    )


def _bits(results: Results) -> Figure:
    name = "Output"
    physics = results.train and results.train.physics
    if isinstance(results.config.network, Imported | Task | BoostedTrees) and results.rtl:
        bits = results.rtl.modules[results.rtl.top].output_bits
        return Figure(name, count(bits), "bits per event", "all outputs of the network")
    if not physics:
        return _absent(name, f"run {results.command('train')}")
    bits = count(physics.bits_per_event)
    network = results.config.network
    if isinstance(network, Coded):
        what = "code of the sum, mode and payload"
    elif not isinstance(network, ClassicalMethod):
        what = "code of the sum and latents"
    elif network.kept is None:
        what = "a code and a place for each of 12 sums"
    else:
        what = "code of the sum, address bits, codes of energies"
    return Figure(name, bits, "bits per event", what)


def _vectors(results: Results) -> Figure:
    name = "RTL against golden model"
    sim = results.sim
    if sim is None:
        return _absent(name, f"run {results.command('sim')}")
    tested = f"simulated by {sim.simulator}"
    if sim.mismatches:
        return Figure(name, count(sim.mismatches), f"of {count(sim.vectors)} differ", tested, "bad")
    return Figure(name, count(sim.vectors), "vectors, 0 mismatches", tested, "good")


def _latency(results: Results) -> Figure:
    name = "Latency"
    if results.rtl is None:
        return _absent(name, f"run {results.command('rtl')}")
    clocks, period = results.rtl.latency_cycles, results.config.clock.period_ns
    interval = results.rtl.interval_cycles
    every = "per clock" if interval == 1 else f"every {interval} clocks"
    text = f"{clocks} clocks of {period:g} ns, constant; one event {every}"
    return Figure(name, fixed(clocks * period, 0), "ns", text)


def _silicon(results: Results) -> list[Figure]:
    asic = results.asic
    names = ("Area", "Setup slack", "Power", "Energy")
    if asic is None:
        return [_absent(name, f"run {results.command('asic')}") for name in names]
    origin, area, timing, power = asic.origin, asic.area, asic.timing, asic.power
    period = asic.clock__period_ns
    corner = f"{origin.corner} corner, {origin.voltage_v:g} V, {origin.temperature_c:g} °C"
    slack = timing and timing.timing__setup__ws
    area_um2, power_w = area and area.design__instance__area, power and power.power__total
    glitch = asic.glitch
    energy_pj = asic.energy_per_event_with_glitches_pj
    without_pj = power and power.energy_per_event_pj
    if power_w is not None and glitch is not None:
        power_w += glitch.power__glitch

    def figure(
        key: str, name: str, value: float | None, form: tuple[int, float], unit: str, source: str
    ) -> Figure:
        if value is None:
            return _absent(name, asic.why_not(key))
        return Figure(name, fixed(value, *form), unit, source)

    cells = f"cells only, {origin.stage}"
    counted = f"glitches not counted: {asic.why_not('glitches')}"
    if glitch:
        counted = f"glitches {'estimated' if glitch.glitches.is_estimate else 'counted'}"
    events = (origin.activity or "").partition(", zero delay")[0]
    activity = f"{counted}; {corner}; {events}"
    over = f"{counted}; without them {fixed(without_pj, 0)} pJ" if without_pj else ""
    if energy_pj is None:
        energy_pj, over = without_pj, counted
    at_period = f"at {period:g} ns period, {corner}"
    setup = figure("timing__setup__ws", "Setup slack", slack, (2, 1.0), "ns", at_period)
    if slack is not None:
        setup = replace(setup, state="bad" if slack < 0 else "good")
    return [
        figure("design__instance__area", "Area", area_um2, (3, 1e-6), "mm²", cells),
        setup,
        figure("power__total", "Power", power_w, (2, 1e3), "mW", activity),
        figure("energy_per_event_pj", "Energy", energy_pj, (0, 1.0), "pJ per event", over),
    ]
