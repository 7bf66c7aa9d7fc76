"""Head of the report: what was built in a sentence, and its key figures."""

from __future__ import annotations

from report.blocks import Figure
from report.numbers import NOT_MEASURED, count, fixed, is_measured, shape
from report.results import Results
from report.sections.built import where_weights_are


def sentence(results: Results) -> str:
    """What was built, as far as the results tell."""
    train, rtl = results.train, results.rtl
    network = results.config.network
    what = f"A neural encoder for {shape(network.input_shape)} inputs of type {network.input_type}"
    if train:
        what += f", {count(train.get('parameters'))} parameters {where_weights_are(results)}"
    if not rtl:
        return what + "; it has not been compiled to hardware yet."
    module = rtl["modules"][rtl["top"]]
    return (
        f"{what}, compiled to fully unrolled, pipelined hardware that takes one event per clock "
        f"and gives {module['output_bits']} bits after {module['latency_cycles']} clocks."
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


def _emd(results: Results) -> Figure:
    name = "EMD, mean"
    physics = (results.train or {}).get("physics") or {}
    if not is_measured(physics.get("emd_mean")):
        return _absent(name, f"run {results.command('train')}")
    return Figure(
        name,
        fixed(physics["emd_mean"], 3),
        "half pitches",
        f"{count(physics['events_counted'])} held-out events, "
        f"standard deviation {fixed(physics['emd_standard_deviation'], 3)}",
    )


def _bits(results: Results) -> Figure:
    name = "Output"
    physics = (results.train or {}).get("physics") or {}
    if physics.get("bits_per_event") is None:
        return _absent(name, f"run {results.command('train')}")
    return Figure(
        name, count(physics["bits_per_event"]), "bits per event", "code of the sum and latents"
    )


def _vectors(results: Results) -> Figure:
    name = "RTL against golden model"
    sim = results.sim
    if sim is None:
        return _absent(name, f"run {results.command('sim')}")
    tested = f"simulated by {sim['simulator']}"
    if sim["mismatches"]:
        return Figure(
            name, count(sim["mismatches"]), f"of {count(sim['vectors'])} differ", tested, "bad"
        )
    return Figure(name, count(sim["vectors"]), "vectors, 0 mismatches", tested, "good")


def _latency(results: Results) -> Figure:
    name = "Latency"
    rtl = results.rtl
    if rtl is None:
        return _absent(name, f"run {results.command('rtl')}")
    clocks = rtl["modules"][rtl["top"]]["latency_cycles"]
    period = results.config.clock.period_ns
    return Figure(
        name,
        fixed(clocks * period, 0),
        "ns",
        f"{clocks} clocks of {period:g} ns, constant; one event per clock",
    )


def _silicon(results: Results) -> list[Figure]:
    asic = results.asic
    names = ("Area", "Setup slack", "Power", "Energy")
    if asic is None:
        return [_absent(name, f"run {results.command('asic')}") for name in names]
    origin, area, timing, power = asic.origin, asic.area, asic.timing, asic.power
    period = asic.clock__period_ns
    corner = f"{origin.corner} corner, {origin.voltage_v:g} V, {origin.temperature_c:g} °C"
    slack = timing and timing.timing__setup__ws
    figures = (
        (
            "design__instance__area",
            area and area.design__instance__area,
            (3, 1e-6),
            ("Area", "mm²", f"cells only, {origin.stage}"),
        ),
        (
            "timing__setup__ws",
            slack,
            (2, 1.0),
            ("Setup slack", "ns", f"at {period:g} ns period, {corner}"),
        ),
        (
            "power__total",
            power and power.power__total,
            (2, 1e3),
            ("Power", "mW", f"{corner}; {origin.activity}"),
        ),
        (
            "energy_per_event_pj",
            power and power.energy_per_event_pj,
            (0, 1.0),
            ("Energy", "pJ per event", f"power over {period:g} ns"),
        ),
    )
    met = "bad" if slack is not None and slack < 0 else "good"
    return [
        _absent(name, asic.why_not(key))
        if value is None
        else Figure(
            name, fixed(value, *form), unit, source, met if key == "timing__setup__ws" else ""
        )
        for key, value, form, (name, unit, source) in figures
    ]
