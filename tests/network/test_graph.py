"""Graphs against docs/arithmetic.md, written out in exact fractions one number at a time."""

import json
from fractions import Fraction
from math import ceil, floor, prod

import numpy as np
import pytest
from hypothesis import given

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.golden import evaluate, layer_outputs
from hexcoder.network.schema import Network, load_network, save_network
from tests.networks import graphs, inputs_of

Tensor = dict[tuple[int, ...], Fraction]


def _flat(tensor, shape):
    return [tensor[index] for index in np.ndindex(*shape)]


def _over(flat, shape):
    return dict(zip(np.ndindex(*shape), flat, strict=True))


def _wide(tensor, own, shape):
    """A tensor over a larger shape: axes of one, and those that are missing, are repeated."""
    result = {}
    for index in np.ndindex(*shape):
        cut = index[len(shape) - len(own) :]
        result[index] = tensor[tuple(0 if n == 1 else i for i, n in zip(cut, own, strict=True))]
    return result


def _linear(node, given, source, shape):
    weights = np.array(node.weights, dtype=object)
    padding = Fraction(node.padding_value) / Fraction(2) ** source.type.fraction_bits
    total = dict.fromkeys(np.ndindex(*shape), Fraction(0))
    if node.equation:
        left, right = node.equation.split("->")
        one, other = left.split(",")
        sizes = dict(zip(one + other, source.shape + weights.shape, strict=True))
        letters = list(sizes)
        for index in np.ndindex(*sizes.values()):
            at = dict(zip(letters, index, strict=True))
            place = tuple(at[letter] for letter in right)
            term = given[tuple(at[c] for c in one)] * weights[tuple(at[c] for c in other)]
            total[place] += term
    else:
        axes = weights.ndim - 2
        inside, outside = weights.shape[-2:]
        for index in np.ndindex(*shape):
            group = index[-1] // (outside // node.groups)
            for taps in np.ndindex(*weights.shape[:axes]):
                place = list(index[:-1])
                for axis in range(axes):
                    stride = (node.stride or (1,) * axes)[axis if len(node.stride or ()) > 1 else 0]
                    apart = (node.dilation or (1,))[0]
                    before = node.padding[axis][0] if node.padding else 0
                    place[axis] = index[axis] * stride + taps[axis] * apart - before
                for channel in range(inside):
                    value = given.get((*place, group * inside + channel), padding)
                    total[index] += value * weights[(*taps, channel, index[-1])]
    for index in total:
        total[index] /= Fraction(2) ** node.fraction_bits
        if node.biases is not None:
            total[index] += (
                Fraction(node.biases[index[-1]]) / Fraction(2) ** node.bias_fraction_bits
            )
    return total


ROUNDINGS = {
    "floor": floor,
    "ceil": ceil,
    "towards_zero": int,
    "away_from_zero": lambda x: ceil(x) if x > 0 else floor(x),
    "half_up": lambda x: floor(x + Fraction(1, 2)),
    "half_down": lambda x: ceil(x - Fraction(1, 2)),
    "half_even": round,
    "half_away_from_zero": lambda x: (1 if x > 0 else -1) * floor(abs(x) + Fraction(1, 2)),
    "half_towards_zero": lambda x: (1 if x > 0 else -1) * ceil(abs(x) - Fraction(1, 2)),
}


def _requantise(node, value, step, type_):
    if type_ is None:
        return Fraction(0)
    if node.minimum is not None:
        value = max(value, node.minimum * step)
    if node.maximum is not None:
        value = min(value, node.maximum * step)
    whole = ROUNDINGS[node.rounding](value * Fraction(2) ** type_.fraction_bits)
    if node.overflow == "wrap":
        whole %= 1 << type_.width
        whole -= (1 << type_.width) if whole > type_.maximum else 0
    else:
        symmetric = node.overflow == "saturate_symmetric" and type_.signed
        whole = min(max(whole, -type_.maximum if symmetric else type_.minimum), type_.maximum)
    return whole / Fraction(2) ** type_.fraction_bits


def _tree(tree, features):
    node = 0
    while tree.left[node] >= 0:
        below = features[tree.feature[node]] < tree.threshold[node]
        node = tree.left[node] if below else tree.right[node]
    return tree.value[node]


