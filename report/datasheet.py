"""The stage 'datasheet': one page that says what a block is, every number with its conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hexcoder.config import Config
from hexcoder.metrics.asic import AsicFile, GlitchMetrics, PowerMetrics
from hexcoder.report.blocks import Table, numbers, template, words
from hexcoder.report.numbers import NOT_MEASURED, count, fixed
from hexcoder.report.results import Results, input_digests, read_results
from hexcoder.report.sections.head import sentence
from hexcoder.report.sections.verification import chain
from hexcoder.steps.reads import File, Given, Package, Place, Tool
from hexcoder.steps.step import Progress, Stage, Step
from hexcoder.tools import run_logged

PAGE, PDF, LOG = "datasheet.html", "datasheet.pdf", "chromium.log"
CHROMIUM = Tool("chromium", "it makes a PDF of the page; on Debian: apt-get install chromium")
_DATE = re.compile(rb"(?<=Date \(D:)\d{14}")
"""When a PDF was made, which is no part of the design."""
MEANINGS = (
    ("clk", "in", "clock"),
    ("rst", "in", "synchronous reset, active high"),
    ("in_valid", "in", "an event is on in_data"),
    ("in_data", "in", "elements one after the other, the first in the lowest bits"),
    ("out_valid", "out", "an answer is on out_data"),
    ("out_data", "out", "elements one after the other, the first in the lowest bits"),
)


def datasheet_stage(config: Config, options: str) -> Stage[Place]:
    """The stage: the page, and the same as PDF where Chromium is there."""

    def write_page(place: Place, progress: Progress) -> None:
        text = datasheet(read_results(config, options, "", place.build))
        (place.folder / PAGE).write_text(text, encoding="utf-8")

    def write_pdf(place: Place, progress: Progress) -> None:
        folder = place.folder.resolve()
        run_logged(
            [
                CHROMIUM.program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-pdf-header-footer",
                f"--user-data-dir={folder / '.profile'}",
                f"--print-to-pdf={folder / PDF}",
                (folder / PAGE).as_uri(),
            ],
            folder / LOG,
        )
        content = (folder / PDF).read_bytes()
        (folder / PDF).write_bytes(_DATE.sub(_undated, content))

    shown = (
        Given("files", lambda place: input_digests(place.build)),
        Given("config", lambda place: config.model_dump(mode="json")),
        Package("Jinja2"),
    )
    steps = (
        Step("datasheet.page", write_page, reads=shown, writes=(PAGE,)),
        Step(
            "datasheet.pdf",
            write_pdf,
            reads=(File(f"datasheet/{PAGE}"),),
            writes=(PDF, LOG),
            needs=(CHROMIUM,),
        ),
    )
    return Stage("datasheet", steps, lambda place: place)


def _undated(found: re.Match[bytes]) -> bytes:
    return b"20000101000000"


@dataclass(frozen=True)
class _State:
    """Where numbers come from: before or after layout, at which corner, by which tool."""

    state: str
    corner: str
    tool: str


def datasheet(results: Results) -> str:
    """Return the page as HTML: numbers of the stages' metrics alone."""
    tables = [
        *([_ports(results)] if results.rtl else []),
        _figures("Power", list(_power(results))),
        _figures("Timing", list(_timing(results))),
        _figures("Area", list(_area(results))),
        _verification(results),
        _radiation(results),
    ]
    text = template("datasheet.html.j2").render(
        name=results.config.name,
        sentence=sentence(results),
        doubts=results.doubts(),
        tables=tables,
        activity=_activity(results),
    )
    return text.strip() + "\n"


def _figures(title: str, rows: list[list[str]]) -> Table:
    columns = [*words("figure"), *numbers("value"), *words("unit", "state", "corner", "by")]
    if not rows:
        rows = [["all", NOT_MEASURED, "", "", "", ""]]
    return Table(title, columns, rows)


def _row(name: str, value: str, unit: str, state: _State) -> list[str]:
    return [name, value, unit, state.state, state.corner, state.tool]


def _of_asic(asic: AsicFile) -> _State:
    origin = asic.origin
    corner = f"{origin.corner}, {origin.voltage_v:g} V, {origin.temperature_c:g} °C"
    tools = ", ".join(f"{name} {version}" for name, version in origin.tools.items() if version)
    return _State("after synthesis", corner, tools)


def _of_layout(results: Results, corner: str | None = None) -> _State:
    """Timing and power of the drawn block: by OpenSTA, whose version the stage recorded."""
    if corner is None:
        corner = _of_asic(results.asic).corner if results.asic else ""
    return _State("after layout", corner, f"OpenSTA {results.records['layout'].tools.get('sta')}")


def _ports(results: Results) -> Table:
    assert results.rtl is not None
    ports = results.rtl.modules[results.rtl.top]
    bits = {"in_data": ports.input_bits, "out_data": ports.output_bits}
    rows = [
        [name, count(bits.get(name, 1)), direction, meaning]
        for name, direction, meaning in MEANINGS
    ]
    if results.rtl.registers is not None:
        rows.append(["scl, sda", "1", "in, out", "I2C: weights and settings"])
    columns = [*words("port"), *numbers("bits"), *words("direction", "meaning")]
    return Table(f"Ports of module {results.rtl.top}", columns, rows)


