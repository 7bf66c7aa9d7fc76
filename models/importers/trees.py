"""Decision trees of conifer and XGBoost, from their JSON files: docs/import.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.ap_types import ApType, parse_ap_type
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.kinds.requantise import fitted
from hexcoder.network.rounding import round_reals
from hexcoder.network.schema import NetworkGraph, RealInput, RealOutput

MOST_FRACTION_BITS = 56
"""Of leaves that are taken over exactly."""


@dataclass(frozen=True)
class RealTree:
    """A tree in real numbers: left where ``feature < threshold``, or ``<=`` where it says so."""

    output: int
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]


def _numbers(value: Any, key: str, where: str, integer: bool) -> list[Any]:
    """A list of finite numbers."""
    if not isinstance(value, list):
        raise InputError(f"{where}: key '{key}' must be a list of numbers")
    for place, number in enumerate(value):
        plain = isinstance(number, int | float) and not isinstance(number, bool)
        if not plain or not math.isfinite(number) or (integer and number != int(number)):
            raise InputError(f"{where}: key '{key}'[{place}] = {number!r} is no such number")
    return [int(number) if integer else float(number) for number in value]


def _tree(value: Any, output: int, keys: dict[str, str], where: str) -> RealTree:
    if not isinstance(value, dict):
        raise InputError(f"{where}: a tree must be an object")
    lists = {}
    for ours, theirs in keys.items():
        if theirs not in value:
            raise InputError(f"{where}: key '{theirs}' is missing")
        integer = ours in ("feature", "left", "right")
        lists[ours] = _numbers(value[theirs], theirs, where, integer)
    sizes = {len(one) for one in lists.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise InputError(
            f"{where}: its lists have {sorted(sizes)} entries; they must be equally long"
        )
    return RealTree(output, **lists)


def import_conifer(value: dict[str, Any], path: Path) -> NetworkGraph:
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
    features = _count(value, "n_features", source)
    classes = _count(value, "n_classes", source)
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
            trees.append(_tree(tree, output, keys, where))
    start = _numbers(value.get("init_predict"), "init_predict", source, integer=False)
    if len(start) < outputs:
        raise InputError(f"{source}: key 'init_predict' has {len(start)} entries for {outputs}")
    norm = _numbers([value.get("norm", 1)], "norm", source, integer=False)[0]
    return _in_types(path, features, trees, start[:outputs], types, convention == "<=", norm)


def _refuse_oblique(tree: Any, where: str) -> None:
    """Refuse a split over several features."""
    if not isinstance(tree, dict) or "weight" not in tree:
        return
    for node, weights in enumerate(tree["weight"]):
        if isinstance(weights, list) and sum(weight != 0 for weight in weights) > 1:
            raise InputError(f"{where}: node {node} splits by several features: not supported")


def _count(value: dict[str, Any], key: str, source: str) -> int:
    number = value.get(key)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 1 << 16:
        raise InputError(f"{source}: key '{key}' = {number!r}: it must be a number from 1")
    return number


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
    builder: GraphBuilder, x: str, trees: list[dict[str, Any]], biases: list[int], score: ApType
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


def import_xgboost(
    value: dict[str, Any], path: Path, input_type: FixedPoint | None, samples: np.ndarray | None
) -> NetworkGraph:
    """A booster of XGBoost: exact sums of its leaves, before the objective's last function.

    Features are compared exactly, on the grid of the input's type.
    """
    from hexcoder.models.importers.onnx.graph import grid_of

    source = str(path)
    learner = _inside(value, source, "learner")
    model = _inside(learner, source, "learner", "gradient_booster", "model")
    parameters = _inside(learner, source, "learner", "learner_model_param")
    objective = str(_inside(learner, source, "learner", "objective").get("name", ""))
    features = int(_text_number(parameters, "num_feature", source))
    classes = max(1, int(_text_number(parameters, "num_class", source)))
    rows, classes_of = model.get("trees"), model.get("tree_info")
    if not isinstance(rows, list) or not rows or not isinstance(classes_of, list):
        raise InputError(f"{source}: it has no trees: a booster of kind gbtree is supported")
    if len(classes_of) != len(rows):
        raise InputError(
            f"{source}: 'tree_info' has {len(classes_of)} entries for {len(rows)} trees"
        )
    keys = {"feature": "split_indices", "threshold": "split_conditions", "left": "left_children",
            "right": "right_children", "value": "split_conditions"}  # fmt: skip
    trees = []
    for number, (row, output) in enumerate(zip(rows, classes_of, strict=True)):
        where = f"{source}: tree {number}"
        if isinstance(row, dict) and any(row.get("split_type") or ()):
            raise InputError(f"{where}: it splits by categories: not supported")
        if not isinstance(output, int) or not 0 <= output < classes:
            raise InputError(f"{where}: its class is {output!r}; there are {classes}")
        trees.append(_tree(row, output, keys, where))
    bases = [_margin(base, objective, source)
             for base in _base_scores(parameters, classes, source)]  # fmt: skip
    if input_type is None:
        if samples is None:
            raise InputError(
                f"{source}: the features' type is needed: give --input-type, such as 'SQ(8,4)', or "
                "samples with --inputs"
            )
        input_type = grid_of(source, "x", samples)
    # The model's numbers are float32: exact in a sum of enough bits.
    leaves = [
        float(np.float32(v))
        for tree in trees
        for v, left in zip(tree.value, tree.left, strict=True)
        if left == -1
    ]
    fraction_bits = _exact_fraction_bits(source, leaves)
    builder = GraphBuilder(network_name(path))
    x = builder.input("x", (features,), input_type)
    step = 2.0**-fraction_bits
    made = [
        {
            "output": tree.output,
            "feature": tree.feature,
            "threshold": [math.ceil(np.float32(t) / input_type.step) for t in tree.threshold],
            "left": tree.left,
            "right": tree.right,
            "value": [
                int(float(np.float32(v)) / step) if left == -1 else 0
                for v, left in zip(tree.value, tree.left, strict=True)
            ],
        }
        for tree in trees
    ]
    biases = [round(float(np.float32(base)) / step) for base in bases]
    node = builder.add(
        "trees", "margins", [x], trees=made, biases=biases, fraction_bits=fraction_bits
    )
    builder.output(node, RealOutput(left_out=ENDS.get(objective)))
    return builder.network()


def _exact_fraction_bits(source: str, numbers: list[float]) -> int:
    """Fraction bits that hold float32 numbers exactly."""
    bits = 0
    for number in numbers:
        if number:
            mantissa, exponent = math.frexp(number)
            whole = int(math.ldexp(mantissa, 24))
            zeros = (whole & -whole).bit_length() - 1
            bits = max(bits, 24 - exponent - zeros)
    if bits > MOST_FRACTION_BITS:
        raise InputError(
            f"{source}: its leaves need {bits} fraction bits; at most {MOST_FRACTION_BITS} are "
            "supported"
        )
    return bits


def _inside(value: dict[str, Any], source: str, *keys: str) -> dict[str, Any]:
    """An object inside; the first key names the value itself where it has no such key."""
    found: Any = value
    for key in keys:
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif key != keys[0]:
            found = None
    if not isinstance(found, dict):
        raise InputError(f"{source}: key '{'.'.join(keys)}' is missing: no model of XGBoost")
    return found


ENDS = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), "Sigmoid"),
    **dict.fromkeys(("multi:softprob", "multi:softmax"), "Softmax"),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "Exp"),
    "binary:hinge": "a comparison with 0",
}
"""What objectives do with the margin, by name."""
PLAIN = (
    "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
    "reg:quantileerror", "reg:linear", "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map",
)  # fmt: skip
"""Objectives whose margin is the answer."""


def _margin(base: float, objective: str, source: str) -> float:
    """What the margin starts from: the file has it behind the objective's last function."""
    end = ENDS.get(objective)
    if end is None and objective not in PLAIN:
        raise InputError(
            f"{source}: objective '{objective}'; known are {', '.join([*ENDS, *PLAIN])}"
        )
    if end == "Sigmoid":
        if not 0 < base < 1:
            raise InputError(f"{source}: 'base_score' = {base}: it must be between 0 and 1")
        return math.log(base / (1 - base))
    if end == "Exp":
        if base <= 0:
            raise InputError(f"{source}: 'base_score' = {base}: it must be above 0")
        return math.log(base)
    return base


def _base_scores(parameters: dict[str, Any], classes: int, source: str) -> list[float]:
    """What each class starts from: one number for all, or since version 3 one for each."""
    texts = str(parameters.get("base_score", "")).strip("[] ").split(",")
    scores = [_text_number({"base_score": text}, "base_score", source) for text in texts]
    if len(scores) not in (1, classes):
        raise InputError(
            f"{source}: key 'base_score' has {len(scores)} numbers for {classes} classes"
        )
    return scores * classes if len(scores) == 1 else scores


def _text_number(parameters: dict[str, Any], key: str, source: str) -> float:
    """A number that the file holds as a text, in brackets since version 3."""
    try:
        number = float(str(parameters[key]).strip("[] "))
    except (KeyError, ValueError):
        raise InputError(f"{source}: key '{key}' is missing or no number") from None
    if not math.isfinite(number):
        raise InputError(f"{source}: key '{key}' = {number}: it must be finite")
    return number
