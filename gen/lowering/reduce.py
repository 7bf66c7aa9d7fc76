"""Lowering of ``reduce``: sums, or trees of comparisons."""

from collections.abc import Sequence

from hexcoder.gen.graph import Choice, Element, Elements, Less
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.reduce import Reduce
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """Of each group of elements the sum, the greatest or the least."""
    layer, given = context.layer, sources[0]
    assert isinstance(layer, Reduce)
    groups, _ = layer.groups(context.input_shape)
    made = []
    for index, group in enumerate(groups.tolist()):
        elements = [given[number] for number in group if number >= 0]
        if layer.operation == "sum":
            node = scope.total(f"sum_{index}", [(element, 1) for element in elements])
        else:
            node = _extreme(scope, index, elements, layer.operation)
        made.append(Element(node))
    return tuple(made)


def _extreme(scope: Scope, index: int, elements: list[Element], operation: str) -> int:
    """The greatest or least of elements, two by two."""
    nodes = [
        scope.plain(f"plain_{index}_{place}", element) for place, element in enumerate(elements)
    ]
    nodes = list(dict.fromkeys(nodes))
    level = 0
    while len(nodes) > 1:
        following = []
        for place in range(0, len(nodes) - 1, 2):
            left, right = nodes[place : place + 2]
            pair = (left, right) if operation == "max" else (right, left)
            name = f"{index}_{level}_{place}"
            less = scope.add(Less, f"less_{name}", sources=pair)
            chosen = scope.add(Choice, f"{operation}_{name}", sources=(less, right, left))
            following.append(chosen)
        nodes = following + nodes[len(nodes) - len(nodes) % 2 :]
        level += 1
    return nodes[0]