def _power(results: Results) -> Iterator[list[str]]:
    """The energy with glitches leads; of the layout where there is one."""
    asic, drawn = results.asic, results.layout
    if drawn is not None and drawn.power is not None:
        energy = drawn.energy_per_event_with_glitches_pj
        yield from _powers(drawn.power, drawn.glitch, energy, _of_layout(results))
    elif asic is not None and asic.power is not None:
        energy = asic.energy_per_event_with_glitches_pj
        yield from _powers(asic.power, asic.glitch, energy, _of_asic(asic))


def _powers(
    power: PowerMetrics, glitch: GlitchMetrics | None, energy_pj: float | None, state: _State
) -> Iterator[list[str]]:
    estimated = ", an estimate" if glitch and glitch.glitches.is_estimate else ""
    yield _row(f"energy an event, with glitches{estimated}", fixed(energy_pj, 1), "pJ", state)
    yield _row("energy, without glitches", fixed(power.energy_per_event_pj, 1), "pJ", state)
    added = glitch and glitch.power__glitch
    yield _row("power that glitches add", fixed(added, 3, 1e3), "mW", state)
    for name, value in (
        ("power, without glitches", power.power__total),
        ("of it internal", power.power__internal__total),
        ("of it switching", power.power__switching__total),
        ("of it leakage", power.power__leakage__total),
    ):
        yield _row(name, fixed(value, 3, 1e3), "mW", state)


def _activity(results: Results) -> str:
    """What was simulated for the table of power."""
    for stage in (results.layout, results.asic):
        if stage is not None and stage.power is not None:
            text = f"Activity of the power: {stage.power.activity}."
            if stage.glitch is not None:
                events = count(stage.glitch.glitches.events)
                text += f" Glitches: {events} consecutive events, simulated with delays."
            return text
    return ""


def _timing(results: Results) -> Iterator[list[str]]:
    asic, drawn, rtl = results.asic, results.layout, results.rtl
    if rtl is not None:
        exact = _State("exact", "", "the compiler")
        yield _row("latency", count(rtl.latency_cycles), "clocks", exact)
        yield _row("interval of events, least", count(rtl.interval_cycles), "clocks", exact)
        every = "a clock" if rtl.interval_cycles == 1 else f"in {rtl.interval_cycles} clocks"
        yield _row("throughput", "1", f"event {every}", exact)
    if asic is not None:
        constraint = _State("constraint", "", "")
        yield _row("clock period", fixed(asic.clock__period_ns, 2), "ns", constraint)
    if drawn is not None and drawn.timing is not None:
        for corner, timing in drawn.timing.corners.items():
            state = _of_layout(results, corner)
            yield _row("setup slack", fixed(timing.timing__setup__ws, 3), "ns", state)
            yield _row("hold slack", fixed(timing.timing__hold__ws, 3), "ns", state)
    elif asic is not None and asic.timing is not None:
        state = _of_asic(asic)
        yield _row("setup slack", fixed(asic.timing.timing__setup__ws, 3), "ns", state)
        yield _row("hold slack", fixed(asic.timing.timing__hold__ws, 3), "ns", state)


def _area(results: Results) -> Iterator[list[str]]:
    asic, drawn = results.asic, results.layout
    if drawn is not None and drawn.place is not None:
        place, state = drawn.place, _State("after layout", "", drawn.origin.tool)
        yield _row("die", fixed(place.design__die__area, 0), "um²", state)
        yield _row(
            "area of cells, before fillers", fixed(place.design__instance__area, 0), "um²", state
        )
        yield _row("number, with fillers", count(place.design__instance__count), "cells", state)
    if asic is not None and asic.area is not None:
        area = asic.area
        state = _State("after synthesis", "", f"pyosys {asic.origin.tools.get('pyosys')}")
        yield _row("area of cells", fixed(area.design__instance__area, 0), "um²", state)
        yield _row("number", count(area.design__instance__count), "cells", state)
        yield _row("of them registers", count(area.sequential), "cells", state)


_TWICE = "golden model = netlist"


def _verification(results: Results) -> Table:
    links = chain(results)
    names = [row[0] for row in links.rows]
    second = len(names) - 1 - names[::-1].index(_TWICE)
    # Both are of the netlist; the second takes the cells' own Verilog.
    names[second] += ", cells in Verilog"
    rows = [[name, *row[2:]] for name, row in zip(names, links.rows, strict=True)]
    columns = [links.columns[0], *links.columns[2:]]
    drawn = results.layout
    if drawn is not None and drawn.rules is not None:
        found = drawn.rules.klayout__drc_error__count
        rows.append(["design rules", "", count(found), "agree" if not found else "FAILED"])
    return Table("Verification", columns, rows)


def _radiation(results: Results) -> Table:
    rows = []
    for folder, (campaign, _) in results.flips.items():
        kind = "triplicated" if campaign.triplicated else "not triplicated"
        what = "RTL" if folder == "flips" else "netlist"
        wrong = count(campaign.registers_not_corrected)
        rows.append([f"flips in the {what}, {kind}", count(campaign.flips), wrong])
    if not rows:
        rows = [["single-event upsets", NOT_MEASURED, NOT_MEASURED]]
    columns = [*words("campaign"), *numbers("flips", "not right again after a clock")]
    return Table("Radiation", columns, rows)