def _pool(node, given, source, shape):
    if node.window:
        groups = {}
        for index in np.ndindex(*shape):
            groups[index] = []
            for taps in np.ndindex(*node.window):
                place = [
                    at * (node.stride or node.window)[axis] + tap
                    - (node.padding[axis][0] if node.padding else 0)
                    for axis, (at, tap) in enumerate(zip(index[:-1], taps, strict=True))
                ]  # fmt: skip
                if (*place, index[-1]) in given:
                    groups[index].append(given[(*place, index[-1])])
    else:
        axes = set(range(len(source.shape)) if node.axes is None else node.axes)
        groups = {index: [] for index in np.ndindex(*shape)}
        for index, value in given.items():
            kept = tuple(i for axis, i in enumerate(index) if axis not in axes)
            groups[kept or (0,)].append(value)
    reduce = {"sum": sum, "max": max, "min": min}[node.operation]
    return {index: Fraction(reduce(values)) for index, values in groups.items()}


def _node(context, sources):
    """One node on one event, in real values."""
    node, shape = context.layer, context.output_shape
    types = [tensor.type for tensor in context.inputs]
    steps = [Fraction(1) / Fraction(2) ** type_.fraction_bits for type_ in types]
    if node.kind == "constant":
        values = np.array(node.values, dtype=object)
        return {
            index: Fraction(values[index]) / Fraction(2) ** node.fraction_bits
            for index in np.ndindex(*shape)
        }
    first, source = sources[0], context.inputs[0]
    if node.kind == "linear":
        return _linear(node, first, source, shape)
    if node.kind == "reduce":
        return _pool(node, first, source, shape)
    if node.kind == "move":
        flat = [v for t, s in zip(sources, context.inputs, strict=True) for v in _flat(t, s.shape)]
        numbers = range(len(flat)) if node.elements is None else node.elements
        return _over([flat[n] if n >= 0 else Fraction(0) for n in numbers], shape)
    if node.kind == "matmul":
        return {
            (*index[:-2], index[-2], index[-1]): sum(
                (
                    first[(*index[:-1], k)] * sources[1][(*index[:-2], k, index[-1])]
                    for k in range(source.shape[-1])
                ),
                Fraction(0),
            )
            for index in np.ndindex(*shape)
        }
    if node.kind == "argmax":
        rows = _flat(first, source.shape)
        width = source.shape[-1]
        cut = [rows[k : k + width] for k in range(0, len(rows), width)]
        return _over([Fraction(row.index(max(row))) for row in cut], shape)
    if node.kind == "trees":
        features = [value / steps[0] for value in _flat(first, source.shape)]
        totals = [Fraction(bias) for bias in node.biases]
        for tree in node.trees:
            totals[tree.output] += _tree(tree, features)
        return _over([total / Fraction(2) ** node.fraction_bits for total in totals], shape)
    if node.kind == "lut_network":
        integers = [int(value / steps[0]) for value in _flat(first, source.shape)]
        return _over(_lut_network(node, integers, types[0].width), shape)
    wide = [_wide(t, s.shape, shape) for t, s in zip(sources, context.inputs, strict=True)]
    result = {}
    for number, index in enumerate(np.ndindex(*shape)):
        values = [tensor[index] for tensor in wide]
        value = values[0]
        match node.kind:
            case "add":
                signs = node.signs or (1,) * len(values)
                shifts = node.shifts or (0,) * len(values)
                result[index] = sum(
                    (
                        s * v * Fraction(2) ** p
                        for s, v, p in zip(signs, values, shifts, strict=True)
                    ),
                    Fraction(0),
                )
            case "multiply":
                result[index] = value * values[1]
            case "compare":
                holds = {
                    "less": value < values[1], "less_equal": value <= values[1],
                    "greater": value > values[1], "greater_equal": value >= values[1],
                    "equal": value == values[1], "not_equal": value != values[1],
                }  # fmt: skip
                result[index] = Fraction(holds[node.relation])
            case "select":
                result[index] = values[1] if value != 0 else values[2]
            case "requantise":
                type_ = np.broadcast_to(node.types(shape), shape)[index]
                result[index] = _requantise(node, value, steps[0], type_)
            case "threshold":
                count = len(node.thresholds)
                row = number if count == prod(shape) else index[-1] if count > 1 else 0
                falls = node.falling if isinstance(node.falling, bool) else node.falling[row]
                whole = value / steps[0]
                reached = [t <= whole for t in node.thresholds[row]]
                level = node.start + node.step * sum(r != falls for r in reached)
                result[index] = level / Fraction(2) ** node.fraction_bits
            case "table":
                tables = np.atleast_2d(np.array(node.tables, dtype=object))
                chosen = 0 if node.choice is None else node.choice[index[-1]]
                entry = tables[chosen][int(value / steps[0]) - types[0].minimum]
                result[index] = Fraction(entry) / Fraction(2) ** node.type.fraction_bits
            case _:
                pytest.fail(f"the page written out has no rule for '{node.kind}'")
    return result


