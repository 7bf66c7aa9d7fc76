"""Trees of conifer and XGBoost against their arithmetic written out one event at a time."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.network.ap_types import parse_ap_type
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals


def _tree(random, features, depth=3, leaf="value"):
    lists = {key: [] for key in ("feature", "threshold", "left", "right", "value")}

    def grow(depth):
        node = len(lists["feature"])
        for key, number in (("feature", -2), ("threshold", 0.0), ("left", -1), ("right", -1)):
            lists[key].append(number)
        lists["value"].append(float(np.float32(random.normal(0, 1))))
        if depth and random.random() < 0.8:
            lists["feature"][node] = int(random.integers(0, features))
            lists["threshold"][node] = float(np.float32(random.normal(0, 2)))
            lists["left"][node] = grow(depth - 1)
            lists["right"][node] = grow(depth - 1)
        return node

    grow(depth)
    return lists


def _conifer(random, score="ap_fixed<8,3,AP_RND_CONV,AP_SAT>", convention="<=", classes=3):
    outputs = 1 if classes == 2 else classes
    trees = [[_tree(random, 4) for _ in range(outputs)] for _ in range(6)]
    renamed = [
        [
            {"feature": t["feature"], "threshold": t["threshold"], "value": t["value"],
             "children_left": t["left"], "children_right": t["right"]}
            for t in row
        ]
        for row in trees
    ]  # fmt: skip
    model = {
        "n_classes": classes, "n_features": 4, "n_trees": 6, "max_depth": 3, "norm": 1,
        "init_predict": [0.3] * outputs, "splitting_convention": convention, "trees": renamed,
        "config": {"threshold_precision": "ap_fixed<10,5>", "score_precision": score},
    }  # fmt: skip
    return model, trees


def _cast(value, type_):
    """A number in a type, as ap_fixed assigns it."""
    scaled = Fraction(value) * 2**type_.type.fraction_bits
    whole = {"floor": math.floor(scaled), "half_even": round(scaled)}[type_.rounding]
    low, high = type_.type.minimum, type_.type.maximum
    if type_.overflow == "wrap":
        whole = (whole - low) % (high - low + 1) + low
    return Fraction(min(max(whole, low), high)) / 2**type_.type.fraction_bits


def _walk(tree, row, below):
    node = 0
    while tree["left"][node] != -1:
        chosen = "left" if below(row[tree["feature"][node]], tree["threshold"][node]) else "right"
        node = tree[chosen][node]
    return tree["value"][node]


@pytest.mark.parametrize("convention", ["<", "<="])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "score", ["ap_fixed<8,3,AP_RND_CONV,AP_SAT>", "ap_fixed<7,2>", "ap_fixed<24,12>"]
)
def test_conifer_s_sums_saturate_and_wrap_where_its_own_do(tmp_path, score, classes, convention):
    model, trees = _conifer(np.random.default_rng(1), score, convention, classes)
    path = tmp_path / "bdt.json"
    path.write_text(json.dumps(model))
    network = import_model(path)
    inputs = np.random.default_rng(2).normal(0, 4, (60, 4))
    feature = parse_ap_type("ap_fixed<10,5>", "")
    scores = parse_ap_type(score, "")
    below = (lambda a, b: a < b) if convention == "<" else (lambda a, b: a <= b)
    expected = []
    for row in inputs:
        cast = [_cast(value, feature) for value in row]
        total = [_cast(0.3, scores) for _ in trees[0]]
        for trees_of_round in trees:
            for output, tree in enumerate(trees_of_round):
                cut = {**tree, "threshold": [_cast(t, feature) for t in tree["threshold"]]}
                leaf = _cast(_walk(cut, cast, below), scores)
                total[output] = _cast(total[output] + leaf, scores)
        expected.append([float(one) for one in total])
    found = to_reals(network, evaluate(network, to_integers(network, inputs)))
    assert found.tolist() == expected


def _xgboost(random, classes=3, objective="multi:softprob", base="[5E-1]"):
    trees = [_tree(random, 4) for _ in range(2 * max(classes, 1))]
    rows = [
        {"split_indices": [max(f, 0) for f in t["feature"]],
         "split_conditions": [v if left == -1 else c for v, c, left in
                              zip(t["value"], t["threshold"], t["left"], strict=True)],
         "left_children": t["left"], "right_children": t["right"]}
        for t in trees
    ]  # fmt: skip
    model = {
        "version": [3, 0, 0],
        "learner": {
            "learner_model_param": {"num_feature": "4", "num_class": str(classes),
                                    "base_score": base},
            "objective": {"name": objective},
            "gradient_booster": {"model": {
                "trees": rows, "tree_info": [k % max(classes, 1) for k in range(len(rows))],
            }},
        },
    }  # fmt: skip
    return model, trees


@pytest.mark.parametrize(
    ("classes", "objective"),
    [(3, "multi:softprob"), (0, "binary:logistic"), (0, "reg:squarederror")],
)
def test_xgboost_s_margins_are_exact_sums(tmp_path, classes, objective):
    model, trees = _xgboost(np.random.default_rng(3), classes, objective, base="2.5E-1")
    path = tmp_path / "booster.json"
    path.write_text(json.dumps(model))
    inputs = np.random.default_rng(4).integers(-60, 60, (50, 4)) / 8
    network = import_model(path, samples=inputs)
    assert str(network.input.type) == "SQ(4,3)"
    base = math.log(0.25 / 0.75) if objective.startswith("binary") else 0.25
    expected = np.full((50, max(classes, 1)), base)
    for number, tree in enumerate(trees):
        for event, row in enumerate(inputs):
            leaf = _walk(tree, row, lambda a, b: a < np.float32(b))
            expected[event, number % max(classes, 1)] += leaf
    found = to_reals(network, evaluate(network, to_integers(network, inputs)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)
    with pytest.raises(InputError, match="give --input-type"):
        import_model(path)


def _stump(left, right):
    """A tree of one comparison."""
    return {"feature": [0, -2, -2], "threshold": [0.5, 0, 0], "value": [0, 1, 2],
            "children_left": [left, -1, -1], "children_right": [right, -1, -1]}  # fmt: skip


def _changed(change):
    model, _ = _conifer(np.random.default_rng(5))
    change(model)
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (_changed(lambda m: m.pop("config")), "key 'config' is missing"),
        (
            _changed(lambda m: m["config"].update(score_precision="float")),
            "'config.score_precision'",
        ),
        (_changed(lambda m: m["config"].update(score_precision="ap_fixed<8,3,AP_X>")), "'AP_X'"),
        (_changed(lambda m: m["trees"][0].__setitem__(0, _stump(0, 2))), "reached twice"),
        (_changed(lambda m: m["trees"][0].__setitem__(0, _stump(1, 99))), "child is 99"),
        (_changed(lambda m: m["trees"][0].__setitem__(0, _stump(1, -1))), "node 0 has one child"),
        (_changed(lambda m: m["trees"][1][0]["threshold"].pop()), "equally long"),
        (_changed(lambda m: m["trees"][1][0].pop("value")), r"'trees'\[1\]\[0\]: key 'value' is"),
        (_changed(lambda m: m["trees"][2].pop()), r"'trees'\[2\] must be a list of 3 trees"),
        (_changed(lambda m: m.update(n_features="x")), "'n_features' = 'x'"),
        (_changed(lambda m: m.update(splitting_convention=">")), r"must be '<' or '<='"),
        ({"trees": [], "x": 1}, "no model that is known"),
    ],
)
def test_a_broken_model_is_one_line(tmp_path, model, message):
    path = tmp_path / "bdt.json"
    path.write_text(json.dumps(model))
    with pytest.raises(InputError, match=message) as raised:
        import_model(path)
    assert "\n" not in str(raised.value)


def test_a_threshold_that_is_no_number_is_refused(tmp_path):
    model, _ = _conifer(np.random.default_rng(6))
    model["trees"][0][0]["threshold"][0] = float("nan")
    path = tmp_path / "bdt.json"
    path.write_text(json.dumps(model))
    with pytest.raises(InputError, match=r"bdt\.json"):
        import_model(path)


@pytest.mark.parametrize(
    ("text", "type_", "rounding", "overflow"),
    [
        ("ap_fixed<18,8>", "SQ(8,10)", "floor", "wrap"),
        ("ap_ufixed<9, 9, AP_RND_CONV, AP_SAT>", "UQ(9,0)", "half_even", "saturate"),
        ("ap_int<6>", "SQ(6,0)", "floor", "wrap"),
        ("ap_fixed<8,-2,AP_RND,AP_SAT_SYM>", "SQ(-2,10)", "half_up", "saturate_symmetric"),
    ],
)
def test_ap_types_are_read(text, type_, rounding, overflow):
    found = parse_ap_type(text, "x")
    assert found.type == FixedPoint.parse(type_)
    assert (found.rounding, found.overflow) == (rounding, overflow)
