"""Which sums share an adder tree, and what each operand of the tree is for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Terms = tuple[tuple[int, int], ...]
"""Of a sum: operand and coefficient."""

_LOOSE = 1.5
"""So many times the fewest trees may be there where their coefficients stay constants."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One operand of a tree: for each turn what it is multiplied with, and what that is.

    ``sources[g]`` is None where the lane is idle; its coefficient is then 0, or any where the
    source of an idle lane is to be zero.
    """

    sources: tuple[int | None, ...]
    coefficients: tuple[int, ...]

    @property
    def coefficient(self) -> int | None:
        """The coefficient, if all turns have one."""
        return self.coefficients[0] if len(set(self.coefficients)) == 1 else None


@dataclass(frozen=True, slots=True)
class Tree:
    """Sums that one adder tree makes, turn by turn.

    ``members[g]`` is the place of turn g's sum; trees with fewer members than turns idle last.
    """

    members: tuple[int, ...]
    lanes: tuple[Lane, ...]


def trees(sums: Sequence[Terms], turns: int) -> list[Tree]:
    """Divide sums among as few trees as ``turns`` turns allow.

    Sums with equal coefficients, as those of a convolution's windows, come together: the tree's
    coefficients are then constants and what it reads is chosen. Others read what they have in
    common without a choice, by coefficients that change.
    """
    if turns == 1:
        return [_plain(place, terms) for place, terms in enumerate(sums)]
    alike = _alike(sums)
    needed = -(-len(sums) // turns)
    if sum(-(-len(one) // turns) for one in alike) <= _LOOSE * needed:
        return [
            Tree(tuple(members), tuple(_aligned([sums[place] for place in members])))
            for one in alike
            for members in _chunks(one, turns)
        ]
    ordered = _by_operands(sums)
    return [
        Tree(tuple(members), tuple(_packed([sums[place] for place in members])))
        for members in _chunks(ordered, turns)
    ]


def _plain(place: int, terms: Terms) -> Tree:
    return Tree((place,), tuple(Lane((source,), (c,)) for source, c in terms))


def _chunks(places: list[int], turns: int) -> Iterator[list[int]]:
    """Runs of about equal length."""
    count = -(-len(places) // turns)
    size = -(-len(places) // count)
    for start in range(0, len(places), size):
        yield places[start : start + size]


def _fits(part: Sequence[int], whole: Sequence[int]) -> bool:
    """Whether coefficients come in this order among others."""
    rest = iter(whole)
    return all(coefficient in rest for coefficient in part)


def _alike(sums: Sequence[Terms]) -> list[list[int]]:
    """Places of sums by their coefficients; windows at an edge with those that they are part of."""
    coefficients = [tuple(c for _, c in terms) for terms in sums]
    found: dict[tuple[int, ...], list[int]] = {}
    for place in sorted(range(len(sums)), key=lambda place: -len(sums[place])):
        mine = coefficients[place]
        # A window at an edge has at least a quarter of a whole one.
        whole = mine if mine in found else None
        if whole is None:
            near = (other for other in found if len(other) <= 4 * len(mine) and len(found) < 256)
            whole = next((other for other in near if _fits(mine, other)), None)
        found.setdefault(mine if whole is None else whole, []).append(place)
    return [sorted(places) for places in found.values()]


def _aligned(sums: list[Terms]) -> Iterator[Lane]:
    """Lanes of constant coefficients, for sums whose coefficients are part of the longest's."""
    longest = max(sums, key=len)
    rows: list[list[int | None]] = []
    for terms in sums:
        rest, row = list(terms), []
        for _, coefficient in longest:
            taken = bool(rest) and rest[0][1] == coefficient
            row.append(rest.pop(0)[0] if taken else None)
        rows.append(row)
    for place, (_, coefficient) in enumerate(longest):
        yield Lane(tuple(row[place] for row in rows), (coefficient,) * len(sums))


def _by_operands(sums: Sequence[Terms]) -> list[int]:
    """Places of sums, each behind the one with which it has the most operands in common."""
    operands = [frozenset(source for source, _ in terms) for terms in sums]
    rest = set(range(len(sums)))
    at = max(rest, key=lambda place: (len(operands[place]), -place))
    order = []
    while True:
        order.append(at)
        rest.discard(at)
        if not rest:
            return order
        mine = operands[at]
        at = max(rest, key=lambda place: (len(operands[place] & mine), -place))


def _packed(sums: list[Terms]) -> Iterator[Lane]:
    """Lanes for sums of few terms each: operands that are never needed together share one."""
    terms = [dict(one) for one in sums]
    uses = Counter(source for one in terms for source in one)
    turns_of = {
        source: frozenset(turn for turn, one in enumerate(terms) if source in one)
        for source in uses
    }
    lanes: list[tuple[set[int], list[int]]] = []
    for source, _ in sorted(uses.items(), key=lambda item: (-item[1], item[0])):
        turns = turns_of[source]
        free = (lane for lane in lanes if not lane[0] & turns)
        busy, members = next(free, (set(), []))
        if not members:
            lanes.append((busy, members))
        busy |= turns
        members.append(source)
    for _, members in lanes:
        sources: list[int | None] = [None] * len(sums)
        coefficients = [0] * len(sums)
        for source in members:
            for turn in turns_of[source]:
                sources[turn], coefficients[turn] = source, terms[turn][source]
        yield Lane(tuple(sources), tuple(coefficients))
