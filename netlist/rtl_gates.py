"""RTL as a netlist of generic gates, unchanged in its registers, for the 64-lane simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hexcoder.files import write_json
from hexcoder.steps.reads import file_digest
from netlist.flat import CellModel, FlatNetlist, read_cell_models, read_netlist
from netlist.yosys import quoted, run_yosys

FULL_ADDER = "full_adder"
"""Module of hw/ that is taken as one gate."""

_TWO_INPUTS = {
    "$_AND_": "A & B",
    "$_OR_": "A | B",
    "$_XOR_": "A ^ B",
    "$_NAND_": "~(A & B)",
    "$_NOR_": "~(A | B)",
    "$_XNOR_": "~(A ^ B)",
    "$_ANDNOT_": "A & ~B",
    "$_ORNOT_": "A | ~B",
}


def _models() -> dict[str, Any]:
    """yosys' generic gates in the form of :func:`netlist.flat.read_cell_models`."""

    def gate(inputs: list[str], function: str, register: dict[str, str] | None = None) -> Any:
        output = "Q" if register else "Y"
        return {"inputs": inputs, "outputs": {output: function}, "register": register}

    cells = {kind: gate(["A", "B"], function) for kind, function in _TWO_INPUTS.items()}
    cells["$_NOT_"] = gate(["A"], "~A")
    cells["$_BUF_"] = gate(["A"], "A")
    cells["$_MUX_"] = gate(["A", "B", "S"], "(A & ~S) | (B & S)")
    # Two operations in place of five; tests/hw hold the module to it.
    cells[FULL_ADDER] = {
        "inputs": ["a", "b", "c"],
        "outputs": {"sum": "a ^ b ^ c", "carry": "(a & b) | (c & (a | b))"},
        "register": None,
    }
    register = {"clock": "C", "state": "STATE", "next_state": "D"}
    cells["$_DFF_P_"] = gate(["C", "D"], "STATE", register)
    return {"format": "hexcoder-cells", "version": 1, "cells": cells}


def rtl_gates(
    verilog: Path, top: str, folder: Path
) -> tuple[FlatNetlist, dict[str, CellModel], Path, Path]:
    """Elaborate a design to generic gates, without any optimisation of its registers.

    Returns
    -------
    netlist : FlatNetlist
    models : dict of CellModel
    json, cells : Path
        The files that they were read from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    netlist, cells = folder / "rtl_gates.json", folder / "generic_cells.json"
    commands = [
        f"read_verilog {quoted(verilog)}",
        f"blackbox {FULL_ADDER}",
        f"hierarchy -check -top {top}",
        "proc",
        # A chip's registers hold anything at power-up; half of the JSON would be lines of source.
        "setattr -unset init w:*",
        "setattr -unset src",
        "opt_expr",
        "opt_clean",
        "techmap",
        "simplemap",
        # Enables and resets of registers become logic in front of them.
        "dfflegalize -cell $_DFF_P_ x",
        "opt_expr",
        "setundef -zero",
        "opt_clean",
        f"write_json {quoted(netlist)}",
    ]
    # Minutes for a large design: a folder that is kept has what it was made from.
    stamp = folder / "rtl_gates.made_from"
    made_from = "\n".join([file_digest(verilog), *commands])
    if not stamp.is_file() or stamp.read_text() != made_from:
        stamp.unlink(missing_ok=True)
        run_yosys(commands, folder / "rtl_gates.ys")
        stamp.write_text(made_from)
    write_json(cells, _models())
    models = read_cell_models(cells)
    return read_netlist(netlist, models, top), models, netlist, cells