def _lut_network(node, integers, width):
    """Wires one after the other, each a truth value."""
    wires = [bool((integer % (1 << width)) >> k & 1) for integer in integers for k in range(width)]
    for layer in node.layers:
        made = []
        for lut in layer:
            index = sum(2**k for k, wire in enumerate(lut.inputs) if wires[wire])
            for table in [lut.table] if lut.tables is None else lut.tables:
                number = int(table, 16) if isinstance(table, str) else table
                made.append(bool(number >> index & 1))
        wires += made
    if node.popcounts:
        offsets = node.offsets or [0] * len(node.popcounts)
        rows = zip(node.popcounts, offsets, strict=True)
        return [Fraction(sum(wires[w] for w in row) + offset) for row, offset in rows]
    values = [sum(2**k for k, wire in enumerate(row) if wires[wire]) for row in node.outputs]
    bits, top = node.type.width, 2 ** (node.type.width - 1)
    values = [v - 2**bits if node.type.signed and v >= top else v for v in values]
    return [value / Fraction(2) ** node.type.fraction_bits for value in values]


def _by_hand(network, row):
    """Every output as the page says."""
    tensors = {}
    for name, values in network.split_inputs(row[None]).items():
        type_ = network.inputs_by_name[name].type
        tensors[name] = {
            index: Fraction(int(values[(0, *index)])) / Fraction(2) ** type_.fraction_bits
            for index in np.ndindex(*values.shape[1:])
        }
    for context in network.contexts():
        tensors[context.name] = _node(context, [tensors[name] for name in context.sources])
    return [
        value * Fraction(2) ** tensor.type.fraction_bits
        for name, tensor in network.outputs_by_name.items()
        for value in _flat(tensors[name], tensor.shape)
    ]


@given(graphs())
def test_any_graph_equals_the_arithmetic_page_written_out_in_fractions(network):
    inputs = inputs_of(network, 3)
    expected = [_by_hand(network, row) for row in inputs]
    assert evaluate(network, inputs).tolist() == expected


@given(graphs())
def test_every_value_lies_in_its_tensor_s_type(network):
    outputs = layer_outputs(network, inputs_of(network, 20))
    for context in network.contexts():
        values, type_ = outputs[context.name], context.output_type
        assert type_.minimum <= values.min()
        assert values.max() <= type_.maximum


WEIGHTS = [[1, 2], [3, 4], [5, 6], [7, 8]]
THRESHOLDS = [[0], [3, 5]]
TABLE = [1, 2, 3, 0]
GOOD = {
    "format": "hexcoder-network",
    "version": 2,
    "name": "small",
    "inputs": [{"name": "x", "shape": [4], "type": "SQ(3,2)"}],
    "nodes": [
        {"kind": "linear", "name": "fc", "inputs": ["x"], "weights": WEIGHTS},
        {"kind": "threshold", "name": "act", "inputs": ["fc"], "thresholds": THRESHOLDS},
        {"kind": "table", "name": "t", "inputs": ["act"], "tables": TABLE, "type": "UQ(2,0)"},
    ],
    "outputs": [{"node": "t", "real": {"scale": 0.5}}],
}


