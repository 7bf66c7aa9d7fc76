"""Logic of library cells for the netlist simulation, from the functions in the Liberty file."""

from __future__ import annotations

import re
from typing import Any

from hexcoder.errors import InputError
from netlist.liberty import Cell, Library

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[01]|[!'&*|+^()])")


def cell_models(library: Library) -> dict[str, Any]:
    """Models in the form that :func:`netlist.flat.read_cell_models` reads.

    Latches, clock gates, three-state and asynchronously set or cleared cells are left out: the
    simulation has no model of them, and the flow does not use them.
    """
    cells = {name: _model(cell) for name, cell in sorted(library.cells.items()) if _has_model(cell)}
    return {"format": "hexcoder-cells", "version": 1, "library": library.name, "cells": cells}


def translate(function: str) -> str:
    """Write a Liberty function with the operators of C, fully in parentheses.

    Liberty writes NOT as ``!`` before or ``'`` after, AND as ``&``, ``*`` or a space, OR as ``|``
    or ``+``; XOR binds stronger than AND (Liberty Reference Manual, 2017, "function").

    Raises
    ------
    InputError
        If it is not such an expression.
    """
    return _FunctionParser(function).parse()


def _has_model(cell: Cell) -> bool:
    outputs = [pin for pin in cell.pins.values() if pin.direction == "output"]
    usable = all(pin.function is not None and not pin.three_state for pin in outputs)
    register = cell.flip_flop
    return (
        bool(outputs)
        and usable
        and not cell.other_state
        and not (register and register.asynchronous)
    )


def _model(cell: Cell) -> dict[str, Any]:
    outputs = {
        name: translate(pin.function) for name, pin in cell.pins.items() if pin.function is not None
    }
    register = None
    if cell.flip_flop:
        inverse = re.compile(rf"\b{re.escape(cell.flip_flop.inverted_state)}\b")
        state = f"(~{cell.flip_flop.state})"
        outputs = {pin: inverse.sub(state, function) for pin, function in outputs.items()}
        register = {
            "clock": cell.flip_flop.clocked_on,
            "state": cell.flip_flop.state,
            "next_state": translate(cell.flip_flop.next_state),
        }
    inputs = [name for name, pin in cell.pins.items() if pin.direction == "input"]
    return {"inputs": inputs, "outputs": outputs, "register": register}


class _FunctionParser:
    def __init__(self, function: str):
        self._function = function
        self._tokens = _TOKEN.findall(function)
        if _TOKEN.sub("", function).strip():
            raise self._error()
        self._at = 0

    def parse(self) -> str:
        value = self._or()
        if self._at != len(self._tokens):
            raise self._error()
        return value

    def _error(self) -> InputError:
        return InputError(f"Liberty: cannot read the function '{self._function}'")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise self._error()
        self._at += 1
        return token

    def _or(self) -> str:
        value = self._and()
        while self._peek() in ("|", "+"):
            self._take()
            value = f"({value} | {self._and()})"
        return value

    def _and(self) -> str:
        value = self._xor()
        while self._peek() not in ("", "|", "+", ")", "^", "'"):
            if self._peek() in ("&", "*"):
                self._take()
            value = f"({value} & {self._xor()})"
        return value

    def _xor(self) -> str:
        value = self._not()
        while self._peek() == "^":
            self._take()
            value = f"({value} ^ {self._not()})"
        return value

    def _not(self) -> str:
        if self._peek() == "!":
            self._take()
            value = f"(~{self._not()})"
        elif self._peek() == "(":
            self._take()
            value = self._or()
            if self._take() != ")":
                raise self._error()
        else:
            value = self._take()
            if not re.fullmatch(r"\w+", value):
                raise self._error()
        while self._peek() == "'":
            self._take()
            value = f"(~{value})"
        return value
