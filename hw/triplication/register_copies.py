"""Verilog of the copies that a triplicated register has, and of their voters.

Each is a module of its own that synthesis keeps: an optimiser that saw through them would merge
what is equal by design.
"""

from collections.abc import Iterable, Mapping

FIRST, KEPT, HELD = "tmr_first", "tmr_kept", "tmr_held"
PASSED, VOTER = "tmr_passed", "tmr_voter"
KINDS = (FIRST, KEPT, HELD, PASSED, VOTER)
"""Modules: three kinds of copies that can keep their value, of which the first says whether the
copies differ, and the third, which no logic of its own reads, shows its vote to nobody; a copy that
takes a new value on every clock, and the voter behind three of them."""

MINORITY = "tmr_minority"
"""Module of a voter of one bit, whose output is inverted: a library may have a cell for it."""


def register_modules(widths: Mapping[str, Iterable[int]]) -> str:
    """Verilog of the modules that :class:`hexcoder.hw.triplication.triplicate.Triplicated`
    instantiates.

    Parameters
    ----------
    widths : mapping
        Widths in use of each kind of module.
    """
    write = {FIRST: _kept, KEPT: _kept, HELD: _kept, PASSED: _passed, VOTER: _voter}
    modules = [write[kind](kind, width) for kind in KINDS for width in sorted(widths[kind])]
    return "\n".join(
        [_MINORITY, *(f"(* keep_hierarchy *)\n{module}endmodule\n" for module in modules)]
    )


_MINORITY = f"""module {MINORITY}(a, b, c, y);
  input a, b, c;
  output y;
  assign y = ~((a & b) | (a & c) | (b & c));
endmodule
"""


def _vote(width: int) -> str:
    """Voters of a register's bits."""
    return (
        f"  wire [{width - 1}:0] minority;\n"
        f"  {MINORITY} voter [{width - 1}:0] (.a(q), .b(a), .c(b), .y(minority));\n"
    )


_DIFFERS = "|((q ^ a) | (q ^ b))"


def _kept(kind: str, width: int) -> str:
    outputs = {FIRST: ", voted, differs", KEPT: ", voted", HELD: ""}[kind]
    module = (
        f"module {kind}_{width}(clk, write, not_d, a, b, q{outputs});\n"
        "  input clk, write;\n"
        f"  input [{width - 1}:0] not_d, a, b;\n"
        f"  output reg [{width - 1}:0] q;\n"
        f"{_vote(width)}"
    )
    if kind != HELD:
        module += f"  output [{width - 1}:0] voted;\n  assign voted = ~minority;\n"
    if kind == FIRST:
        module += f"  output differs;\n  assign differs = {_DIFFERS};\n"
    # An and-or-invert gate takes what the voter has, and what is written inverted.
    return f"{module}  always @(posedge clk) q <= ~(write ? not_d : minority);\n"


def _passed(kind: str, width: int) -> str:
    return (
        f"module {kind}_{width}(clk, d, q);\n"
        "  input clk;\n"
        f"  input [{width - 1}:0] d;\n"
        f"  output reg [{width - 1}:0] q;\n"
        "  always @(posedge clk) q <= d;\n"
    )


def _voter(kind: str, width: int) -> str:
    return (
        f"module {kind}_{width}(q, a, b, voted, differs);\n"
        f"  input [{width - 1}:0] q, a, b;\n"
        f"  output [{width - 1}:0] voted;\n"
        "  output differs;\n"
        f"{_vote(width)}"
        "  assign voted = ~minority;\n"
        f"  assign differs = {_DIFFERS};\n"
    )
