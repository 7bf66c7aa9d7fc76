"""A netlist with the PDK's own Verilog of its cells, in Icarus Verilog."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.netlist.simulation import Interface, netlist_verdict
from hexcoder.processes import run
from hexcoder.tools import plain, require, run_logged

_TESTBENCH = """\
`timescale 1ns/1ps
module testbench;
  reg clk = 0, rst = 1, in_valid = 0;
  reg [{in_bits}-1:0] in_data = 0;
  wire out_valid;
  wire [{out_bits}-1:0] out_data;
  reg [{in_bits}-1:0] stimulus [0:{events}-1];
  integer cycle, file;

  {top} dut (.clk(clk), .rst(rst), .in_valid(in_valid), .in_data(in_data),
    .out_valid(out_valid), .out_data(out_data));

  initial begin
    {start}
    $readmemh("{stimulus}", stimulus);
    file = $fopen("{result}", "w");
    for (cycle = 0; cycle < {latency} + 2; cycle = cycle + 1) begin
      #{half} clk = 0;
      #{half} clk = 1;
    end
    for (cycle = 0; cycle < {events} + {latency}; cycle = cycle + 1) begin
      {cycle}
      #{input_delay} rst = 0;
      in_valid = cycle < {events} && cycle % {interval} == 0;
      if (cycle < {events}) in_data = stimulus[cycle];
      #{to_fall} clk = 0;
      #{half} $fdisplay(file, "%b %b", out_valid, out_data);
      $fflush(file);
      clk = 1;
    end
    $fclose(file);
    $finish;
  end
endmodule
"""


@dataclass(frozen=True)
class Course:
    """When a testbench does what.

    Inputs change ``input_delay_ns`` after the rising edge, less than half a period. ``start`` and
    ``cycle`` are Verilog at time zero and at the start of every cycle, ``options`` are iverilog's.
    """

    period_ns: float = 100.0
    input_delay_ns: float = 25.0
    start: str = ""
    cycle: str = ""
    options: tuple[str, ...] = ()


class NothingSimulatedError(InputError):
    """A simulation did not do one event in its time."""

    def __init__(self, limit_s: float, log: Path):
        super().__init__(f"no event simulated in {limit_s:.0f} s (log: {log})")


def check_gate_level(
    netlist: Path,
    cell_verilog: Path,
    top: str,
    interface: Interface,
    inputs: np.ndarray,
    expected: np.ndarray,
    workdir: Path,
    limit_s: float = 30.0,
) -> NetlistVerdict:
    """Compare a netlist's outputs with what is expected; an undefined bit is a mismatch.

    ``workdir`` gets testbench, stimulus, result and logs. After ``limit_s`` the simulation ends,
    and the verdict counts the events it has done: an event-driven simulation follows every glitch,
    which in deep adders takes seconds an event. InputError if Icarus Verilog is missing, fails, or
    does not do one event in its time.
    """
    rows = run_events([netlist, cell_verilog], top, interface, inputs, workdir, Course(), limit_s)
    return compare_rows(rows, expected, interface)


def run_events(
    sources: Sequence[Path],
    top: str,
    interface: Interface,
    inputs: np.ndarray,
    workdir: Path,
    course: Course,
    limit_s: float,
) -> list[list[str]]:
    """Send events through Verilog as fast as it takes them.

    Of each clock ``out_valid`` and ``out_data``.
    """
    # $readmemh leaves zeros, with no error, where it does not find a relative path.
    workdir.mkdir(parents=True, exist_ok=True)
    workdir = plain(workdir)
    stimulus, result = workdir / "stimulus.hex", workdir / "result.txt"
    interval = interface.interval_cycles
    words = [
        word
        for event in inputs.tolist()
        for word in [_pack(event, interface.input_widths)] * interval
    ]
    stimulus.write_text("".join(f"{word:x}\n" for word in words))
    testbench = workdir / "testbench.v"
    testbench.write_text(
        _TESTBENCH.format(
            in_bits=sum(interface.input_widths),
            out_bits=sum(interface.output_widths),
            events=len(words),
            interval=interval,
            latency=interface.latency_cycles,
            top=top,
            stimulus=stimulus,
            result=result,
            start=course.start,
            cycle=course.cycle,
            half=course.period_ns / 2,
            input_delay=course.input_delay_ns,
            to_fall=course.period_ns / 2 - course.input_delay_ns,
        )
    )
    command = compile_testbench(testbench, sources, course.options)
    result.unlink(missing_ok=True)
    _run_for(command, workdir / "vvp.log", limit_s)
    rows: list[list[str]] = []
    # A large netlist may not even be loaded in that time.
    if result.is_file():
        with open(result, encoding="utf-8") as stream:
            rows = [line.split() for line in complete_lines(stream)]
    if len(rows) <= interface.latency_cycles:
        raise NothingSimulatedError(limit_s, workdir / "vvp.log")
    return rows


def complete_lines(stream: Iterable[str]) -> Iterator[str]:
    """Lines that a simulation wrote, but for one that it had begun when its time was up."""
    return takewhile(lambda line: line.endswith("\n"), stream)


def compile_testbench(
    testbench: Path, sources: Sequence[Path], options: Sequence[str] = ()
) -> list[str]:
    """Compile with Icarus Verilog; the command that runs it. ToolMissing, or ToolFailed."""
    compiler = require("iverilog", "on Debian: apt-get install iverilog")
    runner = require("vvp", "on Debian: apt-get install iverilog")
    program = testbench.with_suffix(".vvp")
    # Icarus Verilog puts these names into a command of the shell.
    paths = [plain(path) for path in (testbench, *sources)]
    run_logged(
        [compiler, "-g2005", *options, "-s", "testbench", "-o", plain(program), *paths],
        testbench.with_name("iverilog.log"),
    )
    return [runner, "-n", str(program)]


def _run_for(command: list[str], log: Path, limit_s: float) -> None:
    with open(log, "w") as stream:
        try:
            done = run(command, stdout=stream, timeout_s=limit_s)
        except subprocess.TimeoutExpired:
            return
    if done.returncode:
        last = " | ".join(log.read_text().splitlines()[-5:])
        raise InputError(f"vvp failed with status {done.returncode}: {last} (log: {log})")


def _pack(elements: list[int], widths: tuple[int, ...]) -> int:
    word = position = 0
    for element, width in zip(elements, widths, strict=True):
        word |= (element & ((1 << width) - 1)) << position
        position += width
    return word


def compare_rows(
    rows: list[list[str]], expected: np.ndarray, interface: Interface
) -> NetlistVerdict:
    """Compare the result of :func:`run_events`; an undefined element counts as -1."""
    latency, widths = interface.latency_cycles, interface.output_widths
    interval = interface.interval_cycles
    due = range(latency, len(rows), interval)
    wrong_valid = [
        max(0, cycle - latency) // interval
        for cycle, (valid, _) in enumerate(rows)
        if valid != ("1" if cycle in due else "0")
    ]
    actual = np.array([_elements(rows[cycle][1], widths) for cycle in due], np.int64)
    return netlist_verdict(actual, expected[: len(actual)], widths, np.array(wrong_valid, np.int64))


def _elements(data: str, widths: tuple[int, ...]) -> list[int]:
    ends = len(data) - np.cumsum([0, *widths])
    parts = [data[low:end] for end, low in pairwise(ends)]
    return [int(bits, 2) if set(bits) <= {"0", "1"} else -1 for bits in parts]
