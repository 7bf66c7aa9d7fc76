"""Head of the report: what was built in a sentence, and its key figures."""

from __future__ import annotations

from report.blocks import Figure
from report.numbers import NOT_MEASURED, count, fixed, is_measured, shape
from report.results import Results
from report.sections.built import where_weights_are


def sentence(results: Results) -> str:
    """What was built, as far as the results tell."""
    train, rtl = results.metrics["train"], results.metrics["rtl"]
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
    physics = (results.metrics["train"] or {}).get("physics") or {}
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
    physics = (results.metrics["train"] or {}).get("physics") or {}
    if physics.get("bits_per_event") is None:
        return _absent(name, f"run {results.command('train')}")
    return Figure(
        name, count(physics["bits_per_event"]), "bits per event", "code of the sum and latents"
    )


def _vectors(results: Results) -> Figure:
    name = "RTL against golden model"
    sim = results.metrics["sim"]
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
    rtl = results.metrics["rtl"]
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
    asic = results.metrics["asic"]
    names = ("Area", "Setup slack", "Power", "Energy")
    if asic is None:
        return [_absent(name, f"run {results.command('asic')}") for name in names]
    origin = asic["origin"]
    period = asic["clock__period_ns"]
    corner = f"{origin['corner']} corner, {origin['voltage_v']:g} V, {origin['temperature_c']:g} °C"
    figures = []
    for name, key, decimals, scale, unit, source in (
        ("Area", "design__instance__area", 3, 1e-6, "mm²", f"cells only, {origin['stage']}"),
        ("Setup slack", "timing__setup__ws", 2, 1.0, "ns", f"at {period:g} ns period, {corner}"),
        ("Power", "power__total", 2, 1e3, "mW", f"{corner}; {origin['activity']}"),
        ("Energy", "energy_per_event_pj", 0, 1.0, "pJ per event", f"power over {period:g} ns"),
    ):
        value = asic.get(key)
        if value is None:
            figures.append(_absent(name, results.why_not("asic", key)))
            continue
        state = "" if key != "timing__setup__ws" else "good" if value >= 0 else "bad"
        figures.append(Figure(name, fixed(value, decimals, scale), unit, source, state))
    return figures
