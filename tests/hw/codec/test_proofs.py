"""Components of the adaptive code, proved for every input by SAT against plain Verilog."""

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.hw.codec.code_length import CodeLength, FirstFit
from hexcoder.hw.codec.coder import GroupCoder
from hexcoder.hw.codec.loaded import LoadedCoder, LoadedGroupLength, LoadedLength
from hexcoder.hw.codec.packer import middle
from hexcoder.hw.codec.shape import CodeShape, Words
from hexcoder.hw.codec.step_chain import StepChain
from hexcoder.sensor.codec.prefix import canonical_words, limited_lengths
from tests.hw.codec.packed import Packed
from tests.hw.proof import proved


def chain_reference(cells: int, scaled: int, shift: int, residue: int, value: int, half="1") -> str:
    lines = [
        f"module gold(input [{cells * scaled - 1}:0] scaled, "
        f"output [{cells * value - 1}:0] values);",
        "wire signed [31:0] c0 = 0;",
    ]
    for k in range(cells):
        lines += [
            f"wire signed [31:0] z{k} = ({{20'b0, scaled[{k * scaled} +: {scaled}]}} "
            f"<< {residue}) >> {shift};",
            f"wire signed [31:0] t{k} = z{k} + c{k} + {1 << (residue - 1)};",
            f"wire signed [31:0] q{k} = t{k} >>> {residue};",
            f"wire signed [31:0] r{k} = t{k} - (q{k} << {residue}) - {1 << (residue - 1)};",
            f"wire signed [31:0] c{k + 1} = r{k} >>> {half};",
            f"assign values[{k * value} +: {value}] = q{k};",
        ]
    return "\n".join([*lines, "endmodule"])


@pytest.mark.parametrize(("shift", "residue"), [(2, 4), (4, 4), (7, 3)])
def test_a_chain_is_division_with_remainder(tmp_path, shift, residue):
    value = max(1, 9 - shift) + 1
    chain = StepChain([(0, 1, 2, 3)], 9, shift, residue, value)
    assert proved(chain, chain_reference(4, 9, shift, residue, value), tmp_path)


