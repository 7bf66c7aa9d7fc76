"""What the drawn cells compute; PDKMaster has their circuits but no functions."""

from __future__ import annotations

import ast
from itertools import product

FLOP_PINS = {"clock": "clk", "data": "i", "output": "q"}


FULL_ADDER = "fulladder_x0"
"""Three inputs and two outputs; every other cell has one."""


def _functions() -> dict[str, dict[str, str]]:
    found = {
        "mux2_x1": "(cmd&i1)|(!cmd&i0)",
        "xor2_x0": "i0^i1",
        "one_x1": "1",
        "zero_x1": "0",
    }
    found |= {f"inv_x{drive}": "!i" for drive in (0, 1, 2, 4)}
    found |= {f"buf_x{drive}": "i" for drive in (1, 2, 4)}
    for count in (2, 3, 4):
        both = "&".join(f"i{k}" for k in range(count))
        either = both.replace("&", "|")
        for drive in (0, 1):
            found[f"nand{count}_x{drive}"] = f"!({both})"
            found[f"nor{count}_x{drive}"] = f"!({either})"
        found[f"and{count}_x1"], found[f"or{count}_x1"] = both, either
    for drive in (0, 1):
        found[f"and21nor_x{drive}"] = "!((i0&i1)|i2)"
        found[f"or21nand_x{drive}"] = "!((i0|i1)&i2)"
    functions = {cell: {_output(cell): function} for cell, function in found.items()}
    functions[FULL_ADDER] = {"carry": "(i0&i1)|(i2&(i0|i1))", "sum": "i0^i1^i2"}
    return functions


def _output(cell: str) -> str:
    if cell in ("one_x1", "zero_x1"):
        return cell.split("_")[0]
    inverted = cell.startswith(("inv", "nand", "nor", "and21nor", "or21nand"))
    return "nq" if inverted else "q"


FUNCTIONS = _functions()
"""Liberty function of each output of each combinational cell.

nexor2_x0 is left out: c4m-flexcell 0.4.7 draws the transistors of xor2_x0 for it. Latches and the
flip-flop with asynchronous reset are not used.
"""


def inputs_of(cell: str) -> list[str]:
    """Input pins of a combinational cell."""
    trees = [ast.parse(text.replace("!", "~"), mode="eval") for text in FUNCTIONS[cell].values()]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return sorted({node.id for node in nodes if isinstance(node, ast.Name)})


def outputs_of(cell: str) -> list[str]:
    """Output pins of a combinational cell."""
    return list(FUNCTIONS[cell])


def evaluate(cell: str, values: dict[str, int]) -> dict[str, int]:
    """Outputs of a combinational cell."""
    found = {}
    for output, function in FUNCTIONS[cell].items():
        code = compile(function.replace("!", "~"), cell, "eval")
        found[output] = eval(code, {"__builtins__": {}}, values) & 1
    return found


def states_of(cell: str) -> list[dict[str, int]]:
    """All values of a cell's inputs."""
    names = inputs_of(cell)
    return [dict(zip(names, values, strict=True)) for values in product((0, 1), repeat=len(names))]
