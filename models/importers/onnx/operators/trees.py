"""Tree ensembles (ai.onnx.ml), as converters write them for scikit-learn, LightGBM and XGBoost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.models.importers.onnx.model import Operator
from hexcoder.models.importers.onnx.state import Import
from hexcoder.models.importers.onnx.values import Value
from hexcoder.models.importers.real import FloatStep, Real
from hexcoder.models.importers.trees.common import RealTree, integer_trees

_COMPARISONS = {"BRANCH_LEQ": (True, False), "BRANCH_LT": (False, False),
                "BRANCH_GT": (True, True), "BRANCH_GTE": (False, True)}  # fmt: skip
"""Whether equal goes with less, and whether true means greater."""
_ENDS = {"SOFTMAX": "Softmax", "LOGISTIC": "Sigmoid"}


def _regressor(state: Import, operator: Operator) -> Value:
    """TreeEnsembleRegressor: sums, or their mean over the trees."""
    kind = operator.get("aggregate_function", "SUM")
    if kind not in ("SUM", "AVERAGE"):
        raise InputError(f"{operator.where}: aggregate_function '{kind}'; SUM and AVERAGE are read")
    outputs = int(operator.get("n_targets", 1))
    trees, count = _trees(operator, "target", outputs)
    unit = 1 / count if kind == "AVERAGE" else 1.0
    return _ended(operator, _summed(state, operator, trees, outputs, unit))


def _classifier(state: Import, operator: Operator) -> list[Value]:
    """TreeEnsembleClassifier: the class, and the sums of each."""
    labels = operator.get("classlabels_int64s") or operator.get("classlabels_strings") or []
    used = sorted({int(one) for one in operator.get("class_ids", [])})
    if len(labels) < 2 or not used:
        raise InputError(f"{operator.where}: it has no classes")
    if len(labels) == 2 and used in ([0], [1]):
        return _of_two(state, operator)
    trees, _ = _trees(operator, "class", len(labels))
    real = _summed(state, operator, trees, len(labels), 1.0)
    label = state.builder.add("argmax", f"{operator.name}_label", [real.node])
    return [state.with_node(label, 1.0), _ended(operator, real)]


def _of_two(state: Import, operator: Operator) -> list[Value]:
    """Two classes of which one has a sum: p of the second, or a margin with one of 0."""
    trees, _ = _trees(operator, "class", 1, onto=0)
    # As ONNX Runtime has it: weights none of which is negative add up to a probability.
    weights = [float(one) for one in operator.get("class_weights", [])]
    is_probability = operator.get("post_transform", "NONE") == "NONE" and min(weights) >= 0
    real = _summed(state, operator, trees, 1, 1.0)
    fraction_bits = real.tensor.type.fraction_bits
    one, half = (1 << fraction_bits, 1 << max(fraction_bits - 1, 0)) if is_probability else (0, 0)
    both = state.builder.add("linear", f"{operator.name}_both", [real.node],
                             weights=[[-1, 1]], biases=[one, 0],
                             bias_fraction_bits=fraction_bits)  # fmt: skip
    label = state.builder.add("threshold", f"{operator.name}_label", [real.node],
                              thresholds=[[half + 1]])  # fmt: skip
    return [state.with_node(label, 1.0), _ended(operator, state.with_node(both, 1.0))]


def _ended(operator: Operator, real: Real) -> Real:
    end = operator.get("post_transform", "NONE")
    if end == "NONE":
        return real
    if end not in _ENDS:
        raise InputError(
            f"{operator.where}: post_transform '{end}'; NONE, {', '.join(_ENDS)} are read"
        )
    return real.then(FloatStep(_ENDS[end], lambda x: x))


def _summed(
    state: Import, operator: Operator, trees: list[RealTree], outputs: int, unit: float
) -> Real:
    real = state.exact(operator)
    if state.one_unit(operator, real) != 1:
        raise InputError(f"{operator.where}: its input has a scale that is no power of two")
    # Bases are added behind the mean.
    bases = [float(one) / unit for one in operator.get("base_values", [])] or [0.0] * outputs
    if outputs == 1:
        bases = bases[-1:]
    if len(bases) != outputs:
        raise InputError(f"{operator.where}: {len(bases)} base_values for {outputs} outputs")
    keys = integer_trees(operator.where, trees, bases, real.tensor.type, or_equal=True)
    node = state.builder.add("trees", operator.name, [real.node], **keys)
    return state.with_node(node, unit)


def _trees(
    operator: Operator, kind: str, outputs: int, onto: int | None = None
) -> tuple[list[RealTree], int]:
    """Trees that all go left where a feature is at most its threshold, one for each output.

    Their number in the model is returned too. ``onto`` is the output that gets all of them.
    """
    nodes = _columns(operator, "nodes_", ("treeids", "nodeids", "featureids", "values", "modes",
                                          "truenodeids", "falsenodeids"))  # fmt: skip
    leaves = _columns(operator, f"{kind}_", ("treeids", "nodeids", "ids", "weights"))
    added: dict[Any, list[tuple[int, float]]] = defaultdict(list)
    for tree, node, output, weight in leaves:
        place = int(output) if onto is None else onto
        if not 0 <= place < outputs:
            raise InputError(f"{operator.where}: a leaf of output {output}; there are {outputs}")
        added[tree, node].append((place, float(np.float32(weight))))
    by_tree: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for row in nodes:
        by_tree[row[0]].append(row)
    trees = []
    for tree, rows in by_tree.items():
        places = {row[1]: number for number, row in enumerate(rows)}
        values = {place: number for row in rows for place, number in added[tree, row[1]]}
        for output in sorted(values):
            trees.append(_tree(operator, rows, places, added, tree, output))
    return trees, len(by_tree)


def _tree(
    operator: Operator, rows: Sequence[Any], places: Any, added: Any, tree: Any, output: int
) -> RealTree:
    made = RealTree(output, [], [], [], [], [])
    for _, node, feature, value, mode, yes, no in rows:
        made.value.append(sum(w for place, w in added[tree, node] if place == output))
        threshold = float(np.float32(value))
        if mode == "LEAF":
            yes = no = None
        elif mode in _COMPARISONS:
            with_less, turned = _COMPARISONS[mode]
            if not with_less:
                # Below it: at most the next float32 under it.
                threshold = float(np.nextafter(np.float32(value), np.float32(-np.inf)))
            if turned:
                yes, no = no, yes
        else:
            raise InputError(f"{operator.where}: node of mode '{mode}': not supported")
        for side, child in ((made.left, yes), (made.right, no)):
            if child is not None and child not in places:
                raise InputError(f"{operator.where}: tree {tree} has no node {child}")
            side.append(-1 if child is None else places[child])
        made.feature.append(int(feature))
        made.threshold.append(threshold)
    return made


def _columns(operator: Operator, prefix: str, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """Lists of attributes, entry by entry."""
    lists = [operator.get(prefix + key) for key in keys]
    for key, values in zip(keys, lists, strict=True):
        if values is None or len(values) != len(lists[0]) or not len(values):
            raise InputError(
                f"{operator.where}: its lists '{prefix}...' must be equally long and not empty: "
                f"'{prefix}{key}'"
            )
    plain = [[v.decode() if isinstance(v, bytes) else v for v in values] for values in lists]
    return list(zip(*plain, strict=True))


OPERATORS = {
    "TreeEnsembleRegressor": _regressor,
    "TreeEnsembleClassifier": _classifier,
}
