"""Lowering of ``argmax``: a tree of comparisons that carries places along."""

from collections.abc import Sequence

from hexcoder.gen.graph import Choice, Element, Elements, Less
from hexcoder.gen.scope import Scope
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The place of the greatest in each row."""
    width = context.input_shape[-1]
    rows = [sources[0][first : first + width] for first in range(0, len(sources[0]), width)]
    return tuple(Element(_place(scope, index, row)) for index, row in enumerate(rows))


def _place(scope: Scope, index: int, row: Elements) -> int:
    """Two by two; of equal ones the left one stays."""
    pairs = [
        (scope.plain(f"plain_{index}_{place}", element), scope.constant(place))
        for place, element in enumerate(row)
    ]
    level = 0
    while len(pairs) > 1:
        following = []
        for number in range(0, len(pairs) - 1, 2):
            (left, left_place), (right, right_place) = pairs[number : number + 2]
            name = f"{index}_{level}_{number}"
            less = scope.add(Less, f"less_{name}", sources=(left, right))
            greatest = scope.add(Choice, f"max_{name}", sources=(less, right, left))
            place = scope.add(Choice, f"place_{name}", sources=(less, right_place, left_place))
            following.append((greatest, place))
        pairs = following + pairs[len(pairs) - len(pairs) % 2 :]
        level += 1
    return pairs[0][1]
