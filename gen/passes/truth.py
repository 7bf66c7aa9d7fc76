"""Truth tables without what never comes and what does not matter: a part of ``simplify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from hexcoder.gen.graph import (
    Bounds,
    Builder,
    Constant,
    Register,
    Truth,
)
from hexcoder.gen.truth_tables import (
    all_entries,
    entries_of,
    halves,
    index_of,
    table_of,
    without,
)

MOST_PATTERNS = 1 << 16
"""Of the bits that a table depends on: with more, only its own inputs are looked at."""
_MOST_KEPT = 1 << 10
_NOT = 0b01

Patterns = dict[int, np.ndarray]
"""Values of some bits over everything that they depend on: uint8 (patterns,) each."""


class Truths:
    """Makes the truth tables of a new graph.

    Attributes
    ----------
    bounds : dict
        Least and greatest value of nodes of the new graph, where they are known.
    """

    def __init__(self, builder: Builder):
        self.builder = builder
        self.bounds: dict[int, Bounds] = {}
        self._supports: dict[int, frozenset[int]] = {}
        self._patterns: dict[frozenset[int], Patterns] = {}

    def reduced(self, node: Truth) -> int:
        """Index of a bit that equals a table on all that its inputs can be.

        Inputs that are constant, equal or inverses of each other go into the table, those that make
        no difference go. What is left is a constant, an input, its inverse, or a table with sorted
        inputs and of one polarity, so that tables which are equal up to the order and the inverses
        of inputs, or to their own inverse, are one node.
        """
        sources, table, free = self._folded(node)
        free |= self._never(sources)
        sources, table, free = _needed(sources, table, free)
        care = ~free & all_entries(len(sources))
        if not sources:
            return self.builder.constant(node.layer, table & 1)
        if len(sources) == 1 and table == 0b10:
            return sources[0]
        inverse = bool(table & care & -care)
        table = (~table if inverse else table) & care
        if len(sources) == 1:
            return self._inverse(node, sources[0])
        made = replace(node, sources=tuple(sources), table=table, free=free)
        index = self.builder.add(made)
        return self._inverse(node, index) if inverse else index

    def _inverse(self, node: Truth, source: int) -> int:
        made = replace(node, name=f"{node.name}_not", sources=(source,), table=_NOT, free=0)
        return self.builder.add(made)

    def _folded(self, node: Truth) -> tuple[list[int], int, int]:
        """Sorted sources, none a constant or an inverse, and the table and its free entries."""
        nodes = self.builder.nodes
        roots: list[tuple[int | None, int]] = []
        for source in node.sources:
            match nodes[source]:
                case Constant(number=number):
                    roots.append((None, number))
                case Truth(sources=(inner,)):
                    roots.append((inner, 1))
                case _:
                    roots.append((source, 0))
        sources = sorted({root for root, _ in roots if root is not None})
        places = np.arange(1 << len(sources))
        bits = {source: places >> place & 1 for place, source in enumerate(sources)}
        spelt = [
            np.full(len(places), inverted) if root is None else bits[root] ^ inverted
            for root, inverted in roots
        ]
        old = index_of(spelt, len(places))
        entries = (entries_of(one, len(roots))[old] for one in (node.table, node.free))
        table, free = map(table_of, entries)
        return sources, table, free

    def _never(self, sources: Sequence[int]) -> int:
        """Entries that never come: a set bit for each."""
        if not sources:
            return 0
        values = self._values(frozenset().union(*map(self._support, sources)), sources)
        if values is None:
            values = self._values(frozenset(sources), sources)
        if values is None:
            return 0
        index = index_of([values[source] for source in sources], len(values[sources[0]]))
        return table_of(np.bincount(index, minlength=1 << len(sources)) == 0)

    def _support(self, index: int) -> frozenset[int]:
        """Bits that are no tables, of which a bit is a function."""
        if index not in self._supports:
            node = self.builder.nodes[index]
            parts = map(self._support, node.operands) if isinstance(node, Truth) else [{index}]
            self._supports[index] = frozenset().union(*parts)
        return self._supports[index]

    def _values(self, support: frozenset[int], wanted: Sequence[int]) -> Patterns | None:
        """Values of bits over all patterns of ``support``; None if these are too many."""
        if support not in self._patterns:
            given = self._given(support)
            if given is None:
                return None
            if sum(map(len, self._patterns.values())) > _MOST_KEPT:
                self._patterns.clear()
            self._patterns[support] = given
        known = self._patterns[support]
        waiting = list(wanted)
        while waiting:
            index = waiting[-1]
            if index not in known:
                node = self.builder.nodes[index]
                assert isinstance(node, Truth)
                missing = [operand for operand in node.operands if operand not in known]
                if missing:
                    waiting += missing
                    continue
                operands = [known[operand] for operand in node.operands]
                entries = entries_of(node.table, len(operands))
                known[index] = entries[index_of(operands, len(operands[0]))]
            waiting.pop()
        return known

    def _given(self, support: frozenset[int]) -> Patterns | None:
        """All patterns of bits; those of one number come together as its range has them."""
        groups: dict[int, list[int]] = {}
        for index in sorted(support):
            node = self.builder.nodes[index]
            is_function = len(node.operands) == 1 and not isinstance(node, Register)
            groups.setdefault(node.operands[0] if is_function else index, []).append(index)
        rows = [self._group(root, members) for root, members in groups.items()]
        if prod(len(row) for row in rows) > MOST_PATTERNS:
            return None
        grid = np.meshgrid(*(np.arange(len(row)) for row in rows), indexing="ij")
        found: Patterns = {}
        for place, row, members in zip(grid, rows, groups.values(), strict=True):
            found |= dict(zip(members, row[place.ravel()].T.copy(), strict=True))
        return found

    def _group(self, root: int, members: Sequence[int]) -> np.ndarray:
        """Patterns of bits that are functions of one number: uint8 (patterns, members)."""
        low, high = self.bounds.get(root, (0, 1 if [root] == list(members) else MOST_PATTERNS))
        if high - low >= MOST_PATTERNS:
            places = np.arange(1 << min(len(members), 17))
            return (places[:, None] >> np.arange(len(members)) & 1).astype(np.uint8)
        values = np.arange(low, high + 1)
        columns = [
            values if index == root else self.builder.nodes[index].value([values], values)
            for index in members
        ]
        return np.unique(np.stack(columns, axis=1).astype(np.uint8), axis=0)


def _needed(sources: Sequence[int], table: int, free: int) -> tuple[list[int], int, int]:
    """Without the sources that make no difference where entries come."""
    kept, count = list(sources), len(sources)
    care = ~free & all_entries(count)
    table &= care
    for place in range(count - 1, -1, -1):
        low, high = halves(count, place, table)
        care_low, care_high = halves(count, place, care)
        if not (low ^ high) & care_low & care_high:
            table, care = (without(count, place, one) for one in (low | high, care_low | care_high))
            del kept[place]
            count -= 1
    return kept, table, ~care & all_entries(count)
