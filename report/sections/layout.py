"""Section of the report: the drawn block."""

from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.metrics.layout import (
    AbstractCheck,
    Connectivity,
    LayoutFile,
    PlaceMetrics,
    TransistorComparison,
)
from hexcoder.report.blocks import (
    Block,
    Pictures,
    Section,
    Table,
    Text,
    embedded,
    numbers,
    titled,
    words,
)
from hexcoder.report.charts import slack_bars
from hexcoder.report.numbers import count, fixed, percent
from hexcoder.report.results import Results
from hexcoder.report.sections.power import power_picture, power_table

_CAPTIONS = {
    "placement.png": ("Cells", "Where the cells of each part of the design stand; fillers white."),
    "zoom.png": (
        "In the middle",
        "Diffusion green, poly red, li grey, m1 blue, m2 purple, m3 teal, m4 yellow, m5 dots.",
    ),
    "clock_tree.png": ("Clock", "The clock's wires, a colour for each level of its tree."),
    "congestion.png": ("Wires", "Share of each metal in use, by tiles of 8 um."),
}


def layout(results: Results) -> Section:
    """Place and route, timing and power with the drawn wires, and checks."""
    drawn = results.layout
    if drawn is None:
        missing = results.missing("layout", "Place and route")
        return Section("layout", "Layout", [missing])
    blocks: list[Block] = [Text(_origin(drawn)), *_pictures(results)]
    if drawn.place is None:
        blocks.append(results.missing("layout", "Place and route"))
    else:
        blocks.append(_block(drawn, drawn.place))
    blocks += [*_timing(drawn, results), *_power(drawn, results), _checks(drawn)]
    return Section("layout", "Layout", blocks)


def _origin(drawn: LayoutFile) -> str:
    derate = drawn.timing.timing__derate if drawn.timing else 0
    return (
        f"All figures of this section are of the block after layout, by {drawn.origin.tool}, with "
        "resistance and capacitance of the drawn wires (flow/layout/parasitics.py). Coupling "
        f"stands against ground. Early and late delays differ from Liberty's by "
        f"{derate * 100:g} %."
    )


def _pictures(results: Results) -> list[Block]:
    drawn = results.pictures
    pictures = [
        embedded(*caption, drawn[name], "png")
        for name, caption in _CAPTIONS.items()
        if name in drawn
    ]
    return [Pictures(pictures)] if pictures else []


def _block(drawn: LayoutFile, place: PlaceMetrics) -> Table:
    wires = place.route__wirelength_by_layer_um
    straps, stacks = place.design_powergrid__straps, place.design_powergrid__stacks
    capacitance = drawn.parasitics and drawn.parasitics.parasitics__capacitance_pf
    drop = drawn.power and drawn.power.ir__drop__worst
    rows = [
        ["die", place.design__die__bbox.removeprefix("0 0 ").replace(" ", " x "), "um"],
        ["die area", fixed(place.design__die__area / 1e6, 4), "mm²"],
        ["area of the cells", fixed(place.design__instance__area / 1e6, 4), "mm²"],
        ["utilisation", percent(place.design__instance__utilization, 1), ""],
        ["cells, with fillers", count(place.design__instance__count), ""],
        ["wires", fixed(place.route__wirelength / 1e3, 1), "mm"],
        *([f"of it {metal}", fixed(length / 1e3, 1), "mm"] for metal, length in wires.items()),
        ["cuts", count(place.route__vias), ""],
        ["segments that Coriolis left open", count(place.route__open_segments_of_the_router), ""],
        ["nets routed again by hexcoder", count(place.route__nets_routed_again), ""],
        ["nets still open", count(place.route__open_nets), ""],
        ["power straps, vdd and vss", " and ".join(map(str, straps.values())), ""],
        ["stacks of cuts to rails", count(sum(stacks.values())), ""],
        ["capacitance of the wires", fixed(capacitance, 1), "pF"],
        ["worst static drop of a supply", fixed(drop, 2, 1e3), "mV"],
        ["memory", fixed(place.memory_gib, 2), "GiB"],
        *([f"time: {step}", fixed(took, 1), "s"] for step, took in place.seconds.items()),
    ]
    columns = [*words("quantity"), *numbers("value"), *words("unit")]
    return Table("The block", columns, rows)


