"""A flat netlist as a table of operations for netlist/lanes_clock.cpp."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from hexcoder.netlist.flat import ONE, ZERO, CellModel, FlatNetlist, Instance
from hexcoder.netlist.function import Function, Operator


class Kind(IntEnum):
    """Operations, numbered as in netlist/lanes_clock.cpp."""

    AND = 0
    OR = 1
    XOR = 2
    ANDNOT = 3
    NOT = 4
    COPY = 5
    MAJORITY = 6
    XOR3 = 7
    AND_OR = 8
    MUX = 9


_BINARY = {Operator.AND: Kind.AND, Operator.OR: Kind.OR, Operator.XOR: Kind.XOR}

_WHOLE = {
    Function.parse("(A & ~S) | (B & S)"): (Kind.MUX, "ABS"),
    Function.parse("(a & b) | (c & (a | b))"): (Kind.MAJORITY, "abc"),
    Function.parse("a ^ b ^ c"): (Kind.XOR3, "abc"),
}
"""Functions that are one operation as they stand."""


@dataclass(frozen=True, slots=True)
class Program:
    """Operations in order of evaluation.

    Parameters
    ----------
    place : int64 array (words,)
        Where the word of each net lies: nets of the netlist, registers' states, inverting nets of
        transients and intermediate ones. Nets are written one after the other in memory.
    kinds, counts : int32 array, int64 array (runs,)
        Each run is ``counts`` operations of one kind.
    rows : int32 array (operations, 4)
        Place written, places read; what a kind does not read is the constant 0.
    first_reader, readers : int64 array (words + 1,), int32 array
        Operations that read each place.
    states, next_nets : int64 array (registers,)
        Places of what registers hold, and of what they take at an edge.
    transients : int64 array
        Place that inverts each of the nets that a fault can hit.
    """

    place: np.ndarray
    kinds: np.ndarray
    counts: np.ndarray
    rows: np.ndarray
    first_reader: np.ndarray
    readers: np.ndarray
    registers: tuple[Instance, ...]
    states: np.ndarray
    next_nets: np.ndarray
    transients: np.ndarray


class _Writer:
    def __init__(self, netlist: FlatNetlist, models: Mapping[str, CellModel]):
        self._models = models
        self.words = len(netlist.nets)
        self.level = [0] * self.words
        self.operations: list[tuple[int, int, int, int, int, int]] = []

    def net(self) -> int:
        self.words += 1
        self.level.append(0)
        return self.words - 1

    def put(self, kind: Kind, target: int, operands: Sequence[int]) -> int:
        a, b, c = (*operands, ZERO, ZERO)[:3]
        level = 1 + max(self.level[net] for net in operands)
        self.level[target] = level
        self.operations.append((level, kind, target, a, b, c))
        return target

    def function(
        self, function: Function, values: Mapping[str, int], target: int | None = None
    ) -> int:
        """Net of a function's value; ``target``, or any if None."""
        if function in _WHOLE:
            kind, pins = _WHOLE[function]
            return self._put(kind, target, [values[pin] for pin in pins])
        if not function.operands:
            name = function.single_input
            value = values[name] if name else ONE if function.name == "1" else ZERO
            return value if target is None else self._put(Kind.COPY, target, [value])
        kind, operands = _operation(function)
        return self._put(kind, target, [self.function(operand, values) for operand in operands])

    def _put(self, kind: Kind, target: int | None, operands: Sequence[int]) -> int:
        return self.put(kind, self.net() if target is None else target, operands)


def _operation(function: Function) -> tuple[Kind, Sequence[Function]]:
    """The last operation of a function, and what the operation reads."""
    if function.operator is Operator.NOT:
        return Kind.NOT, function.operands
    left, right = function.operands
    for first, second in ((left, right), (right, left)):
        if function.operator is Operator.OR and first.operator is Operator.AND:
            return Kind.AND_OR, (*first.operands, second)
        if function.operator is Operator.AND and second.operator is Operator.NOT:
            return Kind.ANDNOT, (first, *second.operands)
    return _BINARY[function.operator], function.operands


def write_program(
    netlist: FlatNetlist, models: Mapping[str, CellModel], transients: Sequence[int] = ()
) -> Program:
    """Write a netlist as operations; a fault can invert the nets ``transients`` for a clock."""
    writer = _Writer(netlist, models)
    registers = tuple(i for i in netlist.instances if models[i.kind].register is not None)
    states = [writer.net() for _ in registers]
    inverting = {net: writer.net() for net in transients}

    def outputs(instance: Instance, values: Mapping[str, int]) -> None:
        for pin, function in models[instance.kind].outputs.items():
            net = instance.pins.get(pin)
            if net is None:
                continue
            if net in inverting:
                value = writer.function(function, values)
                writer.put(Kind.XOR, net, [value, inverting[net]])
            else:
                writer.function(function, values, net)

    for instance, state in zip(registers, states, strict=True):
        register = models[instance.kind].register
        assert register is not None
        outputs(instance, {register.state: state} | instance.pins)
    for instance in netlist.instances:
        if models[instance.kind].register is None:
            outputs(instance, instance.pins)
    next_nets = []
    for instance, state in zip(registers, states, strict=True):
        register = models[instance.kind].register
        assert register is not None
        values = {register.state: state} | instance.pins
        next_nets.append(writer.function(register.next_state, values))
    table = np.array(writer.operations, dtype=np.int64).reshape(-1, 6)
    table = table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))]
    starts = np.flatnonzero(np.any(np.diff(table[:, :2], axis=0, prepend=-1), axis=1))
    place = _places(writer.words, table[:, 2])
    rows = np.ascontiguousarray(place[table[:, 2:]].astype(np.int32))
    return Program(
        place,
        table[starts, 1].astype(np.int32),
        np.diff(np.append(starts, len(table))),
        rows,
        *_readers(rows, writer.words),
        registers,
        place[np.array(states, np.int64)],
        place[np.array(next_nets, np.int64)],
        place[np.array([inverting[net] for net in transients], np.int64)],
    )


def _readers(rows: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each place's readers begin, and these."""
    read = rows[:, 1:].ravel()
    operations = np.repeat(np.arange(len(rows), dtype=np.int32), rows.shape[1] - 1)
    # Constants never change.
    varies = (read != ZERO) & (read != ONE)
    read, operations = read[varies], operations[varies]
    order = np.argsort(read, kind="stable")
    first = np.searchsorted(read[order], np.arange(words + 1))
    return first.astype(np.int64), np.ascontiguousarray(operations[order])


def _places(words: int, written: np.ndarray) -> np.ndarray:
    """Constants and what no operation writes first, then nets in the order of operations."""
    is_written = np.zeros(words, bool)
    is_written[written] = True
    place = np.empty(words, np.int64)
    place[np.concatenate([np.flatnonzero(~is_written), written])] = np.arange(words)
    assert (place[[ZERO, ONE]] == [ZERO, ONE]).all()
    return place
