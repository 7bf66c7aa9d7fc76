"""Boosters of LightGBM, from the text of its ``save_model``.

The format is LightGBM's own (src/io/tree.cpp, gbdt_model_text.cpp): blocks of ``key=value`` lines,
one for each tree; a child below 0 is leaf ``-child - 1``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.trees.common import RealTree, network_of, numbers, text_number
from hexcoder.network.schema import NetworkGraph, RealOutput

Block = dict[str, str]

ENDS = {
    **dict.fromkeys(("binary", "cross_entropy", "multiclassova"), "Sigmoid"),
    "multiclass": "Softmax",
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "Exp"),
}
"""What objectives do with the sum, by name."""
PLAIN = ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank",
         "rank_xendcg", "none")  # fmt: skip
"""Objectives whose sum is the answer."""
_CATEGORICAL, _MISSING, _ZERO = 1, 0b1100, 0b0100


def is_lightgbm(path: Path) -> bool:
    """Whether a file begins as LightGBM's models do."""
    with path.open("rb") as file:
        return file.read(5) in (b"tree\n", b"tree\r")


def import_lightgbm(
    path: Path,
    input_type: FixedPoint | None = None,
    samples: np.ndarray | None = None,
    leaf_type: FixedPoint | None = None,
) -> NetworkGraph:
    """A booster of LightGBM: sums of its leaves, before the objective's last function.

    Parameters
    ----------
    leaf_type : FixedPoint, optional
        As of :func:`network_of`; leaves are float64.

    Raises
    ------
    InputError
        If it is cut off, splits by categories or takes 0 for a missing value.
    """
    source = str(path)
    head, blocks = _blocks(path)
    outputs = int(text_number(head, "num_tree_per_iteration", source))
    features = int(text_number(head, "max_feature_idx", source)) + 1
    words = head.get("objective", "none").split()
    objective = words[0] if words else "none"
    if objective not in {*ENDS, *PLAIN} or "sqrt" in words:
        known = ", ".join([*ENDS, *PLAIN])
        raise InputError(f"{source}: objective '{' '.join(words)}'; known are {known}")
    if not blocks or outputs < 1 or len(blocks) % outputs:
        raise InputError(f"{source}: it has {len(blocks)} trees for {outputs} outputs")
    trees = [
        _tree(block, number % outputs, f"{source}: tree {number}")
        for number, block in enumerate(blocks)
    ]
    # A forest's answer is the mean over its trees.
    unit = outputs / len(blocks) if "average_output" in head else 1.0
    real = RealOutput(left_out=ENDS.get(objective))
    bases = [0.0] * outputs
    return network_of(
        path,
        features,
        trees,
        bases,
        input_type,
        samples,
        real,
        or_equal=True,
        unit=unit,
        leaf_type=leaf_type,
    )


def _blocks(path: Path) -> tuple[Block, list[Block]]:
    """The head's keys, and those of each tree."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a model of LightGBM: it is no text") from None
    body, end, _ = text.partition("\nend of trees")
    if not end:
        raise InputError(f"{path}: cut off: there is no line 'end of trees'")
    parts = body.split("\nTree=")
    found = []
    for part in parts:
        pairs = (line.partition("=") for line in part.splitlines())
        found.append({key.strip(): value.strip() for key, _, value in pairs})
    return found[0], found[1:]


def _tree(block: Block, output: int, where: str) -> RealTree:
    """One tree: its splits, then its leaves."""
    leaves = _list(block, "leaf_value", where)
    if block.get("is_linear", "0") != "0":
        raise InputError(f"{where}: its leaves are linear functions: not supported")
    if len(leaves) == 1:
        return RealTree(output, [0], [0.0], [-1], [-1], leaves)
    kinds = _list(block, "decision_type", where)
    if any(int(kind) & _CATEGORICAL for kind in kinds):
        raise InputError(f"{where}: it splits by categories: not supported")
    if any(int(kind) & _MISSING == _ZERO for kind in kinds):
        raise InputError(f"{where}: it takes 0 for a missing value: not supported")
    splits = len(leaves) - 1
    lists = [_list(block, key, where)
             for key in ("split_feature", "threshold", "left_child", "right_child")]  # fmt: skip
    if any(len(one) != splits for one in (kinds, *lists)):
        raise InputError(f"{where}: its lists do not fit {len(leaves)} leaves")
    feature, threshold, *children = lists
    left, right = (
        [int(child) if child >= 0 else splits - 1 - int(child) for child in side]
        for side in children
    )
    none = [-1] * len(leaves)
    return RealTree(
        output,
        [*map(int, feature), *[0] * len(leaves)],
        [*threshold, *[0.0] * len(leaves)],
        left + none,
        right + none,
        [*[0.0] * splits, *leaves],
    )


def _list(block: Block, key: str, where: str) -> list[float]:
    """Numbers of a line."""
    if key not in block:
        raise InputError(f"{where}: key '{key}' is missing")
    try:
        found = [float(word) for word in block[key].split()]
    except ValueError:
        raise InputError(f"{where}: key '{key}' has a word that is no number") from None
    if not found:
        raise InputError(f"{where}: key '{key}' is empty")
    return numbers(found, key, where, integer=key not in ("threshold", "leaf_value"))
