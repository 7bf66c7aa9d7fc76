"""Liberty files: the group and attribute grammar, and what the flow wants to know of each cell."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hexcoder.errors import InputError
from hexcoder.netlist.function import Function

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(\[[0-9]+(:[0-9]+)?\])?")
"""Names that mean themselves in Tcl, Verilog, SPICE and in scripts of Yosys."""
_TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|\\\n|\s+|(?P<string>"[^"]*")|(?P<mark>[(){}:;,])|(?P<word>[^\s(){}:;,"]+)',
    re.DOTALL,
)
CAPACITANCE_UNITS = {"ff": 1e-15, "pf": 1e-12}
_TIME_UNITS = {"ps": 1e-12, "ns": 1e-9}
_MAX_DEPTH = 50
_MOST_BYTES = 512 << 20
_POWER_UNITS = {"pW": 1e-12, "nW": 1e-9, "uW": 1e-6, "mW": 1e-3}


@dataclass
class Group:
    """``kind (arguments) { attributes and groups }``; attribute values are texts, unquoted."""

    kind: str
    arguments: list[str]
    attributes: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[list[str]]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    source: str = ""
    parent: Group | None = field(default=None, repr=False, compare=False)

    @property
    def place(self) -> str:
        """The file, and the groups down to this one, for messages."""
        if self.parent is None:
            return self.source
        return f"{self.parent.place}: {self.kind} ({', '.join(self.arguments)})"

    @property
    def name(self) -> str:
        """The first argument; InputError if there is none."""
        return self.argument(0)

    def argument(self, index: int) -> str:
        """Argument by its place; InputError if there is none."""
        if index >= len(self.arguments):
            raise InputError(f"{self.place}: {self.kind} needs {index + 1} arguments in brackets")
        return self.arguments[index]

    def text(self, key: str) -> str:
        """Value of an attribute; InputError if there is none."""
        if key not in self.attributes:
            raise InputError(f"{self.place}: {key} is missing")
        return self.attributes[key]

    def number(self, key: str, default: float | None = None) -> float:
        """Value of an attribute as a number, ``default`` where the attribute is absent.

        InputError if the value is no number, or is absent and there is no default.
        """
        if default is not None and key not in self.attributes:
            return default
        return self.as_number(key, self.text(key))

    def as_number(self, key: str, text: str) -> float:
        """Read a number of this group; InputError if it is none."""
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{self.place}: {key} '{_shortened(text)}' is not a number") from None

    def function(self, key: str) -> Function:
        """Value of an attribute as a function; InputError if it is none."""
        try:
            return Function.parse(self.text(key))
        except InputError as error:
            raise InputError(f"{self.place}: {key}: {error}") from None

    def unit(self, key: str, default: str, units: Mapping[str, float]) -> float:
        """Value of an attribute such as '1ns' in SI units; InputError if the unit is unknown."""
        text = self.attributes.get(key, default)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(\w+)", text)
        if not match or match[2] not in units:
            raise InputError(
                f"{self.place}: {key} '{_shortened(text)}' is not a number and one of "
                f"{', '.join(units)}"
            )
        return float(match[1]) * units[match[2]]

    @property
    def farad(self) -> float:
        """A library's unit of capacitance in F."""
        scale, unit, *_ = [*self.lists.get("capacitive_load_unit", [["1", "pf"]])[0], "", ""]
        if unit.lower() not in CAPACITANCE_UNITS:
            raise InputError(f"{self.place}: capacitive_load_unit '{unit}' is not one of ff, pf")
        return self.as_number("capacitive_load_unit", scale) * CAPACITANCE_UNITS[unit.lower()]

    @property
    def second(self) -> float:
        """A library's unit of time in s."""
        return self.unit("time_unit", "1ns", _TIME_UNITS)

    def of_kind(self, kind: str) -> list[Group]:
        """Return the groups of one kind, in order."""
        return [group for group in self.groups if group.kind == kind]


@dataclass(frozen=True)
class Pin:
    """A signal pin; ``function`` is None for an input."""

    direction: str
    capacitance_f: float
    max_capacitance_f: float | None
    function: Function | None
    three_state: bool


@dataclass(frozen=True)
class FlipFlop:
    """An edge-triggered register: next state on the rising edge of ``clocked_on``."""

    state: str
    inverted_state: str
    next_state: Function
    clocked_on: str
    asynchronous: bool


