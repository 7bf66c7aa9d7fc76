"""Boolean functions of cells and of conditions, read once from Liberty's syntax."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, TypeVar

import numpy as np
import pydantic

from hexcoder.errors import InputError

MAX_CHARACTERS = 20_000
"""Most characters of a function's text."""
MAX_DEPTH = 200
"""Most operators on a way from the root of an expression to a leaf."""
MAX_INPUTS = 16
"""Of a function whose truth table is asked for."""

Value = TypeVar("Value", int, np.ndarray)

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_]\w*(?:\[\d+\])?)|(?P<constant>[01])\b"
    r"|(?P<operator>&&|\|\||[!~'&*|+^()]))",
    re.ASCII,
)


class Operator(StrEnum):
    """What a node of an expression is; the values are the signs of C and of Verilog."""

    CONSTANT = "01"
    INPUT = "name"
    NOT = "~"
    AND = "&"
    OR = "|"
    XOR = "^"


# Liberty Reference Manual, 2017, "function": XOR binds tighter than AND, AND tighter than OR.
_BINARY = {
    "&": Operator.AND, "&&": Operator.AND, "*": Operator.AND,
    "|": Operator.OR, "||": Operator.OR, "+": Operator.OR,
    "^": Operator.XOR,
}  # fmt: skip
_PRECEDENCE = {Operator.OR: 1, Operator.AND: 2, Operator.XOR: 3, Operator.NOT: 4}


