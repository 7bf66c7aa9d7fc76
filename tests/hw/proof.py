"""Proof by SAT that a component is what plain Verilog says."""

from pathlib import Path

from amaranth.lib import wiring

from hexcoder.errors import InputError
from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.netlist.yosys import quoted, run_yosys


def proved(component: wiring.Component, reference: str, folder: Path) -> bool:
    """Whether SAT finds no input on which module ``reference`` and the component differ."""
    gate, gold = folder / "gate.v", folder / "gold.v"
    gate.write_text(verilog_text([rtlil_text(component, "gate")]))
    gold.write_text(reference)
    try:
        run_yosys(
            [
                f"read_verilog {quoted(gate)} {quoted(gold)}",
                "proc",
                "flatten",
                "opt_clean",
                "miter -equiv -make_outputs gold gate differ",
                "flatten differ",
                "opt -full differ",
                "sat -verify -prove trigger 0 -timeout 200 differ",
            ],
            folder / "proof.ys",
        )
    except InputError:
        assert "model found: FAIL" in (folder / "proof.log").read_text()
        return False
    return True
