"""Characterised cells as a Liberty file (Liberty User Guide, Synopsys; nonlinear delay model)."""

import re
from collections.abc import Sequence
from typing import Any

from hexcoder.pdk.cells.characterised import (
    CONSTRAINT_SLEWS_NS,
    EDGES,
    Arc,
    Characterised,
    Constraint,
    loads_name,
    loads_of,
)
from hexcoder.pdk.cells.functions import FLOP_PINS, FUNCTIONS, inputs_of
from hexcoder.pdk.cells.measurement import HIGH, LOW
from hexcoder.pdk.process import SLEWS_NS, Corner, Process

_CLOCKED = "clock_"
"""Start of the names of tables over the clock's transitions."""


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0

    def put(self, line: str) -> None:
        self.lines.append("  " * self.depth + line)

    def open(self, group: str, name: str = "") -> None:
        self.put(f"{group} ({name}) {{")
        self.depth += 1

    def close(self, count: int = 1) -> None:
        for _ in range(count):
            self.depth -= 1
            self.put("}")

    def put_values(self, rows: Sequence[Sequence[float]], scale: float) -> None:
        texts = [", ".join(f"{value * scale:.5g}" for value in row) for row in rows]
        self.put("values ( \\")
        for number, text in enumerate(texts):
            end = ", \\" if number < len(texts) - 1 else " );"
            self.put(f'  "{text}"{end}')


def _axis(values: Sequence[float], scale: float = 1.0) -> str:
    return ", ".join(f"{value * scale:.5g}" for value in values)


def write_liberty(
    process: Process,
    corner: Corner,
    cells: Sequence[Characterised],
    areas: dict[str, float],
    comment: str,
) -> str:
    """Text of a Liberty file: ns, pF, V, pJ, nW; areas in um2."""
    w = _Writer()
    w.put(f"/* {comment} */")
    w.open("library", f"{process.name}_c4m_{corner.name}")
    for line in (
        'technology ("cmos");',
        "delay_model : table_lookup;",
        'time_unit : "1ns";',
        'voltage_unit : "1V";',
        'current_unit : "1mA";',
        'pulling_resistance_unit : "1kohm";',
        'leakage_power_unit : "1nW";',
        "capacitive_load_unit (1, pf);",
        f"nom_voltage : {corner.volts};",
        f"nom_temperature : {corner.celsius};",
        "nom_process : 1.0;",
        "input_threshold_pct_rise : 50;",
        "input_threshold_pct_fall : 50;",
        "output_threshold_pct_rise : 50;",
        "output_threshold_pct_fall : 50;",
        f"slew_lower_threshold_pct_rise : {LOW * 100:.0f};",
        f"slew_lower_threshold_pct_fall : {LOW * 100:.0f};",
        f"slew_upper_threshold_pct_rise : {HIGH * 100:.0f};",
        f"slew_upper_threshold_pct_fall : {HIGH * 100:.0f};",
        "slew_derate_from_library : 1.0;",
        f"default_max_transition : {process.slowest_ns};",
        "default_fanout_load : 1.0;",
        "default_input_pin_cap : 0.0;",
        "default_output_pin_cap : 0.0;",
        "default_inout_pin_cap : 0.0;",
        "default_cell_leakage_power : 0.0;",
    ):
        w.put(line)
    w.open("operating_conditions", corner.name)
    w.put("process : 1.0;")
    w.put(f"voltage : {corner.volts};")
    w.put(f"temperature : {corner.celsius};")
    w.close()
    w.put(f"default_operating_conditions : {corner.name};")
    _wire_load(w, process)
    _templates(w, process, cells)
    for cell in cells:
        _cell(w, cell, areas[cell.name])
    w.close()
    return "\n".join(w.lines) + "\n"


def _wire_load(w: _Writer, process: Process) -> None:
    w.open("wire_load", "routed")
    w.put("resistance : 0.0;")
    w.put("capacitance : 0.001;")
    w.put("area : 0.0;")
    w.put(f"slope : {process.routed_slope_ff};")
    for fanout, farads in process.routed_ff.items():
        w.put(f"fanout_length ({fanout}, {farads});")
    w.close()
    w.put("default_wire_load : routed;")


def _templates(w: _Writer, process: Process, cells: Sequence[Characterised]) -> None:
    flops = [cell for cell in cells if cell.constraints]
    gates = [cell for cell in cells if not cell.constraints]
    for start, some, slews in (("", gates, process.slews_ns), (_CLOCKED, flops, SLEWS_NS)):
        drives = {loads_name(cell.name): loads_of(cell.name) for cell in some}
        for drive, loads in sorted(drives.items()):
            for kind, prefix in (("lu_table_template", "delay"), ("power_lut_template", "energy")):
                w.open(kind, f"{start}{prefix}_{drive}")
                slew = "net_transition" if prefix == "delay" else "transition_time"
                w.put(f"variable_1 : input_{slew};")
                w.put("variable_2 : total_output_net_capacitance;")
                w.put(f'index_1 ("{_axis(slews)}");')
                w.put(f'index_2 ("{_axis(loads, 1e-3)}");')
                w.close()
    for name, slews in (("energy_input", process.slews_ns), ("energy_clock", SLEWS_NS)):
        w.open("power_lut_template", name)
        w.put("variable_1 : input_transition_time;")
        w.put(f'index_1 ("{_axis(slews)}");')
        w.close()
    w.open("lu_table_template", "constraint")
    w.put("variable_1 : related_pin_transition;")
    w.put("variable_2 : constrained_pin_transition;")
    w.put(f'index_1 ("{_axis(CONSTRAINT_SLEWS_NS)}");')
    w.put(f'index_2 ("{_axis((*CONSTRAINT_SLEWS_NS, process.slowest_ns))}");')
    w.close()


