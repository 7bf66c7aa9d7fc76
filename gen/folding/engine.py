"""A module of the network, folded: its sums take turns on adder trees, digit by digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hexcoder.gen.folding.lanes import Tree
from hexcoder.gen.folding.part import Key, Part
from hexcoder.gen.graph import Bounds
from hexcoder.gen.passes.ranges import width_of


@dataclass(frozen=True, slots=True)
class Digit:
    """Key of a part's input: the digit of a node that is due."""

    node: int


@dataclass(frozen=True, slots=True)
class Carried:
    """Key of a part's input: what a tree hands on to its next step."""

    tree: int


@dataclass(frozen=True, slots=True)
class Total:
    """Key of a part's input or output: what a tree adds up to."""

    tree: int


@dataclass(frozen=True, slots=True)
class TurnBit:
    """Key of a part's input: a bit of the turn's number."""

    place: int


TURN, LAST = "turn", "last"
"""Keys of a part's inputs: the turn's number, and whether its last step is due."""


@dataclass(frozen=True, slots=True)
class Serial:
    """How the sums of a module are added up.

    Each of ``turns`` turns has ``digits`` steps. A step adds, in each tree, what the operands'
    digits of ``digit_bits`` bits give to what was carried over, the lowest digit first. The lowest
    ``digit_bits`` bits of the result are final, the rest is carried over.

    Parameters
    ----------
    digit_bits, digits, turns : int
    trees : tuple of Tree
        Their members are places in ``sums``.
    sums : tuple of int
        Nodes of the compiled graph.
    part : Part
        One step: from digits, turn and what was carried over to each tree's result.
    begins : tuple of tuple of int
        What each tree's turns begin with in place of what was carried over.
    totals : tuple of Bounds
        Range of each tree's sums.
    operands : mapping of int to Bounds
        Nodes whose digits are read, and their ranges.
    """

    digit_bits: int
    digits: int
    turns: int
    trees: tuple[Tree, ...]
    sums: tuple[int, ...]
    part: Part
    begins: tuple[tuple[int, ...], ...]
    totals: tuple[Bounds, ...]
    operands: Mapping[int, Bounds]

    @property
    def steps(self) -> int:
        """Clocks that the sums of an event take."""
        return self.digits * self.turns

    def run(self, values: Mapping[int, np.ndarray]) -> Iterator[dict[Total, np.ndarray]]:
        """The trees' totals after each turn, by the step's gates."""
        count = len(next(iter(values.values())))
        # A negative number's top bit counts down: with it inverted, all bits count up.
        raised = {
            node: values[node] + ((1 << width_of(low, high) - 1) if low < 0 else 0)
            for node, (low, high) in self.operands.items()
        }
        mask = (1 << self.digit_bits) - 1
        for turn in range(self.turns):
            carried = {
                Carried(tree): np.full(count, begins[min(turn, len(begins) - 1)])
                for tree, begins in enumerate(self.begins)
            }
            totals = {Total(tree): np.zeros(count, np.int64) for tree in range(len(self.trees))}
            for digit in range(self.digits):
                known: dict[Key, int] = {TURN: turn, LAST: int(digit == self.digits - 1)}
                for place in range(self.turns.bit_length()):
                    known[TurnBit(place)] = turn >> place & 1
                given = {key: np.full(count, number) for key, number in known.items()}
                low = digit * self.digit_bits
                given |= {Digit(node): value >> low & mask for node, value in raised.items()}
                made = self.part.run(given | carried)
                for tree, total in enumerate(totals.values()):
                    result = made[Total(tree)]
                    total += (result & mask if digit < self.digits - 1 else result) << low
                    carried[Carried(tree)] = result >> self.digit_bits
            yield totals


@dataclass(frozen=True, slots=True)
class Engine:
    """A module of the graph as parts.

    Parameters
    ----------
    name : str
    prepare : Part, optional
        From nodes that the module reads to those of its own whose digits are read.
    serial : Serial, optional
        None where nothing is folded.
    finish : Part, optional
        From the trees' totals to the nodes that depend on one sum alone, by node.
    turn_of : mapping of int to int
        Turn after which each node of ``finish`` is there.
    rest : Part, optional
        From these nodes, and others that the module reads, to the nodes that leave the module.
    leaving : tuple of int
        Nodes that leave the module.
    """

    name: str
    prepare: Part | None
    serial: Serial | None
    finish: Part | None
    turn_of: Mapping[int, int]
    rest: Part | None
    leaving: tuple[int, ...]

    @property
    def parts(self) -> dict[str, Part]:
        """Parts by what their modules are called."""
        named = {
            "prepare": self.prepare,
            "step": self.serial and self.serial.part,
            "finish": self.finish,
            "rest": self.rest,
        }
        return {f"{self.name}_{what}": part for what, part in named.items() if part}

    @property
    def reads(self) -> set[int]:
        """Nodes that come from other modules."""
        read = set(self.serial.operands) if self.serial else set[int]()
        if self.prepare:
            read = read - self.prepare.outputs.keys() | self.prepare.inputs.keys()
        return read | ((self.rest.inputs.keys() if self.rest else set()) - self.turn_of.keys())

    def run(self, values: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Nodes that leave the module, from those that it reads, int64 (events,), by its gates."""
        found = dict(values)
        if self.prepare:
            found |= self.prepare.run({node: found[node] for node in self.prepare.inputs})
        if self.serial and self.finish:
            for turn, totals in enumerate(self.serial.run(found)):
                made = self.finish.run(totals)
                found |= {node: made[node] for node, its in self.turn_of.items() if its == turn}
        if self.rest:
            found |= self.rest.run({node: found[node] for node in self.rest.inputs})
        return {node: found[node] for node in self.leaving}