@dataclass(frozen=True)
class Function:
    """An expression over named inputs: a node and those below it.

    NOT has one operand, AND, OR and XOR two, an input and a constant none; ``name`` is of an input,
    '0' or '1' for a constant.
    """

    operator: Operator
    operands: tuple[Function, ...] = ()
    name: str = ""

    @staticmethod
    def parse(text: str) -> Function:
        """Read an expression.

        Liberty writes NOT as ``!`` before or ``'`` after, AND as ``&``, ``*`` or a space, OR as
        ``|`` or ``+``, XOR as ``^``; XOR binds tighter than AND, AND tighter than OR (Liberty
        Reference Manual, 2017, "function"). C's ``~``, ``&&`` and ``||`` are read as well.

        InputError names a text that is no such expression, longer than :data:`MAX_CHARACTERS` or
        deeper than :data:`MAX_DEPTH`.
        """
        return _parse(text)

    @staticmethod
    def input(name: str) -> Function:
        """The value of an input."""
        return Function(Operator.INPUT, name=name)

    @cached_property
    def depth(self) -> int:
        """Operators on the longest way from here to a leaf."""
        return 1 + max(operand.depth for operand in self.operands) if self.operands else 0

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are read, in the order in which they first stand in the text."""
        if self.operator is Operator.INPUT:
            return (self.name,)
        names = (name for operand in self.operands for name in operand.inputs)
        return tuple(dict.fromkeys(names))

    @property
    def single_input(self) -> str | None:
        """The input that this function is, unchanged; None if it is another function."""
        return self.name if self.operator is Operator.INPUT else None

    def evaluate(self, values: Mapping[str, Value], ones: Value) -> Value:
        """Value for given inputs, bit by bit: integers, or arrays that share a shape.

        ``ones`` is the value with all bits set that count: 1 for single bits, True for bool arrays.
        """
        if self.operator is Operator.INPUT:
            return values[self.name]
        if self.operator is Operator.CONSTANT:
            return ones if self.name == "1" else ones ^ ones
        first = self.operands[0].evaluate(values, ones)
        if self.operator is Operator.NOT:
            return first ^ ones
        second = self.operands[1].evaluate(values, ones)
        if self.operator is Operator.AND:
            return first & second
        return first | second if self.operator is Operator.OR else first ^ second

    def bit(self, values: Mapping[str, int]) -> int:
        """Value, 0 or 1, for inputs of 0 or 1."""
        return self.evaluate(values, 1)

    def truth_table(self, inputs: tuple[str, ...] | None = None) -> int:
        """Value for every pattern of inputs: bit p is that of pattern p.

        Bit k of a pattern is input k of ``inputs``, by default of :attr:`inputs`. InputError if
        there are more than :data:`MAX_INPUTS`.
        """
        names = self.inputs if inputs is None else inputs
        if len(names) > MAX_INPUTS:
            raise InputError(f"Liberty: more than {MAX_INPUTS} inputs in the function '{self}'")
        ones = (1 << (1 << len(names))) - 1
        # Input k is 0 for 2**k patterns, then 1 for as many, and so on.
        patterns = {name: ones // ((1 << (1 << k)) + 1) << (1 << k) for k, name in enumerate(names)}
        return self.evaluate(patterns, ones)

    @property
    def part_true(self) -> float:
        """Part of all patterns of the inputs for which the value is 1."""
        return self.truth_table().bit_count() / (1 << len(self.inputs))

    def substitute(self, functions: Mapping[str, Function]) -> Function:
        """The same expression with functions in the places of some inputs."""
        if self.operator is Operator.INPUT:
            return functions.get(self.name, self)
        operands = tuple(operand.substitute(functions) for operand in self.operands)
        return Function(self.operator, operands, self.name)

    def __str__(self) -> str:
        """C over words of one bit each, fully in parentheses; :meth:`parse` reads it as well."""
        if not self.operands:
            return self.name
        if self.operator is Operator.NOT:
            return f"(~{self.operands[0]})"
        return f"({self.operands[0]} {self.operator} {self.operands[1]})"

    def verilog(self) -> str:
        """Verilog of one bit, fully in parentheses."""
        if self.operator is Operator.CONSTANT:
            return f"1'b{self.name}"
        operands = [operand.verilog() for operand in self.operands]
        if not operands:
            return self.name
        if self.operator is Operator.NOT:
            return f"(~{operands[0]})"
        return f"({operands[0]} {self.operator} {operands[1]})"


def _node(operator: Operator, *operands: Function) -> Function:
    node = Function(operator, operands)
    if node.depth > MAX_DEPTH:
        raise ValueError
    return node


@lru_cache(maxsize=4096)
def _parse(text: str) -> Function:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"Liberty: {len(text)} characters in the function {shown!r}")
    try:
        return _Parser().parse(text)
    except ValueError:
        raise InputError(f"Liberty: cannot read the function {shown!r}") from None


class _Parser:
    """Dijkstra's two stacks, which need no recursion: nesting of brackets is not limited."""

    def __init__(self) -> None:
        self._operands: list[Function] = []
        self._operators: list[Operator | None] = []  # None is an open bracket

    def parse(self, text: str) -> Function:
        position, after_operand = 0, False
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError
            position = match.end()
            sign = match["operator"]
            if sign in _BINARY or sign in (")", "'"):
                if not after_operand:
                    raise ValueError
                after_operand = self._after_operand(sign)
            else:
                if after_operand:
                    self._binary(Operator.AND)
                after_operand = self._operand(match)
        if not after_operand:
            raise ValueError
        self._reduce(0)
        if self._operators:
            raise ValueError
        return self._operands.pop()

    def _operand(self, match: re.Match[str]) -> bool:
        """Take what may stand where an operand begins; whether the operand is complete."""
        if match["operator"]:
            self._operators.append(None if match["operator"] == "(" else Operator.NOT)
            return False
        if match["name"]:
            self._operands.append(Function.input(match["name"]))
        else:
            self._operands.append(Function(Operator.CONSTANT, name=match["constant"]))
        return True

    def _after_operand(self, sign: str) -> bool:
        """Take what may stand behind an operand; whether the operand is complete behind it."""
        if sign == "'":
            self._operands.append(_node(Operator.NOT, self._operands.pop()))
            return True
        if sign == ")":
            self._reduce(0)
            if not self._operators:
                raise ValueError
            self._operators.pop()
            return True
        self._binary(_BINARY[sign])
        return False

    def _binary(self, operator: Operator) -> None:
        self._reduce(_PRECEDENCE[operator])
        self._operators.append(operator)

    def _reduce(self, precedence: int) -> None:
        """Apply the operators down to an open bracket that bind at least so tight."""
        while self._operators:
            operator = self._operators[-1]
            if operator is None or _PRECEDENCE[operator] < precedence:
                return
            self._operators.pop()
            last = self._operands.pop()
            if operator is Operator.NOT:
                self._operands.append(_node(operator, last))
            else:
                self._operands.append(_node(operator, self._operands.pop(), last))


def _from_text(value: object) -> Function:
    if isinstance(value, Function):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a text such as '(A & B)'")
    try:
        return Function.parse(value)
    except InputError as error:
        raise ValueError(str(error).removeprefix("Liberty: ")) from None


FunctionText = Annotated[
    Function, pydantic.PlainValidator(_from_text), pydantic.PlainSerializer(str)
]
"""A function that a JSON file holds as text."""
