"""What the readers of trees have in common: trees in real numbers, and their exact integers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.grid import grid_of
from hexcoder.network.rounding import round_reals
from hexcoder.network.schema import NetworkGraph, RealOutput

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


def numbers(value: Any, key: str, where: str, integer: bool) -> list[Any]:
    """A list of finite numbers."""
    if not isinstance(value, list):
        raise InputError(f"{where}: key '{key}' must be a list of numbers")
    for place, number in enumerate(value):
        plain = isinstance(number, int | float) and not isinstance(number, bool)
        if not plain or not math.isfinite(number) or (integer and number != int(number)):
            raise InputError(f"{where}: key '{key}'[{place}] = {number!r} is no such number")
    return [int(number) if integer else float(number) for number in value]


def tree_of(value: Any, output: int, keys: dict[str, str], where: str) -> RealTree:
    """A tree whose lists lie under the keys that ``keys`` gives for ours."""
    if not isinstance(value, dict):
        raise InputError(f"{where}: a tree must be an object")
    lists = {}
    for ours, theirs in keys.items():
        if theirs not in value:
            raise InputError(f"{where}: key '{theirs}' is missing")
        integer = ours in ("feature", "left", "right")
        lists[ours] = numbers(value[theirs], theirs, where, integer)
    sizes = {len(one) for one in lists.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise InputError(
            f"{where}: its lists have {sorted(sizes)} entries; they must be equally long"
        )
    return RealTree(output, **lists)


def count(value: Mapping[str, Any], key: str, source: str) -> int:
    """A number of features or classes."""
    number = value.get(key)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 1 << 16:
        raise InputError(f"{source}: key '{key}' = {number!r}: it must be a number from 1")
    return number


def network_of(
    path: Path,
    features: int,
    trees: Sequence[RealTree],
    bases: Sequence[float],
    input_type: FixedPoint | None,
    samples: np.ndarray | None,
    real: RealOutput,
    *,
    or_equal: bool = False,
    unit: float = 1.0,
    leaf_type: FixedPoint | None = None,
) -> NetworkGraph:
    """Trees on one input, as a network whose sums are exact.

    Parameters
    ----------
    features : int
    trees, bases
        As of :func:`integer_trees`.
    input_type : FixedPoint, optional
        On whose grid features are compared.
    samples : float array (n, features), optional
        From which that type is taken where it is not given.
    real : RealOutput
        What becomes of the sums.
    or_equal : bool
        Left where a feature is equal to its threshold, too.
    unit : float
        What a sum of 1 stands for.
    leaf_type : FixedPoint, optional
        To which leaves and bases are rounded, half up; without it they are exact, and sums wide.
    """
    if input_type is None:
        if samples is None:
            raise InputError(
                f"{path}: the features' type is needed: give --input-type, such as 'SQ(8,4)', or "
                "samples with --inputs"
            )
        input_type = grid_of(str(path), "x", samples)
    if leaf_type is not None:
        trees = [
            replace(tree, value=_rounded(tree.value, leaf_type, f"{path}: tree {number}"))
            for number, tree in enumerate(trees)
        ]
        bases = _rounded(bases, leaf_type, f"{path}: the bases")
    builder = GraphBuilder(network_name(path))
    x = builder.input("x", (features,), input_type)
    keys = integer_trees(str(path), trees, bases, input_type, or_equal=or_equal)
    if unit != 1:
        real = real.model_copy(update={"scale": math.ldexp(unit, -keys["fraction_bits"])})
    builder.output(builder.add("trees", "margins", [x], **keys), real)
    return builder.network()


def integer_trees(
    source: str,
    trees: Sequence[RealTree],
    bases: Sequence[float],
    input_type: FixedPoint,
    *,
    or_equal: bool = False,
) -> dict[str, Any]:
    """Keys of a node ``trees`` that adds real leaves without rounding.

    Parameters
    ----------
    bases : sequence of float
        What each output's sum starts from, rounded to the leaves' step.
    input_type : FixedPoint
        Of the features.
    or_equal : bool
        Left where a feature is equal to its threshold, too.

    Raises
    ------
    InputError
        If leaves need more than ``MOST_FRACTION_BITS``.
    """
    leaves = [
        value
        for tree in trees
        for value, left in zip(tree.value, tree.left, strict=True)
        if left == -1
    ]
    fraction_bits = max(map(_fraction_bits, leaves), default=0)
    if fraction_bits > MOST_FRACTION_BITS:
        raise InputError(
            f"{source}: its leaves need {fraction_bits} fraction bits; at most "
            f"{MOST_FRACTION_BITS} are supported: round them, such as with --leaf-type 'SQ(8,16)'"
        )

    def cut(threshold: float) -> int:
        place = threshold / input_type.step
        whole = math.floor(place) + 1 if or_equal else math.ceil(place)
        # Beyond the type's ends nothing changes.
        return min(max(whole, input_type.minimum), input_type.maximum + 1)

    made = []
    for tree in trees:
        leaf = [left == -1 for left in tree.left]
        made.append(
            {
                "output": tree.output,
                "feature": [max(feature, 0) for feature in tree.feature],
                "threshold": [
                    0 if ends else cut(t) for t, ends in zip(tree.threshold, leaf, strict=True)
                ],
                "left": tree.left,
                "right": tree.right,
                "value": [
                    int(math.ldexp(v, fraction_bits)) if ends else 0
                    for v, ends in zip(tree.value, leaf, strict=True)
                ],
            }
        )
    return {
        "trees": made,
        "biases": [round(math.ldexp(base, fraction_bits)) for base in bases],
        "fraction_bits": fraction_bits,
    }


def _rounded(values: Sequence[float], type_: FixedPoint, where: str) -> list[float]:
    whole = round_reals(np.array(values) / type_.step, "half_up")
    if whole.max() > type_.maximum or whole.min() < type_.minimum:
        raise InputError(f"{where}: a leaf is beyond {type_}, the type of --leaf-type")
    return (whole * type_.step).tolist()


def _fraction_bits(number: float) -> int:
    """Fraction bits that hold a float exactly."""
    denominator = number.as_integer_ratio()[1]
    return denominator.bit_length() - 1


def text_number(parameters: Mapping[str, Any], key: str, source: str) -> float:
    """A number that the file holds as a text, in brackets since version 3."""
    try:
        number = float(str(parameters[key]).strip("[] "))
    except (KeyError, ValueError):
        raise InputError(f"{source}: key '{key}' is missing or no number") from None
    if not math.isfinite(number):
        raise InputError(f"{source}: key '{key}' = {number}: it must be finite")
    return number
