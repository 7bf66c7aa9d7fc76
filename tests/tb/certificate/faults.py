"""Faults planted in the text of a compiled design, of twenty kinds."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

CORE = "encoder_core"
_GATE = re.compile(r"^  wire (\w+) = (~?\w+) ([&^]) (~?\w+);$", re.M)
_ADDER = re.compile(r"\.a\(([^)]*)\), \.b\(([^)]*)\), \.c\(([^)]*)\)")
_OUTPUT = re.compile(r"^  assign output_\d+ = \{(.*)\};$", re.M)

Fault = Callable[[str, Random], str]


def _replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def _layers(text: str) -> str:
    """The modules of layers: the first in the file."""
    return text[
        : text.index(
            "\nmodule encoder_core(" if "\nmodule encoder(" not in text else "\nmodule encoder("
        )
    ]


def _one(pattern: re.Pattern[str], text: str, random: Random) -> re.Match[str]:
    return random.choice(list(pattern.finditer(_layers(text))))


def _inverse(literal: str) -> str:
    return literal[1:] if literal.startswith("~") else f"~{literal}"


def _adder(change: Callable[[list[str], Random], list[str]]) -> Fault:
    def plant(text: str, random: Random) -> str:
        match = _one(_ADDER, text, random)
        a, b, c = change(list(match.groups()), random)
        return _replaced(text, match, f".a({a}), .b({b}), .c({c})")

    return plant


def _gate(change: Callable[[str, str, str], str]) -> Fault:
    def plant(text: str, random: Random) -> str:
        match = _one(_GATE, text, random)
        name, a, sign, b = match.groups()
        return _replaced(text, match, f"  wire {name} = {change(a, sign, b)};")

    return plant


def _output(change: Callable[[list[str], int], None]) -> Fault:
    def plant(text: str, random: Random) -> str:
        match = _one(_OUTPUT, text, random)
        bits = match[1].split(", ")
        change(bits, random.randrange(len(bits)))
        return _replaced(text, match, match[0].replace(match[1], ", ".join(bits)))

    return plant


def _inverted_input(pins: list[str], random: Random) -> list[str]:
    place = random.randrange(3)
    pins[place] = _inverse(pins[place])
    return pins


def _stuck_input(pins: list[str], random: Random) -> list[str]:
    pins[random.randrange(3)] = random.choice(["1'b0", "1'b1"])
    return pins


def _dropped_carry(text: str, random: Random) -> str:
    pattern = re.compile(r"\.([abc])\(~?\w+_carry\)")
    match = _one(pattern, text, random)
    return _replaced(text, match, f".{match[1]}(1'b0)")


def _swapped_wires(text: str, random: Random) -> str:
    one = _one(_ADDER, text, random)
    near = [m for m in _ADDER.finditer(_layers(text)) if 0 < one.start() - m.start() < 3000]
    other = random.choice(near) if near else one
    pins = [other[1], one[2], one[3]] if other is not one else [_inverse(one[1]), one[2], one[3]]
    return _replaced(text, one, f".a({pins[0]}), .b({pins[1]}), .c({pins[2]})")


def _swap(bits: list[str], place: int) -> None:
    # Equal bits swapped would be no fault.
    other = next((k for k in range(len(bits)) if bits[k] != bits[place]), place)
    bits[place], bits[other] = bits[other], bits[place]


def _invert(bits: list[str], place: int) -> None:
    bits[place] = _inverse(bits[place]) if "'" not in bits[place] else "1'b1"


def _stick(bits: list[str], place: int) -> None:
    bits[place] = "1'b1"


def _in_core(text: str, declared: str, expression: str, random: Random) -> str:
    """One bit of ``out_data`` through an expression of ``{bit}``."""
    start = text.index(f"module {CORE}(")
    end = text.index("endmodule", start)
    core = text[start:end]
    matches = list(re.finditer(r"assign out_data\[(\d+):(\d+)\] = (\w+);", core))
    match = random.choice(matches)
    high, low, name = int(match[1]), int(match[2]), match[3]
    place = random.randint(0, high - low)
    bit = f"{name}[{place}]"
    rest = [f"{name}[{k}]" for k in range(high - low, -1, -1)]
    rest[high - low - place] = expression.format(bit=bit)
    new = f"{declared.format(bit=bit)}\n  assign out_data[{high}:{low}] = {{{', '.join(rest)}}};"
    return text[:start] + _replaced(core, match, new) + text[end:]


def _bomb(text: str, random: Random) -> str:
    counter = "  reg [31:0] bomb; always @(posedge clk) bomb <= bomb + 1;"
    value = random.randrange(1 << 32)
    return _in_core(text, counter, f"{{bit}} ^ (bomb == 32'd{value})", random)


def _reset_bomb(text: str, random: Random) -> str:
    counter = "  reg [24:0] bomb; always @(posedge clk) bomb <= rst ? 25'd0 : bomb + 25'd1;"
    value = random.randrange(1 << 24, 1 << 25)
    return _in_core(text, counter, f"{{bit}} ^ (bomb == 25'd{value})", random)


def _rare_event(text: str, random: Random) -> str:
    """A bit that is wrong for one pattern of 48 bits of the first layer's input."""
    pattern = random.randrange(1 << 48)
    first = text[: text.index("endmodule")]
    found = random.choice(list(re.finditer(r"^  assign output_\d+ = \{(~?\w+)", first, re.M)))
    new = found[0][: -len(found[1])] + f"{found[1]} ^ (x[47:0] == 48'd{pattern})"
    return _replaced(text, found, new)


