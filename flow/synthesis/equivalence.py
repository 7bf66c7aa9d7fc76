"""Formal equivalence of RTL and netlist.

Both are pipelines without feedback: every register only delays. So the proof has two parts. With
all registers taken as wires, RTL and netlist compute the same function of the inputs, for all
inputs: ABC's combinational equivalence check (Mishchenko et al., ICCAD 2006). And in the netlist
every path from an input to an output crosses as many registers as the RTL's latency says, so that
no two events mix.
"""

import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.flow.synthesis.adders import ADDERS
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.flat import CellModel, FlatNetlist, read_cell_models, read_netlist
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.pdk.description import Pdk
from hexcoder.processes import run
from hexcoder.tools import ToolFailed, plain

_TRANSPARENT = Path(__file__).with_name("transparent.v")
_RESET = "rst"
TIME_LIMIT_S = 1200


@dataclass(frozen=True)
class Equivalence:
    """Verdict of a proof.

    Parameters
    ----------
    proved : bool
    reason : str or None
        What was found instead.
    inputs, outputs : int
        Bits of the compared ports.
    latency_cycles : int
        Registers on every path from input to output.
    seconds : float
        Time that the equivalence check took.
    """

    proved: bool
    reason: str | None
    inputs: int
    outputs: int
    latency_cycles: int
    seconds: float


def prove_equivalence(
    rtl: Path, netlist: Netlist, cells: Path, pdk: Pdk, latency_cycles: int, folder: Path
) -> Equivalence:
    """Prove that a netlist computes what its RTL does, for every input.

    Parameters
    ----------
    rtl : Path
        Verilog that the netlist was synthesised from.
    netlist : Netlist
    cells : Path
        Cell models, as for simulation.
    pdk : Pdk
        Its Liberty file gives the cells' functions.
    latency_cycles : int
        Clocks from input to output of the RTL.
    folder : Path
        Gets both designs as AIGER files, scripts and logs.

    Raises
    ------
    InputError
        If a tool fails, or the check does not end in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    models = read_cell_models(cells)
    flat = read_netlist(netlist.json, models, netlist.top)
    inputs = sum(len(flat.ports[name]) for name in ("in_data", "in_valid", _RESET))
    outputs = sum(len(flat.ports[name]) for name in ("out_data", "out_valid"))

    def verdict(reason: str | None, seconds: float) -> Equivalence:
        return Equivalence(reason is None, reason, inputs, outputs, latency_cycles, seconds)

    if wrong := _wrong_latency(flat, models, latency_cycles):
        return verdict(wrong, 0.0)
    golden, gates = folder / "rtl.aig", folder / "netlist.aig"
    _write_aiger([f"read_verilog {quoted(rtl)}"], netlist.top, golden)
    library = f"read_liberty -ignore_miss_func {quoted(pdk.liberty)}"
    _write_aiger([library, f"read_verilog {quoted(netlist.verilog)}"], netlist.top, gates)
    started = time.perf_counter()
    reason = _compare(golden, gates, folder / "abc.log")
    return verdict(reason, round(time.perf_counter() - started, 2))


def _write_aiger(read: Iterable[str], top: str, target: Path) -> None:
    script = [
        *read,
        f"hierarchy -check -top {top}",
        "proc -norom",
        "flatten -noscopeinfo",
        "opt_clean",
        # Adders as the netlist has them, or the proof takes minutes.
        f"techmap -map {quoted(ADDERS)} t:$add t:$sub t:$neg",
        "simplemap",
        f"techmap -map {quoted(_TRANSPARENT)}",
        # The few cells that are more than gates.
        "techmap",
        "setundef -zero",
        f"select -assert-none {top}/t:$_DFF* {top}/t:$_SDFF* {top}/t:$dff* {top}/t:$sdff*",
        "aigmap",
        f"write_aiger -symbols {quoted(target)}",
    ]
    run_yosys(script, target.with_suffix(".ys"))


def _compare(golden: Path, gates: Path, log: Path) -> str | None:
    """None if two AIGER files are equivalent, else what ABC says."""
    # Found, not imported: yosys in this process does not get on with matplotlib's extensions.
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise InputError("package 'pyosys' is not installed; run `make setup`")
    program = Path(spec.origin).with_name("yosys-abc")
    command = [str(program), "-c", f"cec {plain(golden)} {plain(gates)}"]
    try:
        done = run(command, timeout_s=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise InputError(
            f"formal equivalence: ABC did not end within {TIME_LIMIT_S} s; "
            "simulation of the netlist stands alone"
        ) from None
    log.write_text(done.stdout)
    if re.search(r"Networks are equivalent", done.stdout):
        return None
    found = re.findall(
        r"^.*(?:NOT EQUIVALENT|UNDECIDED|differs|failed|Error).*$", done.stdout, re.M
    )
    if not found:
        raise ToolFailed(f"ABC gave no verdict (log: {log})")
    return " ".join(line.strip() for line in found[:3])


def _wrong_latency(
    flat: FlatNetlist, models: dict[str, CellModel], latency_cycles: int
) -> str | None:
    """Where an output does not lie as many registers behind the inputs as it should.

    Reset and constants belong to no event.
    """
    gates = [i for i in flat.instances if models[i.kind].register is None]
    registers = [i for i in flat.instances if models[i.kind].register is not None]
    clocks = {net: 0 for name in ("in_data", "in_valid") for net in flat.ports[name]}
    found = -1
    while found != len(clocks):
        found = len(clocks)
        for instance in [*gates, *registers]:
            model = models[instance.kind]
            clock = model.register.clock if model.register else None
            pins = (instance.pins.get(pin) for pin in model.inputs if pin != clock)
            events = {clocks[net] for net in pins if net in clocks}
            if len(events) > 1:
                return f"cell {instance.path} mixes events: {sorted(events)} clocks after the input"
            for pin in model.outputs:
                if events and pin in instance.pins:
                    clocks[instance.pins[pin]] = min(events) + (clock is not None)
    for name in ("out_data", "out_valid"):
        for bit, net in enumerate(flat.ports[name]):
            its = clocks.get(net, latency_cycles)
            if its != latency_cycles:
                return f"{name}[{bit}] comes {its} clocks after the input, not {latency_cycles}"
    return None
