"""Gates of a truth table: the cheapest tree of ands, exclusive-ors and multiplexers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from hexcoder.gen.gates.bits import FALSE, Gates
from hexcoder.gen.gates.logic import multiplexed
from hexcoder.gen.truth_tables import all_entries, halves

_EXACT_INPUTS = 6
"""Of so many inputs every order is tried; of more a good one."""


class Costs(NamedTuple):
    """Areas of an and and of an exclusive-or; a multiplexer is two ands."""

    and_um2: float
    xor_um2: float


class _Tree(NamedTuple):
    """``high`` where input ``place`` is 1, else ``low``; without them the constant 0.

    With ``inverse`` the inverse of that.
    """

    cost: float
    inverse: bool
    place: int = 0
    low: _Tree | None = None
    high: _Tree | None = None


def minimised(gates: Gates, bits: Sequence[int], table: int, free: int, name: str) -> int:
    """Literal of bit i of ``table``, where ``bits``, the lowest first, spell i.

    Splits off one input after the other (Shannon 1938), each function once, as a multiplexer, or as
    an and, or or exclusive-or where one half is constant or the halves are inverses. Entries of
    ``free`` take whatever makes that cheaper.
    """
    costs = Costs(gates.technology.and_um2, gates.technology.xor_um2)
    care = ~free & all_entries(len(bits))
    return _built(gates, bits, _tree(len(bits), table & care, care, costs), name)


@lru_cache(1 << 18)
def _tree(inputs: int, table: int, care: int, costs: Costs) -> _Tree:
    """The cheapest tree of a table that is 0 where it does not matter."""
    if table & care & -care:
        found = _tree(inputs, ~table & care, care, costs)
        return found._replace(inverse=not found.inverse)
    if not table:
        return _Tree(0.0, False)
    splits = []
    for place in range(inputs):
        low, high = halves(inputs, place, table)
        care_low, care_high = halves(inputs, place, care)
        if low == high and care_low == care_high:
            continue
        both, either = care_low & care_high, care_low | care_high
        if not (low ^ high) & both:
            return _tree(inputs, low | high, either, costs)
        if (low ^ high) & both == both:
            joined = low | ~high & care_high
            splits.append((0, place, (joined, either), (~joined & either, either)))
        else:
            is_gate = low in (0, care_low) or high in (0, care_high)
            splits.append((1 if is_gate else 2, place, (low, care_low), (high, care_high)))
    return _cheapest(inputs, splits, costs)


_Part = tuple[int, int]
"""A table and where it matters."""


def _cheapest(inputs: int, splits: Sequence[tuple[int, int, _Part, _Part]], costs: Costs) -> _Tree:
    """Of ways to split a table; a gate with one input is never worse than a multiplexer."""
    least = min(kind for kind, *_ in splits)
    tried = [split for split in splits if split[0] == least] if least < 2 else splits
    if len(splits) > _EXACT_INPUTS:
        tried = [min(tried, key=lambda split: _size(inputs, split[2]) + _size(inputs, split[3]))]
    best = None
    for kind, place, low, high in tried:
        zero = _tree(inputs, *low, costs)
        if kind == 0:
            one = zero._replace(inverse=not zero.inverse)
            cost = zero.cost + costs.xor_um2 * (zero.low is not None)
        else:
            one = _tree(inputs, *high, costs)
            cost = zero.cost + one.cost + kind * costs.and_um2
        if best is None or cost < best.cost:
            best = _Tree(cost, False, place, zero, one)
    assert best is not None
    return best


def _size(inputs: int, part: _Part) -> int:
    """A measure of how far a table is from a gate: places where one more input changes it."""
    table, care = part
    changes = 0
    for place in range(inputs):
        low, high = halves(inputs, place, table)
        care_low, care_high = halves(inputs, place, care)
        changes += ((low ^ high) & care_low & care_high).bit_count()
    return changes


def _built(gates: Gates, bits: Sequence[int], tree: _Tree, name: str) -> int:
    if tree.low is None or tree.high is None:
        return FALSE ^ int(tree.inverse)
    low = _built(gates, bits, tree.low, name)
    high = _built(gates, bits, tree.high, name)
    label = f"{name}_by_{tree.place}"
    return multiplexed(gates, bits[tree.place], high, low, label) ^ int(tree.inverse)
