"""Cell models against the PDK's own Verilog of the cells, over all inputs, in Icarus Verilog.

With it, the compiled simulation of a netlist rests on the PDK's Verilog even where Icarus cannot
simulate the whole netlist: following every glitch of deep adders takes it a minute an event.
"""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.metrics.asic import CellMismatch, CellVerdict
from hexcoder.netlist.flat import CellModel
from hexcoder.netlist.gate_level import compile_testbench
from hexcoder.tools import plain, run_logged


def check_cells(
    kinds: Iterable[str], models: Mapping[str, CellModel], cell_verilog: Path, workdir: Path
) -> CellVerdict:
    """Compare models with Verilog.

    A combinational cell gets all its inputs in turn. A register gets all its inputs but the clock,
    each after each, with a clock pulse for each; its outputs are read after both edges.
    ``workdir`` gets testbench, result and logs. InputError if Icarus Verilog is missing or fails.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    workdir = plain(workdir)
    result = workdir / "result.txt"
    cells = {kind: models[kind] for kind in sorted(set(kinds)) if models[kind].outputs}
    testbench = workdir / "testbench.v"
    testbench.write_text(_testbench(cells, result))
    run_logged(compile_testbench(testbench, [cell_verilog]), workdir / "vvp.log")
    wanted = [value for kind, model in cells.items() for value in _expected(kind, model)]
    found = result.read_text().split()
    if len(found) != len(wanted):
        raise InputError(f"{result}: {len(found)} values, not {len(wanted)} (see vvp.log)")
    wrong = [
        CellMismatch(cell=kind, pin=pin, inputs=inputs, model=model, verilog=verilog)
        for (kind, pin, inputs, model), verilog in zip(wanted, found, strict=True)
        if model != verilog
    ]
    return CellVerdict(
        cells=len(cells),
        values=len(wanted),
        mismatches=len(wrong),
        first=wrong[0] if wrong else None,
        passed=not wrong,
    )


def _data_inputs(model: CellModel) -> list[str]:
    clock = model.register.clock if model.register else None
    return [pin for pin in model.inputs if pin != clock]


def _patterns(model: CellModel) -> list[tuple[int, ...]]:
    """Input patterns in order; for a register every pattern follows every pattern."""
    values: list[int] = [0, 1]
    single = list(itertools.product(values, repeat=len(_data_inputs(model))))
    if model.register is None:
        return single
    return [pattern for pair in itertools.product(single, repeat=2) for pattern in pair]


def _expected(kind: str, model: CellModel) -> list[tuple[str, str, dict[str, int], str]]:
    values = []
    state: dict[str, int] = {}
    for pattern in _patterns(model):
        inputs = dict(zip(_data_inputs(model), pattern, strict=True))
        reads = 1
        if model.register is not None:
            # Until the first edge the state is unknown; no next state here may depend on it.
            known = {model.register.state: state.get(model.register.state, 0)}
            state = {model.register.state: model.register.next_state.bit(inputs | known)}
            reads = 2
        for _ in range(reads):
            values += [
                (kind, pin, inputs, str(function.bit(inputs | state)))
                for pin, function in model.outputs.items()
            ]
    return values


def _testbench(cells: Mapping[str, CellModel], result: Path) -> str:
    declarations, actions = [], []
    for number, (kind, model) in enumerate(cells.items()):
        data, clock = _data_inputs(model), model.register.clock if model.register else None
        pins = [f".{pin}(i{number}[{index}])" for index, pin in enumerate(data)]
        pins += [f".{clock}(clock)"] if clock else []
        pins += [f".{pin}(o{number}[{index}])" for index, pin in enumerate(model.outputs)]
        declarations.append(
            f"  reg [{max(len(data), 1) - 1}:0] i{number} = 0; "
            f"wire [{len(model.outputs) - 1}:0] o{number};\n"
            f"  {kind} cell{number} ({', '.join(pins)});"
        )
        read = "".join(
            f' $fdisplay(file, "%b", o{number}[{index}]);' for index in range(len(model.outputs))
        )
        for pattern in _patterns(model):
            bits = "".join(str(bit) for bit in reversed(pattern)) or "0"
            actions.append(f"    i{number} = {max(len(data), 1)}'b{bits}; #10")
            if clock:
                actions.append(f"    clock = 1; #10{read} clock = 0; #10{read}")
            else:
                actions.append(f"   {read}")
    return "\n".join(
        [
            "`timescale 1ns/1ps",
            "module testbench;",
            "  integer file;",
            "  reg clock = 0;",
            *declarations,
            "  initial begin",
            f'    file = $fopen("{result}", "w");',
            *actions,
            "    $fclose(file);",
            "    $finish;",
            "  end",
            "endmodule",
            "",
        ]
    )
