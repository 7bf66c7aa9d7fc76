"""OpenSTA: constraints, and Tcl that every run begins with.

Debian's OpenSTA 2.0.17 has no report_worst_slack -min, read_vcd or working set_power_activity
-pins; what the flow needs is put together from its reports.
"""

from collections.abc import Sequence
from pathlib import Path

from hexcoder.config import Clock
from hexcoder.errors import InputError
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.description import Pdk
from hexcoder.tools import plain, require, run_logged, tcl_word

_FINISHED = "hexcoder: end of script"


def write_constraints(
    path: Path,
    clock: Clock,
    pdk: Pdk,
    library: Library,
    wire_load: str | None,
    latency_ns: float | None = None,
    asynchronous: Sequence[str] = (),
) -> None:
    """Write the constraints as SDC, in the units of the library.

    The clock is ideal: no tree is built before layout. Its uncertainty counts for setup only, as
    hold is repaired after the tree is known. Reset is synchronous and timed like any other input.

    After layout ``latency_ns`` is what the clock's tree takes to the registers: those outside of
    the block are taken to hang on a tree like it.

    ``asynchronous`` ports belong to no clock: paths from and to them are not timed.
    """

    def time(value_ns: float) -> str:
        return f"{value_ns * 1e-9 / library.time_unit_s:g}"

    inputs = "[get_ports {rst in_valid in_data*}]"
    outputs = "[get_ports {out_valid out_data*}]"
    load = pdk.output_load_ff * 1e-15 / library.capacitance_unit_f
    driver = pdk.driving_cell
    lines = [f"create_clock -name clock -period {time(clock.period_ns)} [get_ports clk]"]
    outside = "clock"
    if latency_ns is not None:
        outside = "outside"
        lines += [
            f"create_clock -name {outside} -period {time(clock.period_ns)}",
            f"set_clock_latency {time(latency_ns)} [get_clocks {outside}]",
            f"set_clock_uncertainty -setup {time(clock.uncertainty_ns)} [get_clocks {outside}]",
        ]
    lines += [
        f"set_clock_uncertainty -setup {time(clock.uncertainty_ns)} [get_clocks clock]",
        f"set_input_delay {time(clock.input_delay_ns)} -clock {outside} {inputs}",
        f"set_output_delay {time(clock.output_delay_ns)} -clock {outside} {outputs}",
        f"set_driving_cell -lib_cell {tcl_word(driver.cell)} -pin {tcl_word(driver.output)} "
        f"{inputs}",
        f"set_load {load:g} {outputs}",
    ]
    if asynchronous:
        ports = f"[get_ports {{{' '.join(asynchronous)}}}]"
        lines += [f"set_false_path -from {ports}", f"set_false_path -to {ports}"]
    if wire_load:
        lines.append(f"set_wire_load_model -name {tcl_word(wire_load)}")
    path.write_text("\n".join(lines) + "\n")


def run_sta(
    commands: Sequence[str],
    netlist: Netlist,
    pdk: Pdk,
    constraints: Path,
    script: Path,
    layout: Sequence[str] = (),
) -> str:
    """Run commands on a linked and constrained design.

    ``layout`` has commands for what is known after layout: parasitics, the clock's tree.

    Returns
    -------
    str
        The log.

    Raises
    ------
    InputError
        If OpenSTA is missing or a command fails.
    """
    lines = [
        f"read_liberty {tcl_word(plain(pdk.liberty))}",
        f"read_verilog {tcl_word(plain(netlist.verilog))}",
        f"link_design {tcl_word(netlist.top)}",
        f"source {tcl_word(plain(constraints))}",
        *layout,
        *commands,
        f'puts "{_FINISHED}"',
    ]
    script.write_text("\n".join(lines) + "\n")
    program = require("sta", "OpenSTA, timing and power: apt-get install opensta")
    log = script.with_suffix(".log")
    text = run_logged([program, "-no_splash", "-exit", plain(script)], log, finished=_FINISHED)
    errors = [line for line in text.splitlines() if line.startswith("Error")]
    if errors:
        raise InputError(f"sta: {errors[0]} (log: {log})")
    return text