class InHalves(wiring.Component):
    """Two chains, the second behind the first, as one."""

    def __init__(self, cells: int, scaled: int, shift: int, residue: int, value: int):
        half = [tuple(range(cells // 2))]
        self.chains = [
            StepChain(half, scaled, shift, residue, value, follows=behind, leads=not behind)
            for behind in (False, True)
        ]
        super().__init__(
            {"scaled": In(unsigned(cells * scaled)), "values": Out(unsigned(cells * value))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.before, m.submodules.behind = before, behind = self.chains
        m.d.comb += [
            Cat(before.scaled, behind.scaled).eq(self.scaled),
            behind.carried.eq(before.residues),
            self.values.eq(Cat(before.values, behind.values)),
        ]
        return m


@pytest.mark.parametrize(("shift", "residue"), [(2, 4), (7, 3)])
def test_a_chain_goes_on_behind_its_middle(tmp_path, shift, residue):
    value = max(1, 9 - shift) + 1
    halves = InHalves(4, 9, shift, residue, value)
    assert proved(halves, chain_reference(4, 9, shift, residue, value), tmp_path)


def test_a_chain_that_carries_all_of_the_rest_is_told_apart(tmp_path):
    chain = StepChain([(0, 1, 2, 3)], 9, 4, 4, 6)
    assert not proved(chain, chain_reference(4, 9, 4, 4, 6, half="0"), tmp_path)


SHAPE = CodeShape(direct=4, longest=4, value_bits=5, groups=((0,), (1,), (2,), (3,), (4,)))
TABLES = [
    limited_lengths(np.random.default_rng(seed).random(6) ** 3 + 1e-3, 7) for seed in range(3)
]


def kind_lines(name: str, value: str) -> list[str]:
    """Class of a value of five bits, what is behind it, and how many bits that is."""
    return [
        f"reg [2:0] {name}_class; reg [2:0] {name}_bits; reg [5:0] {name}_behind;",
        "always @* begin",
        f"if ({value} < 4) begin {name}_class = {value}; {name}_bits = 0; {name}_behind = 0; end",
        f"else if ({value} < 8) begin {name}_class = 4; {name}_bits = 2;",
        f"{name}_behind = {{{value}[0], {value}[1]}}; end",
        f"else if ({value} < 16) begin {name}_class = 5; {name}_bits = 4;",
        f"{name}_behind = {{{value}[0], {value}[1], {value}[2], 1'b0}}; end",
        f"else begin {name}_class = 5; {name}_bits = 5;",
        f"{name}_behind = {{{value}[0], {value}[1], {value}[2], {value}[3], 1'b1}}; end",
        "end",
    ]


class Tied(wiring.Component):
    """A component whose tables are inputs, with these tied to constants."""

    def __init__(self, part: wiring.Component, name: str, value: int, taken: str, given: list[str]):
        self.part, self.name, self.value = part, name, value
        self.taken, self.given = taken, given
        ports = {taken: In(unsigned(len(getattr(part, taken))))}
        super().__init__(ports | {g: Out(unsigned(len(getattr(part, g)))) for g in given})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.part = part = self.part
        m.d.comb += getattr(part, self.name).eq(self.value)
        m.d.comb += getattr(part, self.taken).eq(getattr(self, self.taken))
        m.d.comb += [getattr(self, name).eq(getattr(part, name)) for name in self.given]
        return m


def joined(values: list[int], width: int) -> int:
    return sum(value << (width * place) for place, value in enumerate(values))


def lengths_reference(room: int) -> str:
    lines = ["module gold(input [24:0] values, output [2:0] fits);"]
    for cell in range(5):
        lines += [
            f"wire [4:0] v{cell} = values[{5 * cell} +: 5];",
            *kind_lines(f"k{cell}", f"v{cell}"),
        ]
    for number, table in enumerate(TABLES):
        for cell in range(5):
            choices = " : ".join(f"k{cell}_class == {s} ? {n}" for s, n in enumerate(table[:-1]))
            lines.append(f"wire [7:0] l{number}_{cell} = {choices} : {table[-1]};")
        total = " + ".join(f"l{number}_{cell} + k{cell}_bits" for cell in range(5))
        lines.append(
            f"wire [9:0] s{number} = {total}; assign fits[{number}] = s{number} <= {room};"
        )
    return "\n".join([*lines, "endmodule"])


def test_lengths_and_their_comparison(tmp_path):
    text = lengths_reference(23)
    assert proved(CodeLength(SHAPE, 5, TABLES, 23), text, tmp_path)
    assert not proved(CodeLength(SHAPE, 5, TABLES, 22), text, tmp_path)


def test_lengths_of_tables_that_are_loaded(tmp_path):
    def loaded(room: int) -> Tied:
        group = LoadedGroupLength(SHAPE, 1, 5, len(TABLES), 6, 4)
        lengths = joined([n for table in TABLES for n in table], 4)
        return Tied(LoadedLength(group, room), "lengths", lengths, "values", ["fits"])

    assert proved(loaded(23), lengths_reference(23), tmp_path)
    assert not proved(loaded(24), lengths_reference(23), tmp_path)


def test_a_coder_whose_table_is_loaded(tmp_path):
    (words,) = [Words.of(TABLES[1], canonical_words(TABLES[1]))]
    fixed = GroupCoder(SHAPE, 1, [words])
    longest = max(words.lengths)
    coder = LoadedCoder(SHAPE, 1, 6, longest)
    entries = [joined(list(bits), 1) | len(bits) << longest for bits in words.bits]
    value = joined(entries, coder.entry_bits)
    tied = Tied(coder, "words", value, "values", ["code", "length"])
    one_table = Tied(fixed, "table", 1, "values", ["code", "length"])
    text = verilog_text([rtlil_text(one_table, "gold")])
    assert proved(tied, text, tmp_path)
    other = Tied(coder, "words", value ^ 1, "values", ["code", "length"])
    assert not proved(other, text, tmp_path)


def test_a_coder(tmp_path):
    words = [Words.of(lengths, canonical_words(lengths)) for lengths in TABLES]
    coder = GroupCoder(SHAPE, 1, words)
    lines = [
        f"module gold(input [4:0] values, input [2:0] table_in, "
        f"output [{coder.longest - 1}:0] code, "
        f"output [{coder.longest.bit_length() - 1}:0] length);",
        *kind_lines("k", "values"),
        "reg [15:0] word; reg [4:0] size;",
        "always @* begin word = 0; size = 0;",
    ]
    for number, table in enumerate(words):
        for symbol, bits in enumerate(table.bits):
            word = sum(bit << k for k, bit in enumerate(bits))
            lines.append(
                f"if (table_in[{number}] && k_class == {symbol}) begin word = word | {word}; "
                f"size = size | {len(bits)}; end"
            )
    lines += [
        "end",
        "assign code = word | ({26'b0, k_behind} << size);",
        "assign length = size + k_bits;",
    ]
    text = "\n".join([*lines, "endmodule"]).replace("table_in", "\\table ")
    assert proved(coder, text, tmp_path)


def test_a_packer(tmp_path):
    fields, room = 5, 22
    lines = [
        f"module gold(input [{fields * 7 - 1}:0] codes, input [{fields * 3 - 1}:0] lengths, "
        f"output [{room - 1}:0] payload);"
    ]
    total, joined = "0", []
    for k in range(fields):
        lines.append(f"wire [7:0] at{k} = {total};")
        lines.append(f"wire [63:0] f{k} = {{57'b0, codes[{7 * k} +: 7]}} << at{k};")
        joined.append(f"f{k}")
        total = f"at{k} + lengths[{3 * k} +: 3]"
    lines.append(f"assign payload = {' | '.join(joined)};")
    text = "\n".join([*lines, "endmodule"])
    for level in (None, middle(fields, 7)):
        assert proved(Packed(fields, 7, room, level), text, tmp_path)


def test_the_choice(tmp_path):
    text = """module gold(input [7:0] fits, output [7:0] chosen);
wire [7:0] some = {1'b1, fits[6:0]}; assign chosen = some & (~some + 1); endmodule"""
    assert proved(FirstFit(8), text, tmp_path)
