"""RTL as a netlist of generic gates, unchanged in its registers, for the 64-lane simulation."""

from pathlib import Path

from hexcoder.files import write_json
from hexcoder.netlist.flat import CellFile, CellModel, FlatNetlist, Register, read_netlist
from hexcoder.netlist.function import Function
from hexcoder.netlist.yosys import quoted, run_yosys
from hexcoder.steps.reads import file_digest

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


def _models() -> CellFile:
    """yosys' generic gates."""

    def gate(inputs: str, function: str) -> CellModel:
        return CellModel(tuple(inputs), {"Y": Function.parse(function)}, None)

    cells = {kind: gate("AB", function) for kind, function in _TWO_INPUTS.items()}
    cells["$_NOT_"] = gate("A", "~A")
    cells["$_BUF_"] = gate("A", "A")
    cells["$_MUX_"] = gate("ABS", "(A & ~S) | (B & S)")
    # Two operations in place of five; tests/hw hold the module to it.
    adder = {"sum": "a ^ b ^ c", "carry": "(a & b) | (c & (a | b))"}
    outputs = {pin: Function.parse(function) for pin, function in adder.items()}
    cells[FULL_ADDER] = CellModel(("a", "b", "c"), outputs, None)
    register = Register("C", "STATE", Function.input("D"))
    cells["$_DFF_P_"] = CellModel(("C", "D"), {"Q": Function.input("STATE")}, register)
    return CellFile(cells=cells)


PART_BYTES = 1_000_000


def _parts(verilog: Path, folder: Path) -> list[Path]:
    """A design's modules in files of about a megabyte, or more where a module has more.

    yosys' tree of a file takes fifty times its size, and goes once the file has been read.
    """
    folder.mkdir(exist_ok=True)
    parts: list[Path] = []
    lines: list[str] = []
    size = 0

    def close() -> None:
        part = folder / f"part_{len(parts)}.v"
        part.write_text("".join(lines), encoding="utf-8")
        parts.append(part)

    with open(verilog, encoding="utf-8") as stream:
        for line in stream:
            lines.append(line)
            size += len(line)
            if size > PART_BYTES and line.startswith("endmodule"):
                close()
                lines, size = [], 0
    close()
    return parts


def rtl_gates(
    verilog: Path, top: str, folder: Path
) -> tuple[FlatNetlist, dict[str, CellModel], Path, Path]:
    """Elaborate a design to generic gates, without any optimisation of its registers.

    Returns the netlist, the models, and the JSON files of both that they were read from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    netlist, cells = folder / "rtl_gates.json", folder / "generic_cells.json"
    commands = [
        *([f"blackbox {FULL_ADDER}"] if top != FULL_ADDER else []),
        f"hierarchy -check -top {top}",
        "proc -norom",
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
        parts = _parts(verilog, folder / "parts")
        reading = [f"read_verilog {quoted(part)}" for part in parts]
        run_yosys([*reading, *commands], folder / "rtl_gates.ys")
        stamp.write_text(made_from)
        for part in parts:
            part.unlink()
    generic = _models()
    models = generic.cells
    write_json(cells, generic.model_dump(exclude={"library"}))
    return read_netlist(netlist, models, top), models, netlist, cells