def _timing(drawn: LayoutFile, results: Results) -> list[Block]:
    if drawn.timing is None:
        return [results.unmeasured("layout", "Timing after layout")]
    corners = drawn.timing.corners
    rows = [
        [
            corner,
            fixed(timing.timing__setup__ws, 3),
            fixed(timing.timing__setup__tns, 3),
            fixed(timing.timing__hold__ws, 3),
            fixed(timing.clock__skew__worst_setup, 2),
            fixed(timing.clock__latency, 2),
            timing.design__max_slew_violation__count,
            timing.design__max_cap_violation__count,
            timing.worst_path,
        ]
        for corner, timing in corners.items()
    ]
    times = ("setup slack", "total negative", "hold slack", "clock skew", "clock latency")
    columns = [
        *words("corner"),
        *numbers(*((name, "ns") for name in times)),
        *numbers("slow transitions", "heavy loads"),
        *words("worst path"),
    ]
    note = (
        f"Clock period {results.config.clock.period_ns:g} ns; registers outside of the block are "
        "taken to get their clock with the block's mean latency. By OpenSTA; paths in full in "
        "layout/timing/<corner>. Slow transitions and heavy loads are beyond the library's limits: "
        "its tables are extrapolated there."
    )
    table = Table("Timing by corner, clock tree included", columns, rows, note)
    histograms = {
        corner: timing.timing__setup__histogram
        for corner, timing in corners.items()
        if timing.timing__setup__histogram.count
    }
    if not histograms:
        return [table]
    text = "Endpoints by setup slack after layout; what is left of the dashed line is too late."
    picture = titled("Slack after layout", text, slack_bars("layout-slack", histograms))
    return [table, Pictures([picture])]


def _power(drawn: LayoutFile, results: Results) -> list[Block]:
    power = drawn.power
    if power is None:
        return [results.unmeasured("layout", "Power after layout")]
    layers = power.power_by_layer_w
    parts = sorted(layers, key=lambda part: -layers[part]["total"])
    period, energy = results.event_ns, drawn.energy_per_event_with_glitches_pj
    picture = power_picture("layout-power", power, drawn.glitch, parts)
    table = power_table(power, drawn.glitch, energy, parts, "Power after layout", period)
    return [Pictures([picture]), table] if picture else [table]


def _checks(drawn: LayoutFile) -> Table:
    def verdict(
        check: NetlistVerdict | Connectivity | TransistorComparison | AbstractCheck | None,
    ) -> str:
        return "not run" if check is None else "passed" if check.passed else "failed"

    proof = drawn.equivalence and drawn.equivalence.final_formal_equivalence
    lvs = drawn.lvs and drawn.lvs.layout_against_netlist
    connected = drawn.connections and drawn.connections.connectivity
    lef = drawn.abstract and drawn.abstract.abstract_check
    simulated = drawn.netlist and drawn.netlist.final_netlist_check
    timed = drawn.glitch and drawn.glitch.timed_check
    violations = drawn.rules and drawn.rules.klayout__drc_error__count
    antennas = drawn.place and drawn.place.antenna__violating__nets
    transistors, pins = lvs and lvs.transistors, connected and connected.pins
    vectors, events = simulated and simulated.vectors, timed and timed.vectors
    proved = "not run" if proof is None else "proved" if proof.proved else "failed"
    rows = [
        ["design rules", count(violations), "violations"],
        ["antenna rules", count(antennas), "nets above the limit"],
        [
            "layout against netlist, by transistors",
            verdict(lvs),
            f"{count(transistors)} transistors",
        ],
        ["every pin probed", verdict(connected), f"{count(pins)} pins"],
        ["LEF against the drawing", verdict(lef), f"{count(lef and lef.pins)} ports"],
        ["final netlist simulated", verdict(simulated), f"{count(vectors)} vectors"],
        ["final netlist simulated with delays", verdict(timed), f"{count(events)} events"],
        [
            "final netlist is the RTL",
            proved,
            "formally" if proof else "verification.formal is off",
        ],
    ]
    return Table("Checks of the drawn block", words("check", "result", "of"), rows)
