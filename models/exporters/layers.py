"""Each kind of layer as operators of ONNX and QONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from hexcoder.models.exporters.writer import DOMAIN, Writer
from hexcoder.network.aligned import broadcast_shape
from hexcoder.network.integers import int_array
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.lut_network import LutNetwork
from hexcoder.network.kinds.table import Table
from hexcoder.network.kinds.threshold import Threshold
from hexcoder.network.kinds.trees import Tree
from hexcoder.network.layer import LayerContext, TensorType
from hexcoder.network.rounding import rounding_mode
from hexcoder.network.weighted import WeightedLayer
from hexcoder.network.windows import Pads, pads, whole

Export = Callable[[Writer, LayerContext, Sequence[str]], str]


def _flat(writer: Writer, tensor: str, source: TensorType, wanted: str) -> str:
    if len(source.shape) == 1:
        return tensor
    return writer.reshape(tensor, [source.elements], f"{wanted}_flat")


def _together(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> list[str]:
    """Inputs with as many axes as the tensor that they make."""
    axes = len(broadcast_shape(context.inputs))
    return [
        tensor
        if len(source.shape) == axes
        else writer.reshape(
            tensor, [1] * (axes - len(source.shape)) + list(source.shape), f"{context.name}_axes"
        )
        for tensor, source in zip(inputs, context.inputs, strict=True)
    ]


def _constant(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    values = int_array(layer.values)[None]
    return writer.known(values, layer.fraction_bits, context.name)


def _convolved(
    writer: Writer,
    tensor: str,
    weights: str,
    axes: int,
    wanted: str,
    **keys: Any,
) -> str:
    """ONNX has channels in front of the axes, and we behind them."""
    front = [0, axes + 1, *range(1, axes + 1)]
    back = [0, *range(2, axes + 2), 1]
    moved = writer.add("Transpose", [tensor], f"{wanted}_channels_first", perm=front)
    made = writer.add("Conv", [moved, weights], f"{wanted}_convolved", **keys)
    return writer.add("Transpose", [made], f"{wanted}_sums", perm=back)


def _sides(padding: Pads) -> list[int]:
    """Padding as ONNX has it: all fronts, then all ends."""
    return [side[0] for side in padding] + [side[1] for side in padding]


def _kernel(writer: Writer, weights: np.ndarray, fraction_bits: int, wanted: str) -> str:
    """(taps, in, out) as ONNX has it: (out, in, taps)."""
    taps = tuple(range(weights.ndim - 2))
    moved = weights.transpose(weights.ndim - 1, weights.ndim - 2, *taps)
    return writer.known(moved, fraction_bits, wanted)


def _products_cut(writer: Writer, context: LayerContext, tensor: str) -> str:
    """Each product in its type before the sum."""
    layer: Any = context.layer
    (source,) = context.inputs
    numbers = layer.rows(np.arange(1, source.elements + 1).reshape(1, *source.shape)) - 1
    flat = _flat(writer, tensor, source, context.name)
    if (numbers < 0).any():
        flat = writer.with_zero(flat)
        numbers = np.where(numbers < 0, source.elements, numbers)
    rows = writer.gather(flat, numbers[:, :, None], f"{context.name}_rows")
    weights = writer.known(layer.matrix()[None], layer.weight_type.fraction_bits, "weights")
    products = writer.add("Mul", [rows, weights], f"{context.name}_products")
    types = np.full((len(numbers), *layer.matrix().shape), layer.product_type, dtype=object)
    cut = writer.requantised(products, types, "floor", "wrap", f"{context.name}_cut")
    axis = writer.indices([2])
    sums = writer.add("ReduceSum", [cut, axis], f"{context.name}_products_sum", keepdims=0)
    return writer.reshape(sums, context.output_shape, f"{context.name}_sums")


def _weighted(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer = context.layer
    assert isinstance(layer, WeightedLayer)
    name, (tensor,) = context.name, inputs
    fraction_bits, shape = layer.weight_type.fraction_bits, context.output_shape
    if layer.product_type is not None:
        total = _products_cut(writer, context, tensor)
    elif isinstance(layer, Convolution):
        kernel = _kernel(writer, layer.weight_array(), fraction_bits, f"{name}_weights")
        total = _convolved(
            writer,
            tensor,
            kernel,
            2,
            name,
            strides=list(layer.stride),
            pads=_sides(layer.sides(context.input_shape)),
        )
    else:
        weights = writer.known(layer.matrix(), fraction_bits, f"{name}_weights")
        total = writer.add("MatMul", [tensor, weights], f"{name}_sums")
    if layer.bias_type is not None:
        biases = layer.bias_array(shape[-1])
        known = writer.known(biases, layer.bias_type.fraction_bits, f"{name}_biases")
        total = writer.add("Add", [total, known], f"{name}_biased")
    if layer.activation == "relu":
        total = writer.add("Relu", [total], f"{name}_relu")
    types = np.empty(shape, dtype=object)
    types[...] = np.array(layer.channel_types(shape[-1]), dtype=object)
    if len(set(types.ravel())) == 1:
        types = types.ravel()[:1]
    return writer.requantised(total, types, rounding_mode(layer.rounding), layer.overflow, name)


def _linear(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer, name, (tensor,) = context.layer, context.name, inputs
    assert isinstance(layer, Linear)
    weights, (source,) = int_array(layer.weights), context.inputs
    axes = weights.ndim - 2
    if layer.equation is not None:
        given, other = layer.equation.split("->")[0].split(",")
        batch = next(
            letter for letter in "zyxwvutsrqponmlkjihgfedcba" if letter not in given + other
        )
        equation = f"{batch}{given},{other}->{batch}{layer.equation.split('->')[1]}"
        known = writer.known(weights, layer.fraction_bits, f"{name}_weights")
        total = writer.add("Einsum", [tensor, known], f"{name}_sums", equation=equation)
    elif axes == 0 and layer.groups == 1:
        known = writer.known(weights, layer.fraction_bits, f"{name}_weights")
        total = writer.add("MatMul", [tensor, known], f"{name}_sums")
    elif axes == 0:
        # Groups of a dense layer are those of a convolution with one tap.
        rows = source.elements // source.shape[-1]
        column = writer.reshape(tensor, [rows, source.shape[-1]], f"{name}_rows")
        kernel = _kernel(writer, weights[None], layer.fraction_bits, f"{name}_weights")
        made = _convolved(writer, column, kernel, 1, name, group=layer.groups)
        total = writer.reshape(made, context.output_shape, f"{name}_shaped")
    else:
        padding = pads(layer.padding, axes)
        if layer.padding_value:
            sides = writer.indices(_sides(((0, 0), *padding, (0, 0))))
            value = writer.constant(np.float32(layer.padding_value * source.type.step))
            tensor = writer.add("Pad", [tensor, sides, value], f"{name}_padded")
            padding = ((0, 0),) * axes
        kernel = _kernel(writer, weights, layer.fraction_bits, f"{name}_weights")
        total = _convolved(
            writer,
            tensor,
            kernel,
            axes,
            name,
            strides=list(whole(layer.stride, axes, "stride")),
            dilations=list(whole(layer.dilation, axes, "dilation")),
            group=layer.groups,
            pads=_sides(padding),
        )
    if layer.biases is None:
        return total
    known = writer.known(int_array(layer.biases), layer.bias_fraction_bits, f"{name}_biases")
    return writer.add("Add", [total, known], name)


def _add(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    count = len(inputs)
    factors = np.ldexp(
        np.array(layer.signs or (1,) * count, dtype=float), layer.shifts or (0,) * count
    )
    total = None
    for tensor, factor in zip(_together(writer, context, inputs), factors, strict=True):
        scaled = writer.scaled(tensor, abs(factor), f"{context.name}_scaled")
        if total is None:
            total = (
                scaled if factor > 0 else writer.add("Neg", [scaled], f"{context.name}_negative")
            )
        else:
            operator = "Add" if factor > 0 else "Sub"
            total = writer.add(operator, [total, scaled], context.name)
    assert total is not None
    return total


def _multiply(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    return writer.add("Mul", _together(writer, context, inputs), context.name)


def _matmul(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    return writer.add("MatMul", inputs, context.name)


def _reduce(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    (source,), (tensor,), name = context.inputs, inputs, context.name
    numbers, shape = layer.groups(source.shape)
    flat = _flat(writer, tensor, source, name)
    if (numbers < 0).any():
        if layer.operation == "sum":
            flat = writer.with_zero(flat)
            numbers = np.where(numbers < 0, source.elements, numbers)
        else:
            # An element twice changes no maximum.
            numbers = np.where(numbers < 0, numbers.max(axis=1, keepdims=True), numbers)
    groups = writer.gather(flat, numbers, f"{name}_groups")
    if layer.operation == "sum":
        made = writer.add("ReduceSum", [groups, writer.indices([2])], f"{name}_flat", keepdims=0)
    else:
        operator = {"max": "ReduceMax", "min": "ReduceMin"}[layer.operation]
        made = writer.add(operator, [groups], f"{name}_flat", axes=[2], keepdims=0)
    return writer.reshape(made, shape, name)


def _move(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    name = context.name
    parts = [
        _flat(writer, tensor, source, name)
        for tensor, source in zip(inputs, context.inputs, strict=True)
    ]
    given = sum(source.elements for source in context.inputs)
    numbers = layer.numbers(context.inputs)
    flat = parts[0] if len(parts) == 1 else writer.add("Concat", parts, f"{name}_joined", axis=1)
    if (numbers < 0).any():
        flat, numbers = writer.with_zero(flat), np.where(numbers < 0, given, numbers)
    if not np.array_equal(numbers, np.arange(given)):
        flat = writer.gather(flat, numbers, f"{name}_taken")
    return writer.reshape(flat, context.output_shape, name)


def _flatten(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    return writer.reshape(inputs[0], context.output_shape, context.name)


def _requantise(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    (source,), (tensor,), name = context.inputs, inputs, context.name
    if layer.minimum == 0 and layer.maximum is None:
        tensor = writer.add("Relu", [tensor], f"{name}_relu")
    else:
        for operator, bound in (("Max", layer.minimum), ("Min", layer.maximum)):
            if bound is not None:
                limit = writer.constant(np.float32(bound * source.type.step))
                tensor = writer.add(operator, [tensor, limit], f"{name}_bounded")
    types = layer.types(source.shape)
    if len(set(types.ravel())) == 1:
        types = types.ravel()[:1]
    return writer.requantised(tensor, types, layer.rounding, layer.overflow, name)


def _threshold(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer, name, (source,) = context.layer, context.name, context.inputs
    assert isinstance(layer, Threshold)
    step, falls = source.type.step, layer.falls()
    longest = max(1, max(map(len, layer.thresholds)))
    # Falling rows count how far the negative has risen.
    rows = [
        sorted(1 - one for one in row) if fall else list(row)
        for row, fall in zip(layer.thresholds, falls, strict=True)
    ]
    beyond = 2 * max(abs(source.type.minimum), source.type.maximum) + 2
    near = [[min(max(one, -beyond), beyond) for one in row] for row in rows]
    table = np.array([row + [beyond] * (longest - len(row)) for row in near]) * step
    channels = len(rows)
    shape = [-1, channels] if channels > 1 else [-1, source.shape[-1]]
    tensor = writer.add("Reshape", [inputs[0], writer.indices(shape)], f"{name}_channels")
    tensor = writer.scaled(tensor, np.where(falls, -1.0, 1.0), f"{name}_turned")
    counted = writer.add(
        "MultiThreshold",
        [tensor, writer.constant(table, f"{name}_thresholds")],
        f"{name}_counted",
        DOMAIN,
        out_dtype="FLOAT32",
        out_scale=float(np.ldexp(layer.step, -layer.fraction_bits)),
        out_bias=float(np.ldexp(layer.start, -layer.fraction_bits)),
        data_layout="NC",
    )
    return writer.add("Reshape", [counted, writer.indices([-1, *source.shape])], name)


def _table(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer, name, (source,) = context.layer, context.name, context.inputs
    assert isinstance(layer, Table)
    rows = layer.rows()
    starts = layer.choices(source.shape).reshape(source.shape) * rows.shape[1]
    whole_number = writer.scaled(inputs[0], 1 / source.type.step, f"{name}_whole")
    row = writer.shifted(whole_number, -source.type.minimum, f"{name}_row")
    place = writer.add("Cast", [row], f"{name}_place", to=7)
    if starts.any():
        place = writer.add("Add", [place, writer.indices(starts)], f"{name}_index")
    values = writer.constant(rows.ravel() * layer.type.step, f"{name}_entries")
    return writer.add("Gather", [values, place], name, axis=0)


def _compare(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    operators = {
        "less": "Less",
        "less_equal": "LessOrEqual",
        "greater": "Greater",
        "greater_equal": "GreaterOrEqual",
        "equal": "Equal",
        "not_equal": "Equal",
    }
    given = _together(writer, context, inputs)
    found = writer.add(operators[layer.relation], given, f"{context.name}_holds")
    if layer.relation == "not_equal":
        found = writer.add("Not", [found], f"{context.name}_not")
    return writer.add("Cast", [found], context.name, to=1)


def _select(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    condition, yes, no = _together(writer, context, inputs)
    zero = writer.add("Equal", [condition, writer.constant(0.0)], f"{context.name}_zero")
    return writer.add("Where", [zero, no, yes], context.name)


def _argmax(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    name, (source,) = context.name, context.inputs
    place = writer.add("ArgMax", inputs, f"{name}_place", axis=len(source.shape), keepdims=0)
    real = writer.add("Cast", [place], f"{name}_real", to=1)
    return writer.reshape(real, context.output_shape, name)


def _tree(writer: Writer, flat: str, tree: Tree, source: TensorType, outputs: int) -> str:
    """Leaf values of one tree, (n, outputs), by matrix products.

    Each leaf's conditions are counted; it is reached where all of them hold (the GEMM strategy of
    Nakandala et al., OSDI 2020).
    """
    order = tree.order(source.elements)
    inner = [node for node in order if tree.left[node] != -1]
    leaves = [node for node in order if tree.left[node] == -1]
    values = np.zeros((len(leaves), outputs))
    values[:, tree.output] = [tree.value[leaf] for leaf in leaves]
    if not inner:
        one = writer.scaled(writer.gather(flat, np.array([0]), "one"), 0.0, "zero")
        return writer.add("Add", [one, writer.constant(values)], "leaf")
    column = {node: number for number, node in enumerate(inner)}
    conditions = np.zeros((len(inner), len(leaves)))
    right, depth = np.zeros(len(leaves)), np.zeros(len(leaves))
    row = {leaf: number for number, leaf in enumerate(leaves)}

    waiting: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]
    while waiting:
        node, path = waiting.pop()
        if tree.left[node] != -1:
            waiting.append((tree.left[node], [*path, (column[node], 1)]))
            waiting.append((tree.right[node], [*path, (column[node], -1)]))
            continue
        for place, sign in path:
            conditions[place, row[node]] = sign
        right[row[node]] = sum(sign < 0 for _, sign in path)
        depth[row[node]] = len(path)
    features = writer.gather(flat, np.array([tree.feature[node] for node in inner]), "features")
    limits = np.array([tree.threshold[node] for node in inner])
    beyond = 2 * max(abs(source.type.minimum), source.type.maximum) + 2
    limit = writer.constant(np.clip(limits, -beyond, beyond) * source.type.step, "limits")
    below = writer.add("Cast", [writer.add("Less", [features, limit], "is_below")], "below", to=1)
    met = writer.add("MatMul", [below, writer.constant(conditions)], "met")
    wanted = writer.constant(depth - right)
    reached = writer.add("Cast", [writer.add("Equal", [met, wanted], "is_met")], "reached", to=1)
    return writer.add("MatMul", [reached, writer.constant(values)], "leaf")


def _trees(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    layer: Any = context.layer
    (source,), name = context.inputs, context.name
    flat, biases = _flat(writer, inputs[0], source, name), np.array(layer.biases, dtype=float)
    leaves = [_tree(writer, flat, tree, source, len(biases)) for tree in layer.trees]
    total = writer.add("Sum", [*leaves, writer.constant(biases[None])], f"{name}_sum")
    return writer.scaled(total, np.ldexp(1.0, -layer.fraction_bits), name)


def _lut_network(writer: Writer, context: LayerContext, inputs: Sequence[str]) -> str:
    """Each layer one Gather: its tables in a row, indices sums of bits and a table's start."""
    layer, name, (source,) = context.layer, context.name, context.inputs
    assert isinstance(layer, LutNetwork)
    flat = _flat(writer, inputs[0], source, name)
    flat = writer.scaled(flat, 1 / source.type.step, f"{name}_whole")
    wires = _bits(writer, flat, source, name)
    rows: dict[int, list[tuple[list[int], list[int]]]] = {}
    for number, _, lut, truths in layer.walk(source):
        entries = ([truth >> i & 1 for i in range(1 << len(lut.inputs))] for truth in truths)
        rows.setdefault(number, []).extend((lut.inputs, row) for row in entries)
    for number, row in rows.items():
        starts = np.cumsum([0] + [len(entries) for _, entries in row])[:-1]
        read = np.zeros((len(row), max(len(luts) for luts, _ in row)), np.int64)
        weights = np.zeros(read.shape)
        for place, (luts, _) in enumerate(row):
            read[place, : len(luts)] = luts
            weights[place, : len(luts)] = 2.0 ** np.arange(len(luts))
        index = _dotted(writer, wires, read, weights, f"{name}_index_{number}")
        place = writer.add("Cast", [index], f"{name}_place_{number}", to=7)
        place = writer.add("Add", [place, writer.indices(starts)], f"{name}_entry_{number}")
        table = writer.constant(np.concatenate([entries for _, entries in row]).astype(float))
        made = writer.add("Gather", [table, place], f"{name}_layer_{number}", axis=0)
        wires = writer.add("Concat", [wires, made], f"{name}_wires_{number}", axis=1)
    ends = layer.ends()
    read = np.zeros((len(ends), max(map(len, ends))), np.int64)
    weights = np.zeros(read.shape)
    for place, one in enumerate(ends):
        read[place, : len(one)] = one
        weights[place, : len(one)] = layer.weights(len(one))
    total = _dotted(writer, wires, read, weights, f"{name}_sums")
    total = writer.shifted(total, np.array(layer.constants(), dtype=float), f"{name}_total")
    return writer.scaled(total, context.output_type.step, name)


