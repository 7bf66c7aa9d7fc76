"""Lowering of ``trees``: each comparison once, a term for each leaf, a sum for each output."""

from collections.abc import Sequence

from hexcoder.gen.graph import All, Element, Elements, OneOf, Steps
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.trees import Tree, Trees
from hexcoder.network.layer import LayerContext


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """The sums of leaves."""
    layer = context.layer
    assert isinstance(layer, Trees)
    parts: list[list[tuple[Element, int]]] = [[] for _ in layer.biases]
    biases = list(layer.biases)
    for number, tree in enumerate(layer.trees):
        least = min(tree.value[leaf] for leaf in tree.leaves(len(sources[0])))
        biases[tree.output] += least
        leaf = _leaf(scope, f"tree_{number}", tree, sources[0], least)
        parts[tree.output].append((Element(leaf), 1))
    return tuple(
        Element(scope.total(f"sum_{index}", part, bias))
        for index, (part, bias) in enumerate(zip(parts, biases, strict=True))
    )


def _leaf(scope: Scope, name: str, tree: Tree, features: Elements, least: int) -> int:
    """The value of the leaf that is reached, less ``least``: no bit of it is a sign."""
    terms, numbers = [], []
    waiting: list[tuple[int, tuple[int, ...], tuple[bool, ...]]] = [(0, (), ())]
    while waiting:
        node, conditions, inverted = waiting.pop()
        if tree.left[node] == -1:
            leaf = scope.add(All, f"{name}_leaf_{node}", sources=conditions, inverted=inverted)
            terms.append(leaf)
            numbers.append(tree.value[node] - least)
            continue
        feature = features[tree.feature[node]]
        reached = -((feature.offset - tree.threshold[node]) >> feature.shift)
        bit = scope.add(
            Steps,
            f"feature_{tree.feature[node]}_from_{'m' * (reached < 0)}{abs(reached)}",
            source=feature.node,
            thresholds=(reached,),
        )
        waiting.append((tree.right[node], (*conditions, bit), (*inverted, False)))
        waiting.append((tree.left[node], (*conditions, bit), (*inverted, True)))
    return scope.add(OneOf, f"{name}_value", sources=tuple(terms), numbers=tuple(numbers))
