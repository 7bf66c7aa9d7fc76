"""Node kind ``trees``."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal

import numpy as np
from pydantic import Field

from hexcoder.config import Name, Section
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.integers import LARGEST
from hexcoder.network.layer import Keys, Layer, TensorType

MOST_NODES = 1 << 16


class Tree(Section):
    """A decision tree as lists with an entry for each of its nodes; node 0 is the root.

    A node with ``left`` -1 is a leaf. Another one goes on to ``left`` where its feature is below
    its threshold, else to ``right``.
    """

    output: int = Field(ge=0, description="to which output the leaf is added")
    feature: list[int]
    threshold: list[int]
    left: list[int]
    right: list[int]
    value: list[int] = Field(description="of a leaf")

    def order(self, features: int) -> list[int]:
        """Nodes from the root down.

        Raises
        ------
        ValueError
            If nodes are missing, stand in two places or in a circle, or read no feature.
        """
        count = len(self.feature)
        for key in ("threshold", "left", "right", "value"):
            if len(getattr(self, key)) != count:
                raise ValueError(f"'{key}' has {len(getattr(self, key))} entries for {count} nodes")
        if count == 0:
            raise ValueError("it has no nodes")
        found, waiting, seen = [], [0], set[int]()
        while waiting:
            node = waiting.pop()
            if not 0 <= node < count:
                raise ValueError(f"a node's child is {node}; it has nodes 0 to {count - 1}")
            if node in seen:
                raise ValueError(f"node {node} is reached twice: trees have no circles")
            seen.add(node)
            found.append(node)
            if (self.left[node] == -1) != (self.right[node] == -1):
                raise ValueError(f"node {node} has one child; it must have two or none")
            if self.left[node] != -1:
                if not 0 <= self.feature[node] < features:
                    raise ValueError(
                        f"node {node} reads feature {self.feature[node]}; there are {features}"
                    )
                waiting += [self.right[node], self.left[node]]
        return found

    def leaves(self, features: int) -> list[int]:
        """Leaves from left to right."""
        return [node for node in self.order(features) if self.left[node] == -1]


class Trees(Layer):
    """Sum of the leaves of decision trees, for each output; features are the input's elements."""

    kind: Literal["trees"]
    name: Name
    trees: list[Tree] = Field(min_length=1, max_length=1 << 14)
    biases: list[int] = Field(min_length=1, description="of each output")
    fraction_bits: int = Field(0, ge=-64, le=64, description="of leaves and biases")

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """(outputs,), of the narrowest type that holds every sum."""
        (source,) = sources
        low = np.array(self.biases, dtype=object)
        high = low.copy()
        nodes = sum(len(tree.feature) for tree in self.trees)
        if nodes > MOST_NODES:
            raise ValueError(f"the trees have {nodes} nodes; at most {MOST_NODES} are supported")
        for number, tree in enumerate(self.trees):
            if tree.output >= len(low):
                raise ValueError(
                    f"'trees'[{number}] adds to output {tree.output}; there are {len(low)}"
                )
            try:
                values = [tree.value[leaf] for leaf in tree.leaves(source.elements)]
            except ValueError as error:
                raise ValueError(f"'trees'[{number}]: {error}") from None
            low[tree.output] += min(values)
            high[tree.output] += max(values)
        largest = max(max(abs(low)), max(abs(high)))
        if largest >= LARGEST or any(
            abs(one) >= LARGEST for tree in self.trees for one in tree.threshold
        ):
            raise ValueError("a sum or a threshold is beyond 62 bits")
        type_ = FixedPoint.holding(int(min(low)), int(max(high)), self.fraction_bits)
        return TensorType.of((len(low),), type_)

    def parameters(self) -> int:
        """Thresholds and leaves, and the outputs' biases."""
        return sum(len(tree.feature) for tree in self.trees) + len(self.biases)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        flat = values[0].reshape(len(values[0]), -1)
        total = np.tile(np.array(self.biases, np.int64), (len(flat), 1))
        events = np.arange(len(flat))
        for tree in self.trees:
            feature, threshold = np.array(tree.feature), np.array(tree.threshold, np.int64)
            left, right = np.array(tree.left), np.array(tree.right)
            places = np.zeros(len(flat), np.int64)
            while (inner := left[places] != -1).any():
                at = places[inner]
                goes_left = flat[events[inner], feature[at]] < threshold[at]
                places[inner] = np.where(goes_left, left[at], right[at])
            total[:, tree.output] += np.array(tree.value, np.int64)[places]
        return total

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Up to four trees of up to seven leaves."""
        (source,) = sources
        outputs = random.randint(1, 2)
        trees = [_drawn_tree(random, source, outputs) for _ in range(random.randint(1, 4))]
        return {
            "kind": "trees",
            "trees": trees,
            "biases": [random.randint(-9, 9) for _ in range(outputs)],
            "fraction_bits": random.randint(-1, 4),
        }


def _drawn_tree(random: Random, source: TensorType, outputs: int) -> Keys:
    low, high = source.type.minimum, source.type.maximum
    tree: Keys = {key: [] for key in ("feature", "threshold", "left", "right", "value")}

    def grow(depth: int) -> int:
        node = len(tree["feature"])
        for key in ("feature", "threshold", "left", "right", "value"):
            tree[key].append(-1 if key in ("left", "right") else 0)
        if depth and random.random() < 0.7:
            tree["feature"][node] = random.randrange(source.elements)
            tree["threshold"][node] = random.randint(low - 1, high + 2)
            tree["left"][node] = grow(depth - 1)
            tree["right"][node] = grow(depth - 1)
        else:
            tree["value"][node] = random.randint(-20, 20)
        return node

    grow(3)
    return {"output": random.randrange(outputs), **tree}
