"""Tree ensembles of ONNX, and LightGBM's text, against their own definitions."""

from fractions import Fraction

import numpy as np
import onnx
import pytest
from onnx import helper

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals
from tests.models.importers.test_onnx import Model, reference

GRID = FixedPoint.parse("SQ(3,4)")


def _ensemble(random, kind, outputs, mode, several=False):
    """Attributes of random trees, their thresholds on and between steps of the grid."""
    found = {f"nodes_{key}": [] for key in ("treeids", "nodeids", "featureids", "values", "modes",
                                            "truenodeids", "falsenodeids")}  # fmt: skip
    found |= {f"{kind}_{key}": [] for key in ("treeids", "nodeids", "ids", "weights")}

    def grow(tree, number, depth):
        is_leaf = depth == 0 or random.random() < 0.2
        yes, no = (0, 0) if is_leaf else (2 * number + 1, 2 * number + 2)
        row = (tree, number, int(random.integers(3)), int(random.integers(-70, 70)) / 32,
               "LEAF" if is_leaf else mode, yes, no)  # fmt: skip
        for values, value in zip(list(found.values())[:7], row, strict=True):
            values.append(value)
        if is_leaf:
            for output in range(outputs) if several else [tree % outputs]:
                row = (tree, number, output, float(np.float32(random.uniform(-1, 1))))
                for values, value in zip(list(found.values())[7:], row, strict=True):
                    values.append(value)
        else:
            grow(tree, yes, depth - 1)
            grow(tree, no, depth - 1)

    for tree in range(6):
        grow(tree, 0, 3)
    return found


def _model(tmp_path, kind, **attributes):
    model = Model(1, ("x", (3,)))
    outputs = ["y"] if kind == "TreeEnsembleRegressor" else ["label", "scores"]
    model.nodes.append(helper.make_node(kind, ["x"], outputs, domain="ai.onnx.ml", **attributes))
    path = tmp_path / "trees.onnx"
    model.save(path, *outputs)
    loaded = onnx.load(path)
    loaded.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    onnx.save(loaded, path)
    return path


def _inputs(count=200):
    random = np.random.default_rng(2)
    return random.integers(GRID.minimum, GRID.maximum + 1, (count, 3)) * GRID.step


def _found(path, inputs):
    network = import_model(path, GRID)
    return to_reals(network, evaluate(network, to_integers(network, inputs)))


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"])
@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE"])
def test_an_ensemble_of_any_comparison_is_exact(tmp_path, mode, aggregate):
    random = np.random.default_rng(3)
    attributes = _ensemble(random, "target", 2, mode, several=aggregate == "SUM")
    path = _model(tmp_path, "TreeEnsembleRegressor", n_targets=2, aggregate_function=aggregate,
                  base_values=[0.5, -0.25], **attributes)  # fmt: skip
    inputs = _inputs()
    np.testing.assert_allclose(_found(path, inputs), reference(path, inputs), atol=1e-5)


def test_a_classifier_s_label_and_sums_are_exact(tmp_path):
    attributes = _ensemble(np.random.default_rng(4), "class", 3, "BRANCH_LEQ")
    path = _model(tmp_path, "TreeEnsembleClassifier", classlabels_int64s=[0, 1, 2],
                  post_transform="NONE", **attributes)  # fmt: skip
    inputs = _inputs()
    np.testing.assert_allclose(_found(path, inputs), reference(path, inputs), atol=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
def test_one_sum_of_two_classes_gives_both(tmp_path, sign):
    """A probability where no weight is negative, else a margin: as ONNX Runtime has it."""
    attributes = _ensemble(np.random.default_rng(5), "class", 1, "BRANCH_LEQ")
    weights = [abs(one) / 6 for one in attributes["class_weights"]]
    attributes["class_weights"] = [sign * one for one in weights]
    path = _model(tmp_path, "TreeEnsembleClassifier", classlabels_strings=["no", "yes"],
                  post_transform="NONE", **attributes)  # fmt: skip
    inputs = _inputs()
    label, first, second = _found(path, inputs).T
    np.testing.assert_allclose(first, 1 - second if sign > 0 else -second, atol=1e-6)
    np.testing.assert_array_equal(label, second > (0.5 if sign > 0 else 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a["nodes_values"].pop(), "must be equally long"),
        (lambda a: a["nodes_modes"].__setitem__(0, "BRANCH_EQ"), "mode 'BRANCH_EQ'"),
        (lambda a: a["nodes_truenodeids"].__setitem__(0, 99), "tree 0 has no node 99"),
        (lambda a: a["nodes_truenodeids"].__setitem__(0, 0), "reached twice"),
        (lambda a: a["target_ids"].__setitem__(0, 7), "output 7; there are 2"),
        (lambda a: a.update(base_values=[1.0]), "1 base_values for 2 outputs"),
        (lambda a: a.update(aggregate_function="MIN"), "'MIN'"),
        (lambda a: a.update(post_transform="PROBIT"), "'PROBIT'"),
    ],
)
def test_a_broken_ensemble_is_one_line(tmp_path, change, message):
    attributes = _ensemble(np.random.default_rng(6), "target", 2, "BRANCH_LEQ")
    change(attributes)
    path = _model(tmp_path, "TreeEnsembleRegressor", n_targets=2, **attributes)
    with pytest.raises(InputError, match=message) as raised:
        import_model(path, GRID)
    assert "\n" not in str(raised.value)


