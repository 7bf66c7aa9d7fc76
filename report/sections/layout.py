"""Section of the report: the drawn block."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from report.blocks import Block, Column, Notice, Picture, Pictures, Section, Table, Text
from report.charts import slack_bars
from report.numbers import count, fixed, percent
from report.results import Results
from report.sections.power import power_picture, power_table

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
    found = results.metrics["layout"]
    if found is None:
        missing = results.missing("layout", "Place and route")
        return Section("layout", "Layout", [missing])
    blocks: list[Block] = [Text(_origin(found)), *_pictures(results), _block(found)]
    blocks += [*_timing(found, results), *_power(found, results), _checks(found)]
    return Section("layout", "Layout", blocks)


def _origin(found: Mapping[str, Any]) -> str:
    origin = found["origin"]
    return (
        f"All figures of this section are of the block after layout, by {origin['tool']}, with "
        "resistance and capacitance of the drawn wires (flow/layout/parasitics.py). Coupling "
        f"stands against ground. Early and late delays differ from Liberty's by "
        f"{found.get('timing__derate', 0) * 100:g} %."
    )


def _pictures(results: Results) -> list[Block]:
    pictures = []
    for name, (title, caption) in _CAPTIONS.items():
        if name in results.pictures:
            data = base64.b64encode(results.pictures[name]).decode()
            image = f'<img src="data:image/png;base64,{data}" alt="{title}">'
            pictures.append(Picture(f"{title}: {caption}", image, caption, title))
    return [Pictures(pictures)] if pictures else []


def _block(found: Mapping[str, Any]) -> Table:
    wires = found["route__wirelength_by_layer_um"]
    straps, stacks = found["design_powergrid__straps"], found["design_powergrid__stacks"]
    rows = [
        ["die", found["design__die__bbox"].removeprefix("0 0 ").replace(" ", " x "), "um"],
        ["die area", fixed(found["design__die__area"] / 1e6, 4), "mm²"],
        ["area of the cells", fixed(found["design__instance__area"] / 1e6, 4), "mm²"],
        ["utilisation", percent(found["design__instance__utilization"], 1), ""],
        ["cells, with fillers", count(found["design__instance__count"]), ""],
        ["wires", fixed(found["route__wirelength"] / 1e3, 1), "mm"],
        *([f"of it {metal}", fixed(length / 1e3, 1), "mm"] for metal, length in wires.items()),
        ["cuts", count(found["route__vias"]), ""],
        [
            "segments that Coriolis left open",
            count(found["route__open_segments_of_the_router"]),
            "",
        ],
        ["nets routed again by hexcoder", count(found["route__nets_routed_again"]), ""],
        ["nets still open", count(found["route__open_nets"]), ""],
        ["power straps, vdd and vss", " and ".join(map(str, straps.values())), ""],
        ["stacks of cuts to rails", count(sum(stacks.values())), ""],
        ["capacitance of the wires", fixed(found.get("parasitics__capacitance_pf"), 1), "pF"],
        ["worst static drop of a supply", fixed(found.get("ir__drop__worst"), 2, 1e3), "mV"],
        ["memory", fixed(found["memory_gib"], 2), "GiB"],
        *([f"time: {step}", fixed(took, 1), "s"] for step, took in found["seconds"].items()),
    ]
    columns = [Column("quantity", numeric=False), Column("value"), Column("unit", numeric=False)]
    return Table("The block", columns, rows)


def _timing(found: Mapping[str, Any], results: Results) -> list[Block]:
    head = "timing__setup__ws__corner:"
    corners = [key.removeprefix(head) for key in found if key.startswith(head)]
    if not corners:
        return [Notice("missing", "Timing after layout: not measured.", results.command("layout"))]
    rows = [
        [
            corner,
            fixed(found[head + corner], 3),
            fixed(found[f"timing__setup__tns__corner:{corner}"], 3),
            fixed(found[f"timing__hold__ws__corner:{corner}"], 3),
            fixed(found[f"clock__skew__worst_setup__corner:{corner}"], 2),
            fixed(found.get(f"clock__latency__corner:{corner}"), 2),
            found[f"worst_path__corner:{corner}"],
        ]
        for corner in corners
    ]
    columns = [
        Column("corner", numeric=False),
        Column("setup slack", "ns"),
        Column("total negative", "ns"),
        Column("hold slack", "ns"),
        Column("clock skew", "ns"),
        Column("clock latency", "ns"),
        Column("worst path", numeric=False),
    ]
    note = (
        f"Clock period {results.config.clock.period_ns:g} ns; registers outside of the block are "
        "taken to get their clock with the block's mean latency. By OpenSTA; paths in full in "
        "layout/timing/<corner>."
    )
    table = Table("Timing by corner, clock tree included", columns, rows, note)
    histograms = {
        corner: found[f"timing__setup__histogram__corner:{corner}"]
        for corner in corners
        if found.get(f"timing__setup__histogram__corner:{corner}", {}).get("count")
    }
    if not histograms:
        return [table]
    text = "Endpoints by setup slack after layout; what is left of the dashed line is too late."
    title = "Slack after layout"
    picture = Picture(f"{title}: {text}", slack_bars("layout-slack", histograms), text, title)
    return [table, Pictures([picture])]


def _power(found: Mapping[str, Any], results: Results) -> list[Block]:
    if not found.get("power__total"):
        return [Notice("missing", "Power after layout: not measured.", results.command("layout"))]
    layers = found.get("power_by_layer_w") or {}
    parts = sorted(layers, key=lambda part: -layers[part]["total"])
    period = results.config.clock.period_ns
    picture = power_picture("layout-power", found, parts)
    table = power_table(found, parts, "Power after layout", period)
    return [Pictures([picture]), table] if picture else [table]


def _checks(found: Mapping[str, Any]) -> Table:
    def verdict(key: str) -> str:
        check = found.get(key)
        return "not run" if check is None else "passed" if check["passed"] else "failed"

    proof = found.get("final_formal_equivalence")
    lvs = found.get("layout_against_netlist") or {}
    connected = found.get("connectivity") or {}
    rows = [
        ["design rules", count(found.get("klayout__drc_error__count")), "violations"],
        ["antenna rules", count(found.get("antenna__violating__nets")), "nets above the limit"],
        [
            "layout against netlist, by transistors",
            verdict("layout_against_netlist"),
            f"{count(lvs.get('transistors'))} transistors",
        ],
        ["every pin probed", verdict("connectivity"), f"{count(connected.get('pins'))} pins"],
        [
            "final netlist simulated",
            verdict("final_netlist_check"),
            f"{count((found.get('final_netlist_check') or {}).get('vectors'))} vectors",
        ],
        [
            "final netlist simulated with delays",
            verdict("timed_check"),
            f"{count((found.get('timed_check') or {}).get('vectors'))} events",
        ],
        [
            "final netlist is the RTL",
            "not run" if proof is None else "proved" if proof["proved"] else "failed",
            "formally" if proof else "verification.formal is off",
        ],
    ]
    columns = [
        Column("check", numeric=False),
        Column("result", numeric=False),
        Column("of", numeric=False),
    ]
    return Table("Checks of the drawn block", columns, rows)