def _bits(writer: Writer, flat: str, source: TensorType, name: str) -> str:
    """All bits of whole numbers, (n, bits): floors of halves, less twice the next."""
    width = source.type.width
    halves = [
        writer.add("Floor", [writer.scaled(flat, 2.0**-bit, f"{name}_shifted")], f"{name}_floor")
        for bit in range(width + 1)
    ]
    axis = writer.indices([2])
    rows = [
        writer.add(
            "Unsqueeze",
            [writer.add("Sub", [one, writer.scaled(above, 2.0, f"{name}_twice")], f"{name}_bit"),
             axis],
            f"{name}_column",
        )
        for one, above in pairwise(halves)
    ]  # fmt: skip
    together = writer.add("Concat", rows, f"{name}_columns", axis=2)
    return writer.reshape(together, [source.elements * width], f"{name}_bits")


def _dotted(writer: Writer, wires: str, read: np.ndarray, weights: np.ndarray, wanted: str) -> str:
    """Sums of wires times weights, both (sums, terms): (n, sums)."""
    terms = writer.gather(wires, read, f"{wanted}_terms")
    products = writer.add("Mul", [terms, writer.constant(weights[None])], f"{wanted}_products")
    return writer.add("ReduceSum", [products, writer.indices([2])], wanted, keepdims=0)


EXPORTS: dict[str, Export] = {
    "add": _add,
    "argmax": _argmax,
    "compare": _compare,
    "constant": _constant,
    "conv2d": _weighted,
    "dense": _weighted,
    "flatten": _flatten,
    "linear": _linear,
    "lut_network": _lut_network,
    "matmul": _matmul,
    "move": _move,
    "multiply": _multiply,
    "reduce": _reduce,
    "requantise": _requantise,
    "select": _select,
    "table": _table,
    "threshold": _threshold,
    "trees": _trees,
}
