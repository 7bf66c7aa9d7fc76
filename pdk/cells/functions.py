"""What the drawn cells compute; PDKMaster has their circuits but no functions."""

from itertools import product

from hexcoder.netlist.function import Function

FLOP_PINS = {"clock": "clk", "data": "i", "output": "q"}

FULL_ADDER = "fulladder_x0"
"""Three inputs and two outputs; every other cell has one."""


def _functions() -> dict[str, dict[str, str]]:
    single = {
        "mux2_x1": "(cmd&i1)|(!cmd&i0)",
        "xor2_x0": "i0^i1",
        "one_x1": "1",
        "zero_x1": "0",
    }
    single |= {f"inv_x{drive}": "!i" for drive in (0, 1, 2, 4)}
    single |= {f"buf_x{drive}": "i" for drive in (1, 2, 4)}
    for count in (2, 3, 4):
        both = "&".join(f"i{k}" for k in range(count))
        either = both.replace("&", "|")
        for drive in (0, 1):
            single[f"nand{count}_x{drive}"] = f"!({both})"
            single[f"nor{count}_x{drive}"] = f"!({either})"
        single[f"and{count}_x1"], single[f"or{count}_x1"] = both, either
    for drive in (0, 1):
        single[f"and21nor_x{drive}"] = "!((i0&i1)|i2)"
        single[f"or21nand_x{drive}"] = "!((i0|i1)&i2)"
    functions = {cell: {_output(cell): function} for cell, function in single.items()}
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


def function_of(cell: str, output: str) -> Function:
    """Function of an output of a combinational cell."""
    return Function.parse(FUNCTIONS[cell][output])


def inputs_of(cell: str) -> list[str]:
    """Input pins of a combinational cell."""
    return sorted({pin for output in FUNCTIONS[cell] for pin in function_of(cell, output).inputs})


def outputs_of(cell: str) -> list[str]:
    """Output pins of a combinational cell."""
    return list(FUNCTIONS[cell])


def evaluate(cell: str, values: dict[str, int]) -> dict[str, int]:
    """Outputs of a combinational cell."""
    return {output: function_of(cell, output).bit(values) for output in FUNCTIONS[cell]}


def states_of(cell: str) -> list[dict[str, int]]:
    """All values of a cell's inputs."""
    names = inputs_of(cell)
    return [dict(zip(names, values, strict=True)) for values in product((0, 1), repeat=len(names))]
