"""Verilog of the drawn cells, from their functions.

python -m hexcoder.pdk.cells.cell_verilog FILE.
"""

import sys
from pathlib import Path

from hexcoder.pdk.cells.functions import FLOP_PINS, FUNCTIONS, function_of, inputs_of


def cell_verilog() -> str:
    """Text of the file."""
    lines = ["// Made by python -m hexcoder.pdk.cells.cell_verilog; no delays.", ""]
    for cell, functions in sorted(FUNCTIONS.items()):
        inputs = inputs_of(cell)
        lines += [
            f"module {cell} ({', '.join([*inputs, *functions])});",
            *(f"  input {pin};" for pin in inputs),
            *(f"  output {output};" for output in functions),
            *(f"  assign {pin} = {function_of(cell, pin).verilog()};" for pin in functions),
            "endmodule",
            "",
        ]
    clock, data, output = (FLOP_PINS[part] for part in ("clock", "data", "output"))
    lines += [
        f"module dff_x1 ({clock}, {data}, {output});",
        f"  input {clock}, {data};",
        f"  output reg {output};",
        f"  always @(posedge {clock}) {output} <= {data};",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(cell_verilog(), encoding="utf-8")