def _changed(node, **keys):
    nodes = [dict(one) for one in GOOD["nodes"]]
    nodes[node] |= keys
    return {**GOOD, "nodes": nodes}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (_changed(0, inputs=["y"]), "node 'fc': its input 'y' is not known"),
        (_changed(0, inputs=["act"]), "node 'fc': its input 'act' is not made before it"),
        (_changed(0, inputs=["x", "x"]), "node 'fc': linear reads 1 tensors; it gets 2"),
        (_changed(0, weights=[[1, 2], [3]]), "it is ragged"),
        (_changed(0, weights=[[1, 2], [3, 4]]), "'weights' take 2 channels; the input .* has 4"),
        (_changed(0, weights=[[1, 2.5], [3, 4]]), r"\[0, 1\] is 2.5; it must be an integer"),
        (_changed(0, equation="ab,bc->ac"), "axes 'ab' are not those of the input"),
        (_changed(0, groups=3), "'weights' take 12 channels"),
        (_changed(1, thresholds=[[2, 1], [0]]), r"'thresholds'\[0\] are not sorted"),
        (_changed(1, thresholds=[[1], [2], [3]]), "'thresholds' has 3 rows"),
        (_changed(1, name="fc"), "two tensors are called 'fc'"),
        (_changed(2, tables=[1, 2, 3]), r"'tables' has shape \[1, 3\]; .* needs lists of 4"),
        (_changed(2, tables=[1, 2, 3, 9]), "'tables' has 1 to 9"),
        (_changed(2, kind="softmax"), "'softmax' is not known"),
        ({**GOOD, "outputs": [{"node": "q"}]}, "output 'q' is the name of no node"),
        ({**GOOD, "inputs": [GOOD["inputs"][0]] * 2}, "two inputs are called 'x'"),
        ({**GOOD, "nodes": []}, "nodes"),
    ],
)
def test_a_graph_that_does_not_fit_is_one_line_that_says_why(tmp_path, value, message):
    file = tmp_path / "network.json"
    file.write_text(json.dumps(value))
    with pytest.raises(InputError, match=message) as raised:
        load_network(file)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"left": [0, -1, -1]}, "node 0 is reached twice"),
        ({"left": [9, -1, -1]}, "child is 9; it has nodes 0 to 2"),
        ({"left": [-1, -1, -1]}, "node 0 has one child"),
        ({"feature": [7, 0, 0]}, "reads feature 7; there are 4"),
        ({"value": [0, 1]}, "'value' has 2 entries for 3 nodes"),
        ({"output": 1}, "adds to output 1; there are 1"),
    ],
)
def test_a_tree_that_is_none_is_refused(tree, message):
    good = {"output": 0, "feature": [0, 0, 0], "threshold": [2, 0, 0], "left": [1, -1, -1],
            "right": [2, -1, -1], "value": [0, 1, 2]}  # fmt: skip
    node = {"kind": "trees", "name": "t", "inputs": ["x"], "trees": [good | tree], "biases": [0]}
    with pytest.raises(ValueError, match=message):
        Network.model_validate({**GOOD, "nodes": [node], "outputs": [{"node": "t"}]})


def test_a_graph_is_written_with_what_a_reader_looks_for_first(tmp_path):
    network = Network.model_validate(GOOD)
    save_network(network, tmp_path / "network.json")
    text = (tmp_path / "network.json").read_text().split('"nodes"')[1]
    assert text.index('"inputs"') < text.index('"weights"')
    assert text.index('"kind"') < text.index('"name"') < text.index('"inputs"')
    assert load_network(tmp_path / "network.json") == network


def test_types_of_elements_are_aligned_to_the_finest():
    node = {"kind": "requantise", "name": "q", "inputs": ["x"], "type": ["SQ(3,0)", None, "UQ(1,2)",
            "SQ(2,1)"], "rounding": "half_even"}  # fmt: skip
    network = Network.model_validate({**GOOD, "nodes": [node], "outputs": [{"node": "q"}]})
    assert str(network.output.type) == "SQ(3,2)"
    # 2.5, 1, 1.75, -0.75: to even 2; nothing; as it is; half to even -1.
    assert evaluate(network, np.array([[10, 4, 7, -3]])).tolist() == [[8, 0, 7, -4]]
    assert FixedPoint.parse("SQ(3,2)").minimum == -16