@dataclass(frozen=True)
class Cell:
    """What synthesis, simulation and power use of a cell."""

    name: str
    area_um2: float
    leakage_w: float
    pins: dict[str, Pin]
    flip_flop: FlipFlop | None
    other_state: bool

    @property
    def drive_f(self) -> float:
        """What its weakest output may drive, in F; 0.0 where the file does not say."""
        return min(
            (p.max_capacitance_f or 0.0 for p in self.pins.values() if p.function), default=0.0
        )


@dataclass(frozen=True)
class WireLoad:
    """Estimated wire length and capacitance by fanout, for nets that are not placed."""

    capacitance_f_per_length: float
    slope: float
    lengths: dict[int, float]

    def capacitance_f(self, fanout: int) -> float:
        """Capacitance of a net's wire, in F; beyond the table the slope, between entries linear."""
        if fanout == 0:
            return 0.0
        known = sorted(self.lengths)
        if fanout in self.lengths:
            length = self.lengths[fanout]
        elif fanout > known[-1]:
            length = self.lengths[known[-1]] + (fanout - known[-1]) * self.slope
        else:
            above = next(n for n in known if n > fanout)
            below = max((n for n in known if n < fanout), default=0)
            low = self.lengths.get(below, 0.0)
            length = low + (self.lengths[above] - low) * (fanout - below) / (above - below)
        return length * self.capacitance_f_per_length


@dataclass(frozen=True)
class Library:
    """A Liberty file's cells and conditions, in SI units but for areas (um2)."""

    name: str
    voltage_v: float
    temperature_c: float
    cells: dict[str, Cell]
    wire_loads: dict[str, WireLoad]
    default_wire_load: str | None
    capacitance_unit_f: float
    time_unit_s: float

    @cached_property
    def stronger(self) -> dict[str, str]:
        """Of each gate the weakest cell that drives more and is no larger, where there is one."""
        kinds: dict[object, list[Cell]] = defaultdict(list)
        for cell in self.cells.values():
            if cell.flip_flop is None and not cell.other_state:
                pins = sorted(
                    (n, p.direction, p.function, p.three_state) for n, p in cell.pins.items()
                )
                kinds[tuple(pins)].append(cell)
        found: dict[str, str] = {}
        for alike in kinds.values():
            for cell in alike:
                better = [
                    other
                    for other in alike
                    if other.drive_f > cell.drive_f and other.area_um2 <= cell.area_um2
                ]
                if better:
                    found[cell.name] = min(better, key=lambda c: (c.drive_f, c.name)).name
        return found


def read_liberty_text(path: Path) -> str:
    """The text of a Liberty file, whatever its comments are encoded in; InputError."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give a Liberty file"
        ) from None
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path}: larger than {_MOST_BYTES >> 20} MiB")
    return content.decode("utf-8-sig", errors="replace")


def read_liberty(path: Path) -> Library:
    """Read a Liberty file; InputError if it breaks the grammar, or its units are not known.

    Grammar and units: Liberty User Guide, volume 1, chapters 1 and 2 (Synopsys, 2017).
    """
    top = parse(read_liberty_text(path), str(path))
    if top.kind != "library":
        raise InputError(f"{path}: starts with '{top.kind}', not with a library")
    _check_names(top)
    farad = top.farad
    watt = top.unit("leakage_power_unit", "1nW", _POWER_UNITS)
    default_capacitance = top.number("default_input_pin_cap", 0.0)
    return Library(
        name=top.name,
        voltage_v=top.number("nom_voltage", math.nan),
        temperature_c=top.number("nom_temperature", math.nan),
        cells={
            group.name: _cell(group, farad, watt, default_capacitance)
            for group in top.of_kind("cell")
        },
        wire_loads={group.name: _wire_load(group, farad) for group in top.of_kind("wire_load")},
        default_wire_load=top.attributes.get("default_wire_load"),
        capacitance_unit_f=farad,
        time_unit_s=top.second,
    )


def is_name(text: str) -> bool:
    """Whether a text can be a cell's or a pin's name, and is no command to any tool."""
    return len(text) <= 256 and _NAME.fullmatch(text) is not None


def _check_names(top: Group) -> None:
    """Names go to tools: InputError where one might be more than a name to them."""
    for group in top.groups:
        if group.kind in ("cell", "wire_load"):
            pins = [inner for inner in group.groups if inner.kind in ("pin", "bus", "ff", "latch")]
            for named in (group, *pins):
                for name in named.arguments:
                    if not is_name(name):
                        raise InputError(
                            f"{top.source}: name of {named.kind} '{_shortened(name)}' is not made "
                            "of letters, digits, _, -, . and an index in []"
                        )


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def parse(text: str, source: str = "Liberty") -> Group:
    """Parse a text into its outermost group; InputError with the source's name and line."""
    return _Parser(text, source).outermost()