def _cell(w: _Writer, cell: Characterised, area: float) -> None:
    w.open("cell", cell.name)
    w.put(f"area : {area:.4f};")
    if cell.leakage:
        mean = sum(value for _, value in cell.leakage) / len(cell.leakage)
        w.put(f"cell_leakage_power : {mean:.5g};")
    for when, value in cell.leakage:
        w.open("leakage_power")
        if when:
            w.put(f'when : "{when}";')
        w.put(f"value : {value:.5g};")
        w.close()
    flop = bool(cell.constraints)
    if flop:
        w.open("ff", "IQ, IQN")
        w.put(f'clocked_on : "{FLOP_PINS["clock"]}";')
        w.put(f'next_state : "{FLOP_PINS["data"]}";')
        w.close()
    for pin in [FLOP_PINS["data"], FLOP_PINS["clock"]] if flop else inputs_of(cell.name):
        _input(w, cell, pin, flop)
    outputs = {FLOP_PINS["output"]: "IQ"} if flop else FUNCTIONS[cell.name]
    for pin, function in outputs.items():
        _output(w, cell, pin, function)
    w.close()


def _input(w: _Writer, cell: Characterised, pin: str, flop: bool) -> None:
    w.open("pin", pin)
    w.put("direction : input;")
    w.put(f"capacitance : {cell.capacitance[pin] * 1e-3:.5g};")
    if flop and pin == FLOP_PINS["clock"]:
        w.put("clock : true;")
        w.put(f"max_transition : {SLEWS_NS[-1]};")
    if pin in cell.pin_energy:
        template = "energy_clock" if pin == FLOP_PINS["clock"] else "energy_input"
        w.open("internal_power")
        for edge in EDGES:
            w.open(f"{edge}_power", template)
            w.put_values([cell.pin_energy[pin][edge]], 1e-3)
            w.close()
        w.close()
    if flop and pin == FLOP_PINS["data"]:
        for constraint in cell.constraints:
            _constraint(w, constraint)
    w.close()


def _constraint(w: _Writer, constraint: Constraint) -> None:
    w.open("timing")
    w.put(f'related_pin : "{FLOP_PINS["clock"]}";')
    w.put(f"timing_type : {constraint.kind}_rising;")
    for edge in EDGES:
        w.open(f"{edge}_constraint", "constraint")
        w.put_values(constraint.tables[edge], 1.0)
        w.close()
    w.close()


def _output(w: _Writer, cell: Characterised, pin: str, function: str) -> None:
    start = _CLOCKED if cell.constraints else ""
    w.open("pin", pin)
    w.put("direction : output;")
    w.put(f'function : "{function}";')
    w.put(f"max_capacitance : {loads_of(cell.name)[-1] * 1e-3:.5g};")
    for arc in cell.arcs:
        if arc.output == pin:
            _arc(w, arc, start, loads_name(cell.name))
    w.close()


def _arc(w: _Writer, arc: Arc, start: str, drive: str) -> None:
    w.open("timing")
    w.put(f'related_pin : "{arc.related}";')
    w.put(f"timing_sense : {arc.sense};")
    w.put(f"timing_type : {arc.kind};")
    tables: dict[str, Any] = {"cell_{}": arc.delay, "{}_transition": arc.transition}
    for name, by_edge in tables.items():
        for edge in EDGES:
            w.open(name.format(edge), f"{start}delay_{drive}")
            w.put_values(by_edge[edge], 1.0)
            w.close()
    w.close()
    w.open("internal_power")
    w.put(f'related_pin : "{arc.related}";')
    for edge in EDGES:
        w.open(f"{edge}_power", f"{start}energy_{drive}")
        w.put_values(arc.energy[edge], 1e-3)
        w.close()
    w.close()


_CELL = re.compile(r"^  cell \((\w+)\) \{\n.*?^  \}\n", re.MULTILINE | re.DOTALL)
_TEMPLATE = re.compile(r"^  \w+_template \((\w+)\) \{\n.*?^  \}\n", re.MULTILINE | re.DOTALL)


def with_cells_of(text: str, other: str) -> str:
    """A Liberty file with the cells of another in the place of its own of the same names.

    Both are of :func:`write_liberty`, at one corner; cells stay in the order of their names. What
    the tables of the other's cells need of templates comes with them.
    """
    cells = {found[1]: found[0] for source in (text, other) for found in _CELL.finditer(source)}
    own = list(_CELL.finditer(text))
    cells_text = "".join(cells[name] for name in sorted(cells))
    known = {found[1] for found in _TEMPLATE.finditer(text)}
    more = [found[0] for found in _TEMPLATE.finditer(other) if found[1] not in known]
    head = text[: own[0].start()] + "".join(more)
    return head + cells_text + text[own[-1].end() :]
