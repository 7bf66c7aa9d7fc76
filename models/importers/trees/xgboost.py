"""Boosters of XGBoost, from the JSON of its ``save_model``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.trees.common import network_of, text_number, tree_of
from hexcoder.network.schema import NetworkGraph, RealOutput


def import_xgboost(
    value: Mapping[str, Any],
    path: Path,
    input_type: FixedPoint | None = None,
    samples: np.ndarray | None = None,
    leaf_type: FixedPoint | None = None,
) -> NetworkGraph:
    """A booster of XGBoost: exact sums of its leaves, before the objective's last function.

    Features are compared exactly, on the grid of the input's type.
    """
    source = str(path)
    learner = _inside(value, source, "learner")
    model = _inside(learner, source, "learner", "gradient_booster", "model")
    parameters = _inside(learner, source, "learner", "learner_model_param")
    objective = str(_inside(learner, source, "learner", "objective").get("name", ""))
    features = int(text_number(parameters, "num_feature", source))
    classes = max(1, int(text_number(parameters, "num_class", source)))
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
        trees.append(tree_of(row, output, keys, where))
    bases = [_margin(base, objective, source)
             for base in _base_scores(parameters, classes, source)]  # fmt: skip
    # Its numbers are float32, which a sum of enough bits holds without rounding.
    single = [
        replace(
            tree,
            threshold=[float(np.float32(t)) for t in tree.threshold],
            value=[float(np.float32(v)) for v in tree.value],
        )
        for tree in trees
    ]
    bases = [float(np.float32(base)) for base in bases]
    real = RealOutput(left_out=ENDS.get(objective))
    return network_of(path, features, single, bases, input_type, samples, real, leaf_type=leaf_type)


def _inside(value: Mapping[str, Any], source: str, *keys: str) -> Mapping[str, Any]:
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


def _base_scores(parameters: Mapping[str, Any], classes: int, source: str) -> list[float]:
    """What each class starts from: one number for all, or since version 3 one for each."""
    texts = str(parameters.get("base_score", "")).strip("[] ").split(",")
    scores = [text_number({"base_score": text}, "base_score", source) for text in texts]
    if len(scores) not in (1, classes):
        raise InputError(
            f"{source}: key 'base_score' has {len(scores)} numbers for {classes} classes"
        )
    return scores * classes if len(scores) == 1 else scores
