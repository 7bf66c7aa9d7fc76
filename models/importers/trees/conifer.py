"""Trees of conifer, in its own types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.trees.common import RealTree, count, numbers, tree_of
from hexcoder.network.ap_types import ApType, parse_ap_type
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.kinds.requantise import fitted
from hexcoder.network.rounding import round_reals
from hexcoder.network.schema import NetworkGraph, RealInput


def import_conifer(value: Mapping[str, Any], path: Path) -> NetworkGraph:
    """A model of conifer, with the types of its configuration.

    Inputs are cast to ``threshold_precision``, leaves to ``score_precision``, and each addition
    of a leaf stays in that type, in the order of the trees, as conifer's own C++ does it.
    """
    source = str(path)
    configuration = value.get("config")
    if not isinstance(configuration, dict):
        raise InputError(f"{source}: key 'config' is missing: it has the types of the model")
    types = [
        parse_ap_type(configuration.get(key), f"{source}: key 'config.{key}'")
        for key in ("threshold_precision", "score_precision")
    ]
    features = count(value, "n_features", source)
    classes = count(value, "n_classes", source)
    outputs = 1 if classes == 2 else classes
    convention = value.get("splitting_convention", "<=")
    if convention not in ("<", "<="):
        raise InputError(
            f"{source}: key 'splitting_convention' = {convention!r}: it must be '<' or '<='"
        )
    keys = {"feature": "feature", "threshold": "threshold", "left": "children_left",
            "right": "children_right", "value": "value"}  # fmt: skip
    trees: list[RealTree] = []
    rows = value.get("trees")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{source}: key 'trees' must be a list of trees")
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != outputs:
            raise InputError(f"{source}: key 'trees'[{number}] must be a list of {outputs} trees")
        for output, tree in enumerate(row):
            where = f"{source}: key 'trees'[{number}][{output}]"
            _refuse_oblique(tree, where)
            trees.append(tree_of(tree, output, keys, where))
    start = numbers(value.get("init_predict"), "init_predict", source, integer=False)
    if len(start) < outputs:
        raise InputError(f"{source}: key 'init_predict' has {len(start)} entries for {outputs}")
    norm = numbers([value.get("norm", 1)], "norm", source, integer=False)[0]
    return _in_types(path, features, trees, start[:outputs], types, convention == "<=", norm)


def _refuse_oblique(tree: Any, where: str) -> None:
    """Refuse a split over several features."""
    if not isinstance(tree, dict) or "weight" not in tree:
        return
    for node, weights in enumerate(tree["weight"]):
        if isinstance(weights, list) and sum(weight != 0 for weight in weights) > 1:
            raise InputError(f"{where}: node {node} splits by several features: not supported")


def _cast(numbers: list[float], type_: ApType) -> list[int]:
    """Real numbers as integers of a type."""
    whole = round_reals(np.array(numbers) / type_.type.step, type_.rounding)
    return fitted(whole, type_.type, type_.overflow).tolist()


def _in_types(
    path: Path,
    features: int,
    trees: list[RealTree],
    start: list[float],
    types: list[ApType],
    or_equal: bool,
    norm: float,
) -> NetworkGraph:
    threshold, score = types
    builder = GraphBuilder(network_name(path))
    real = RealInput.model_validate(
        {"rounding": threshold.rounding, "overflow": threshold.overflow}
    )
    x = builder.input("x", (features,), threshold.type, real)
    cut = [
        {
            "output": tree.output,
            "feature": [max(feature, 0) for feature in tree.feature],
            "threshold": [t + or_equal for t in _cast(tree.threshold, threshold)],
            "left": tree.left,
            "right": tree.right,
            "value": _cast(tree.value, score),
        }
        for tree in trees
    ]
    biases = _cast(start, score)
    node = _sums(builder, x, cut, biases, score)
    if norm != 1:
        (factor,) = _cast([norm], score)
        bits = score.type.fraction_bits
        scaled = builder.add(
            "linear",
            "normalised",
            [node],
            weights=np.diag([factor] * len(biases)),
            fraction_bits=bits,
        )
        node = _in_score(builder, "scores", scaled, score)
    builder.output(node)
    return builder.network()


def _sums(
    builder: GraphBuilder,
    x: str,
    trees: Sequence[Mapping[str, Any]],
    biases: list[int],
    score: ApType,
) -> str:
    """Sums of leaves, each addition within the type; what cannot leave it is added at once."""
    type_ = score.type
    outputs = len(biases)
    low, high = list(biases), list(biases)
    inside = len(trees)
    if score.overflow != "wrap":
        for number, tree in enumerate(trees):
            leaves = [v for v, left in zip(tree["value"], tree["left"], strict=True) if left == -1]
            output = tree["output"]
            low[output] += min(leaves, default=0)
            high[output] += max(leaves, default=0)
            if low[output] < type_.minimum or high[output] > type_.maximum:
                # From this round of trees on every addition may saturate.
                inside = number - number % outputs
                break
    keys = {"fraction_bits": type_.fraction_bits}
    first = trees[:inside]
    if first:
        node = builder.add("trees", "sums", [x], trees=first, biases=biases, **keys)
    else:
        node = builder.add("constant", "start", [], values=biases, **keys)
    if score.overflow == "wrap":
        return _in_score(builder, "scores", node, score)
    for number in range(inside, len(trees), outputs):
        leaves = builder.add(
            "trees",
            f"round_{number // outputs}",
            [x],
            trees=trees[number : number + outputs],
            biases=[0] * outputs,
            **keys,
        )
        total = builder.add("add", f"sums_{number // outputs}", [node, leaves])
        node = _in_score(builder, f"scores_{number // outputs}", total, score)
    return node


def _in_score(builder: GraphBuilder, name: str, node: str, score: ApType) -> str:
    return builder.add(
        "requantise",
        name,
        [node],
        type=score.type,
        rounding=score.rounding,
        overflow=score.overflow,
    )
