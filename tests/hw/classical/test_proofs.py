"""Components of the classical methods, proved for every input by SAT against plain Verilog."""

from hexcoder.hw.classical.compaction import Compaction
from hexcoder.hw.classical.largest import FirstFlags, Largest
from hexcoder.hw.classical.super_cell import SuperCell
from tests.hw.proof import proved


def largest_reference(count: int, width: int, kept: int, tie: str = "<") -> str:
    """Each number's rank by comparison with every other."""
    lines = [
        f"module gold(input [{count * width - 1}:0] numbers, output [{count - 1}:0] chosen);",
    ]
    for k in range(count):
        terms = []
        for other in range(count):
            if other == k:
                continue
            a, b = (f"numbers[{width * n} +: {width}]" for n in (other, k))
            is_first = f"{other} {tie} {k}"
            terms.append(f"{{7'b0, {a} > {b} || ({a} == {b} && {is_first})}}")
        lines.append(f"wire [7:0] rank{k} = {' + '.join(terms)};")
        lines.append(f"assign chosen[{k}] = rank{k} < {kept};")
    return "\n".join([*lines, "endmodule"])


def test_the_largest_by_comparing_each_with_each(tmp_path):
    assert proved(Largest(7, 3, 3), largest_reference(7, 3, 3), tmp_path)
    assert proved(Largest(5, 2, 5), largest_reference(5, 2, 5), tmp_path)


def test_a_tie_that_goes_to_the_later_place_is_told_apart(tmp_path):
    assert not proved(Largest(7, 3, 3), largest_reference(7, 3, 3, tie=">"), tmp_path)


def first_reference(count: int, kept: int) -> str:
    lines = [f"module gold(input [{count - 1}:0] flags, output [{count - 1}:0] chosen);"]
    for k in range(count):
        before = " + ".join(["4'd0", *(f"flags[{n}]" for n in range(k))])
        lines.append(f"assign chosen[{k}] = flags[{k}] && ({before}) < {kept};")
    return "\n".join([*lines, "endmodule"])


def test_the_first_flags(tmp_path):
    assert proved(FirstFlags(9, 4), first_reference(9, 4), tmp_path)
    assert not proved(FirstFlags(9, 4), first_reference(9, 3), tmp_path)


def compaction_reference(words: int, width: int, room: int) -> str:
    """Word by word into the next free place."""
    lines = [
        f"module gold(input [{words * width - 1}:0] data, input [{words - 1}:0] flags_in, "
        f"output reg [{room * width - 1}:0] packed_out);",
        "reg [3:0] place; always @* begin packed_out = 0; place = 0;",
    ]
    for k in range(words):
        lines.append(f"if (flags_in[{k}]) begin")
        for slot in range(room):
            lines.append(
                f"if (place == {slot}) packed_out[{slot * width} +: {width}] = "
                f"data[{k * width} +: {width}];"
            )
        lines.append("place = place + 1; end")
    text = "\n".join([*lines, "end", "endmodule"])
    return text.replace("flags_in", "flags").replace("packed_out", "\\packed ")


def test_a_compaction_up_to_its_room(tmp_path):
    # More words than there is room for are never flagged; here every number of flags is tried.
    assert proved(Compaction(6, 2, 6), compaction_reference(6, 2, 6), tmp_path)
    assert not proved(Compaction(6, 2, 5), compaction_reference(6, 2, 6)
                      .replace("[11:0] \\packed", "[9:0] \\packed")
                      .replace("place == 4", "place == 3"), tmp_path)  # fmt: skip


def test_a_super_cell(tmp_path):
    text = """module gold(input [19:0] energies, output [8:0] code, output [1:0] place);
wire [4:0] a = energies[4:0], b = energies[9:5], c = energies[14:10], d = energies[19:15];
wire [6:0] total = a + b + c + d;
assign code = total < 16 ? total : total < 32 ? {5'd1, total[3:0]} :
  total < 64 ? {5'd2, total[4:1]} : {5'd3, total[5:2]};
assign place = a >= b && a >= c && a >= d ? 0 : b >= c && b >= d ? 1 : c >= d ? 2 : 3;
endmodule"""
    assert proved(SuperCell(5), text, tmp_path)
    assert not proved(SuperCell(5), text.replace("c >= d ?", "c > d ?"), tmp_path)
