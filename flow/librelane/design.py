"""What LibreLane is given: Verilog, configuration, constraints, order of the pins.

Names of variables are those that OpenLane 2 and LibreLane both read.
"""

import re
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json

CONFIG, VERILOG, ADDER = "config.json", "encoder.v", "full_adder.v"
SDC, PINS = "constraints.sdc", "pins.cfg"
DESIGN_FILES = (CONFIG, VERILOG, ADDER, SDC, PINS)

FULL_ADDERS = {
    "sky130_fd_sc_hd": ("sky130_fd_sc_hd__fa_1", ("A", "B", "CIN", "SUM", "COUT")),
    "gf180mcu_fd_sc_mcu7t5v0": ("gf180mcu_fd_sc_mcu7t5v0__addf_1", ("A", "B", "CI", "S", "CO")),
    "gf180mcu_fd_sc_mcu9t5v0": ("gf180mcu_fd_sc_mcu9t5v0__addf_1", ("A", "B", "CI", "S", "CO")),
    "NangateOpenCellLibrary": ("FA_X1", ("A", "B", "CI", "S", "CO")),
}
"""By cell library: its full adder and the pins for a, b, c, sum and carry."""

DEFAULT_LIBRARY = {
    "sky130A": "sky130_fd_sc_hd",
    "sky130B": "sky130_fd_sc_hd",
    "gf180mcuC": "gf180mcu_fd_sc_mcu7t5v0",
    "gf180mcuD": "gf180mcu_fd_sc_mcu7t5v0",
    "ihp-sg13g2": "sg13g2_stdcell",
}
"""The library that a PDK takes by itself."""

ADDER_MODULE = re.compile(r"^module full_adder\(.*?^endmodule\n", re.MULTILINE | re.DOTALL)
"""The full adder in emitted Verilog."""
_SECTIONS = (("W", 0.0, 0.5), ("S", 0.5, 0.75), ("N", 0.75, 1.0))
"""Sides for the inputs, with their parts of the data: they are many more than the outputs."""


def write_design(config: Config, rtl: Path, folder: Path, pdk: str) -> Path:
    """Write the design's folder.

    Parameters
    ----------
    config : Config
        Clock, and section ``librelane``.
    rtl : Path
        Folder of the stage rtl.
    folder : Path
    pdk : str
        LibreLane's name, for example ``sky130A``.

    Returns
    -------
    Path
        ``config.json``, which ``librelane`` and ``openlane`` take.

    Raises
    ------
    InputError
        If the Verilog is missing.
    """
    source, metrics = rtl / "encoder.v", rtl / "metrics.json"
    for path in (source, metrics):
        if not path.is_file():
            raise InputError(f"{path}: no such file; 'make rtl' writes it")
    rtl_metrics = read_json(metrics)
    top, settings = rtl_metrics["top"], config.librelane
    folder.mkdir(parents=True, exist_ok=True)
    verilog = source.read_text(encoding="utf-8")
    library = settings.standard_cells or DEFAULT_LIBRARY.get(pdk)
    files = [VERILOG]
    cell = FULL_ADDERS.get(library or "") if settings.full_adder_cells else None
    if cell:
        verilog, found = ADDER_MODULE.subn("", verilog)
        if found:
            (folder / ADDER).write_text(_adder(*cell), encoding="utf-8")
            files.append(ADDER)
    (folder / VERILOG).write_text(verilog, encoding="utf-8")
    (folder / SDC).write_text(_constraints(config), encoding="utf-8")
    ports = rtl_metrics["modules"][top]
    (folder / PINS).write_text(_pins(ports["input_bits"], ports["output_bits"]), encoding="utf-8")
    variables: dict[str, Any] = {
        "meta": {"version": 1, "flow": "Classic"},
        "DESIGN_NAME": top,
        "VERILOG_FILES": [f"dir::{name}" for name in files],
        "CLOCK_PORT": "clk",
        "CLOCK_PERIOD": config.clock.period_ns,
        "PNR_SDC_FILE": f"dir::{SDC}",
        "SIGNOFF_SDC_FILE": f"dir::{SDC}",
        # The name that both know: LibreLane says that it is deprecated, OpenLane knows no other.
        "FP_PIN_ORDER_CFG": f"dir::{PINS}",
        "FP_CORE_UTIL": settings.core_utilization,
        "SYNTH_STRATEGY": "AREA 0",
    }
    path = folder / CONFIG
    write_json(path, variables | settings.variables)
    return path


def _adder(cell: str, pins: tuple[str, ...]) -> str:
    a, b, c, total, carry = pins
    return (
        "// The library's full adder in the place of hexcoder's: synthesis would take it apart.\n"
        "module full_adder(input a, input b, input c, output sum, output carry);\n"
        f"  {cell} adder (.{a}(a), .{b}(b), .{c}(c), .{total}(sum), .{carry}(carry));\n"
        "endmodule\n"
    )


def _constraints(config: Config) -> str:
    """SDC in ns and pF, with the PDK's own loads and drivers."""
    clock = config.clock
    lines = [
        f"create_clock -name clk -period {clock.period_ns:g} [get_ports clk]",
        f"set_clock_uncertainty -setup {clock.uncertainty_ns:g} [get_clocks clk]",
        "set_clock_uncertainty -hold 0.1 [get_clocks clk]",
        "set data_inputs [get_ports {rst in_valid in_data*}]",
        f"set_input_delay {clock.input_delay_ns:g} -clock clk $data_inputs",
        f"set_output_delay {clock.output_delay_ns:g} -clock clk [all_outputs]",
        'set driver [split $::env(SYNTH_DRIVING_CELL) "/"]',
        "set_driving_cell -lib_cell [lindex $driver 0] -pin [lindex $driver 1] [all_inputs]",
        "set_load [expr {$::env(OUTPUT_CAP_LOAD) / 1000.0}] [all_outputs]",
        "if { [info exists ::env(TIME_DERATING_CONSTRAINT)] } {",
        "  set part [expr {$::env(TIME_DERATING_CONSTRAINT) / 100.0}]",
        "  set_timing_derate -early [expr {1 - $part}]",
        "  set_timing_derate -late [expr {1 + $part}]",
        "}",
        "if { [info exists ::env(OPENLANE_SDC_IDEAL_CLOCKS)] && $::env(OPENLANE_SDC_IDEAL_CLOCKS) }"
        " {",
        "  unset_propagated_clock [all_clocks]",
        "} else {",
        "  set_propagated_clock [all_clocks]",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _pins(inputs: int, outputs: int) -> str:
    """Inputs in the west, south and north in the order of the data; outputs in the east."""
    lines = []
    for side, start, end in _SECTIONS:
        lines.append(f"#{side}")
        if side == "W":
            lines += ["clk", "rst", "in_valid"]
        low, high = round(start * inputs), round(end * inputs)
        lines += [f"in_data\\[{bit}\\]" for bit in range(low, high)]
    lines += ["#E", "out_valid", *(f"out_data\\[{bit}\\]" for bit in range(outputs))]
    return "\n".join(lines) + "\n"