def _lightgbm(random, head="", **changes):
    """A text of six random trees for two classes, and the trees."""
    lines = ["tree", "version=v4", "num_class=2", "num_tree_per_iteration=2", "label_index=0",
             "max_feature_idx=2", "objective=multiclass num_class:2", head, ""]  # fmt: skip
    trees = []
    for number in range(6):
        splits = int(random.integers(0, 6))
        feature = random.integers(0, 3, splits).tolist()
        threshold = (random.integers(-70, 70, splits) / 32).tolist()
        leaves = (random.integers(-500, 500, splits + 1) / 1024).tolist()
        left, right, open_leaves = [], [], [(None, None)]
        for split in range(splits):
            parent, side = open_leaves.pop(int(random.integers(len(open_leaves))))
            if parent is not None:
                side[parent] = split
            left.append(None)
            right.append(None)
            open_leaves += [(split, left), (split, right)]
        for leaf, (parent, side) in enumerate(open_leaves):
            if parent is not None:
                side[parent] = -leaf - 1
        trees.append((feature, threshold, left, right, leaves))
        keys = {"num_leaves": [splits + 1], "split_feature": feature, "threshold": threshold,
                "decision_type": [10] * splits, "left_child": left, "right_child": right,
                "leaf_value": leaves, "is_linear": [0], **changes}  # fmt: skip
        lines += [f"Tree={number}"]
        lines += [f"{key}={' '.join(map(str, values))}" for key, values in keys.items()]
        lines += ["", ""]
    return "\n".join([*lines, "end of trees", ""]), trees


def _leaf(tree, row):
    feature, threshold, left, right, leaves = tree
    node = 0 if feature else -1
    while node >= 0:
        node = left[node] if row[feature[node]] <= threshold[node] else right[node]
    return Fraction(leaves[-node - 1])


@pytest.mark.parametrize("head", ["", "average_output"])
def test_a_booster_of_lightgbm_is_exact(tmp_path, head):
    text, trees = _lightgbm(np.random.default_rng(7), head)
    path = tmp_path / "model.txt"
    path.write_text(text)
    inputs = _inputs()
    expected = [
        [float(sum(_leaf(tree, row) for tree in trees[output::2])) for output in (0, 1)]
        for row in inputs
    ]
    unit = 3 if head else 1
    np.testing.assert_allclose(_found(path, inputs) * unit, expected, atol=1e-12)
    rounded = import_model(path, GRID, leaf_type=FixedPoint.parse("SQ(2,3)"))
    assert rounded.nodes[0].fraction_bits <= 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decision_type": [1] * 9}, "by categories"),
        ({"decision_type": [4] * 9}, "0 for a missing value"),
        ({"is_linear": [1]}, "linear functions"),
        ({"threshold": [0.5]}, "do not fit"),
        ({"threshold": ["x"]}, "a word that is no number"),
        ({"threshold": ["nan"]}, "is no such number"),
        ({"leaf_value": []}, "key 'leaf_value' is empty"),
    ],
)
def test_a_broken_booster_of_lightgbm_is_one_line(tmp_path, changes, message):
    path = tmp_path / "model.txt"
    path.write_text(_lightgbm(np.random.default_rng(8), **changes)[0])
    with pytest.raises(InputError, match=message) as raised:
        import_model(path, GRID)
    assert "\n" not in str(raised.value)


def test_what_a_booster_of_lightgbm_lacks_is_one_line(tmp_path):
    path = tmp_path / "model.txt"
    text, _ = _lightgbm(np.random.default_rng(9))
    for broken, message in (
        (text.partition("end of trees")[0], "cut off"),
        (text.replace("objective=multiclass", "objective=none_such"), "objective 'none_such"),
        (text.replace("max_feature_idx=2", ""), "'max_feature_idx' is missing"),
        (text.replace("max_feature_idx=2", "max_feature_idx=0"), "reads feature"),
    ):
        path.write_text(broken)
        with pytest.raises(InputError, match=message):
            import_model(path, GRID)
    path.write_text(text)
    with pytest.raises(InputError, match="beyond SQ"):
        import_model(path, GRID, leaf_type=FixedPoint.parse("SQ(-2,8)"))