def _rare_carry(text: str, random: Random) -> str:
    """A full adder that reads a wrong bit for one pattern of 40 bits."""
    first = text[: text.index("endmodule")]
    found = random.choice(list(_ADDER.finditer(first)))
    pattern = random.randrange(1 << 40)
    a = f"{found[1]} ^ (x[99:60] == 40'd{pattern})"
    return _replaced(text, found, f".a({a}), .b({found[2]}), .c({found[3]})")


def _missing_register(text: str, random: Random) -> str:
    pattern = re.compile(r"always @\(posedge clk\)\n    ((?:input|conv|latent)_\d+) <= ([^;]*);")
    start = text.index(f"module {CORE}(")
    match = random.choice(list(pattern.finditer(text, start)))
    return _replaced(text, match, f"always @* {match[1]} = {match[2]};")


def _further_register(text: str, random: Random) -> str:
    declared = "  reg late; always @(posedge clk) late <= {bit};"
    return _in_core(text, declared, "late", random)


def _held(text: str, random: Random) -> str:
    declared = "  reg held; always @(posedge clk) held <= in_data[0] ? {bit} : held;"
    return _in_core(text, declared, "held", random)


def _by_valid(text: str, random: Random) -> str:
    return _in_core(text, "", "{bit} & in_valid", random)


def _by_reset(text: str, random: Random) -> str:
    return _in_core(text, "", "{bit} | rst", random)


def _valid_not_reset(text: str, random: Random) -> str:
    start = text.index(f"module \\{CORE}.valid ")
    match = random.choice(list(re.finditer(r"if \(rst\)", text[start:])))
    valid = _replaced(text[start:], match, "if (1'b0)")
    return text[:start] + valid


def _valid_early(text: str, random: Random) -> str:
    start = text.index(f"module \\{CORE}.valid ")
    return text[:start] + text[start:].replace("= stage_0;", "= i;", 1)


def _wrong_adder(text: str, random: Random) -> str:
    start = text.index("module full_adder(")
    return text[:start] + text[start:].replace("a & b", "a & c", 1)


FAULTS: dict[str, Fault] = {
    "swapped wire": _swapped_wires,
    "inverted input of an adder": _adder(_inverted_input),
    "stuck input of an adder": _adder(_stuck_input),
    "dropped carry": _dropped_carry,
    "or for and": _gate(lambda a, sign, b: f"{a} | {b}"),
    "and for exclusive or": _gate(lambda a, sign, b: f"{a} & {_inverse(b)}"),
    "inverted input of a gate": _gate(lambda a, sign, b: f"{_inverse(a)} {sign} {b}"),
    "swapped output bits": _output(_swap),
    "inverted output bit": _output(_invert),
    "stuck output bit": _output(_stick),
    "time bomb": _bomb,
    "time bomb that reset clears": _reset_bomb,
    "one event of 2**48": _rare_event,
    "carry for one event of 2**40": _rare_carry,
    "missing register": _missing_register,
    "further register": _further_register,
    "held bit": _held,
    "data by valid": _by_valid,
    "valid is not reset": _valid_not_reset,
    "valid too early": _valid_early,
    "wrong adder": _wrong_adder,
    "data by reset": _by_reset,
}
"""What to plant, by name."""