def _tokens(text: str, source: str) -> tuple[list[str], list[int]]:
    tokens, positions, end = [], [], 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        if match.lastgroup:
            tokens.append(match.group())
            positions.append(match.start())
    if end != len(text):
        line = text.count("\n", 0, end) + 1
        raise InputError(f"{source}: line {line}: cannot read {text[end : end + 20]!r}")
    return tokens, positions


class _Parser:
    def __init__(self, text: str, source: str):
        self._tokens, self._positions = _tokens(text, source)
        self._text, self._source, self._at, self._depth = text, source, 0, 0

    def outermost(self) -> Group:
        holder = Group("", [], source=self._source)
        self._statement(holder)
        if len(holder.groups) != 1:
            raise self._error("a group such as 'library (name) {'")
        top = holder.groups[0]
        top.source, top.parent = self._source, None
        return top

    def _error(self, wanted: str) -> InputError:
        if self._at >= len(self._tokens):
            return InputError(f"{self._source}: ends where {wanted} should stand")
        line = self._text.count("\n", 0, self._positions[self._at]) + 1
        token = _shortened(self._tokens[self._at])
        return InputError(f"{self._source}: line {line}: found '{token}', wanted {wanted}")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str | None = None) -> str:
        token = self._peek()
        if not token or (wanted is not None and token != wanted):
            raise self._error(f"'{wanted}'" if wanted else "more")
        self._at += 1
        return token

    def _statement(self, parent: Group) -> None:
        name = self._take()
        if self._peek() == ":":
            self._take(":")
            value = []
            while self._peek() not in (";", "}", ""):
                value.append(self._take().strip('"'))
            parent.attributes[name] = " ".join(value)
        elif self._peek() == "(":
            arguments = self._arguments()
            if self._peek() == "{":
                parent.groups.append(self._body(Group(name, arguments, parent=parent)))
            else:
                parent.lists.setdefault(name, []).append(arguments)
        else:
            raise self._error(f"':' or '(' after '{name}'")
        while self._peek() == ";":
            self._take()

    def _arguments(self) -> list[str]:
        self._take("(")
        arguments = []
        while self._peek() != ")":
            token = self._take()
            if token != ",":
                arguments.append(token.strip('"'))
        self._take(")")
        return arguments

    def _body(self, group: Group) -> Group:
        self._take("{")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"no more than {_MAX_DEPTH} groups inside each other")
        while self._peek() != "}":
            self._statement(group)
        self._depth -= 1
        self._take("}")
        return group


def _cell(group: Group, farad: float, watt: float, default_capacitance: float) -> Cell:
    kinds = {inner.kind for inner in group.groups}
    return Cell(
        name=group.name,
        area_um2=group.number("area", 0.0),
        leakage_w=group.number("cell_leakage_power", 0.0) * watt,
        pins={
            name: _pin(pin, farad, default_capacitance)
            for pin in group.of_kind("pin")
            for name in pin.arguments
        },
        flip_flop=_flip_flop(group.of_kind("ff")[0]) if "ff" in kinds else None,
        other_state=bool(kinds & {"latch", "statetable", "ff_bank", "latch_bank"}),
    )


def _pin(group: Group, farad: float, default_capacitance: float) -> Pin:
    direction = group.attributes.get("direction", "input")
    default = default_capacitance if direction == "input" else 0.0
    has_limit = bool(group.attributes.get("max_capacitance"))
    return Pin(
        direction=direction,
        capacitance_f=group.number("capacitance", default) * farad,
        max_capacitance_f=group.number("max_capacitance") * farad if has_limit else None,
        function=group.function("function") if "function" in group.attributes else None,
        three_state="three_state" in group.attributes,
    )


def _flip_flop(group: Group) -> FlipFlop:
    return FlipFlop(
        state=group.argument(0),
        inverted_state=group.argument(1),
        next_state=group.function("next_state"),
        clocked_on=group.text("clocked_on"),
        asynchronous=bool({"clear", "preset"} & set(group.attributes)),
    )


def _wire_load(group: Group, farad: float) -> WireLoad:
    lengths = [[*pair, "", ""][:2] for pair in group.lists.get("fanout_length", [])]
    return WireLoad(
        capacitance_f_per_length=group.number("capacitance") * farad,
        slope=group.number("slope", 0.0),
        lengths={
            int(group.as_number("fanout_length", fanout)): group.as_number("fanout_length", length)
            for fanout, length in lengths
        },
    )
