"""Graphs as a designer would write them first: an expression for each element, left to yosys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hexcoder.bench.wrapper import registered
from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.training.loop import Trainer
from hexcoder.models.training.task import fit_task
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.kinds.argmax import Argmax
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.lut_network import LutNetwork
from hexcoder.network.kinds.move import Move
from hexcoder.network.kinds.multiply import Multiply
from hexcoder.network.kinds.table import Table
from hexcoder.network.kinds.threshold import Threshold
from hexcoder.network.kinds.trees import Tree, Trees
from hexcoder.network.layer import LayerContext
from hexcoder.network.schema import Network

Values = Sequence[str]
"""Names of a tensor's elements, signed wires."""
Parts = tuple[list[str], list[str]]
"""Lines that stand in front, and an expression for each element."""


def _linear(context: LayerContext, layer: Linear, values: Values) -> Parts:
    sums, _, _ = layer.sums(context.inputs[0])
    found = []
    for elements, weights, bias in zip(sums.elements, sums.weights, sums.biases, strict=True):
        terms = [f"({values[e]} * {w})" for e, w in zip(elements, weights, strict=True) if w]
        found.append(f"{bias}" + "".join(f" + {term}" for term in terms))
    return [], found


def _move(context: LayerContext, layer: Move, values: Values) -> Parts:
    numbers: list[int] = layer.numbers(context.inputs).tolist()
    return [], [values[number] if number >= 0 else "0" for number in numbers]


def _threshold(context: LayerContext, layer: Threshold, values: Values) -> Parts:
    rows, falls = layer.rows(context.input_shape), layer.falls()
    found = []
    for value, row in zip(values, rows, strict=True):
        relation = "<" if falls[row] else ">="
        reached = [f"({value} {relation} {limit} ? {layer.step} : 0)"
                   for limit in layer.thresholds[row]]  # fmt: skip
        found.append(" + ".join([str(layer.start), *reached]))
    return [], found


def _table(context: LayerContext, layer: Table, values: Values) -> Parts:
    source, rows = context.input_type, layer.rows()
    lines, found = [], []
    for number, row in enumerate(rows):
        width = max(context.output_type.width + 1, 2)
        lines += [f"  function signed [{width - 1}:0] {context.name}_{number};",
                  f"    input signed [{source.width}:0] x;", "    case (x)"]  # fmt: skip
        lines += [f"      {source.minimum + k}: {context.name}_{number} = {value};"
                  for k, value in enumerate(row)]  # fmt: skip
        lines += [f"      default: {context.name}_{number} = 0;", "    endcase", "  endfunction"]
    for value, choice in zip(values, layer.choices(context.input_shape), strict=True):
        found.append(f"{context.name}_{choice}({value})")
    return lines, found


def _tree(tree: Tree, values: Values, node: int = 0) -> str:
    if tree.left[node] == -1:
        return str(tree.value[node])
    yes, no = (_tree(tree, values, child) for child in (tree.left[node], tree.right[node]))
    return f"({values[tree.feature[node]]} < {tree.threshold[node]} ? {yes} : {no})"


def _trees(context: LayerContext, layer: Trees, values: Values) -> Parts:
    found = [str(bias) for bias in layer.biases]
    for tree in layer.trees:
        found[tree.output] += f" + {_tree(tree, values)}"
    return [], found


def _argmax(context: LayerContext, layer: Argmax, values: Values) -> Parts:
    size = context.input_shape[-1]
    lines, found = [], []
    width, places = context.input_type.width + 1, size.bit_length() + 1
    for start in range(0, len(values), size):
        best, place = values[start], "0"
        for k in range(1, size):
            name = f"{context.name}_{start}_{k}"
            lines += [
                f"  wire signed [{width - 1}:0] {name};",
                f"  wire signed [{places - 1}:0] {name}_place;",
                f"  assign {name} = {values[start + k]} > {best} ? {values[start + k]} : {best};",
                f"  assign {name}_place = {values[start + k]} > {best} ? {k} : {place};",
            ]
            best, place = name, f"{name}_place"
        found.append(place)
    return lines, found


def _multiply(context: LayerContext, layer: Multiply, values: Values) -> Parts:
    half = len(values) // 2
    return [], [f"{a} * {b}" for a, b in zip(values[:half], values[half:], strict=True)]


def _lut_network(context: LayerContext, layer: LutNetwork, values: Values) -> Parts:
    name, source = context.name, context.input_type
    wires = [f"{value}[{bit}]" for value in values for bit in range(source.width)]
    lines, made, layer_of = [], list[str](), 0
    for number, place, lut, truths in layer.walk(context.inputs[0]):
        if number != layer_of:
            wires, made, layer_of = wires + made, [], number
        index = ", ".join(wires[wire] for wire in reversed(lut.inputs))
        for output, truth in enumerate(truths):
            one, size = f"{name}_{number}_{place}_{output}", len(lut.inputs)
            made.append(one)
            lines += [f"  function f_{one};", f"    input [{size - 1}:0] x;", "    case (x)"]
            lines += [f"      {i}: f_{one} = {truth >> i & 1};" for i in range((1 << size) - 1)]
            # All bits of the last index are 1. A constant would let yosys make a memory.
            last = "" if truth >> (1 << size) - 1 else "~"
            lines += [f"      default: f_{one} = {last}x[0];", "    endcase", "  endfunction"]
            lines += [f"  wire {one} = f_{one}({{{index}}});"]
    wires += made
    found = []
    for ends, offset in zip(layer.ends(), layer.constants(), strict=True):
        terms = zip(layer.weights(len(ends)), ends, strict=True)
        found.append(f"{offset}" + "".join(f" + ({wires[w]} ? {by} : 0)" for by, w in terms))
    return lines, found


_WRITERS: dict[str, Callable[..., Parts]] = {
    "linear": _linear,
    "move": _move,
    "threshold": _threshold,
    "table": _table,
    "trees": _trees,
    "argmax": _argmax,
    "multiply": _multiply,
    "lut_network": _lut_network,
}


def _wires(name: str, type_: FixedPoint, expressions: Sequence[str]) -> tuple[list[str], Values]:
    width = max(type_.width + (not type_.signed), 2)
    names = [f"{name}_e{k}" for k in range(len(expressions))]
    lines = [
        f"  wire signed [{width - 1}:0] {one} = {expression};"
        for one, expression in zip(names, expressions, strict=True)
    ]
    return lines, names


def plain_graph(network: Network) -> str:
    """Verilog of a graph of one input and one output.

    Raises
    ------
    InputError
        If it has a kind of node that is not written here.
    """
    given, wanted = network.input, network.output
    width, bits = given.type.width, given.elements * given.type.width
    inputs = [f"x[{k * width + width - 1}:{k * width}]" for k in range(given.elements)]
    inputs = [f"$signed({one if given.type.signed else f'{{1{chr(39)}b0, {one}}}'})"
              for one in inputs]  # fmt: skip
    name = next(iter(network.inputs_by_name))
    lines, tensors = _wires(name, given.type, inputs)
    known = {name: tensors}
    for context in network.contexts():
        if context.layer.kind not in _WRITERS:
            raise InputError(f"plain RTL of a node of kind '{context.layer.kind}'")
        values = [value for source in context.sources for value in known[source]]
        front, found = _WRITERS[context.layer.kind](context, context.layer, values)
        more, known[context.name] = _wires(context.name, context.output_type, found)
        lines += [*front, *more]
    last, size = known[next(iter(network.outputs_by_name))], wanted.type.width
    output_bits = wanted.elements * size
    head = f"module network(input [{bits - 1}:0] x, output [{output_bits - 1}:0] y);"
    ends = [f"  assign y[{k * size + size - 1}:{k * size}] = {one};" for k, one in enumerate(last)]
    return "\n".join([head, *lines, *ends, "endmodule", registered(bits, output_bits)])


def _builder(name: str, elements: int, type_: str) -> tuple[GraphBuilder, str]:
    builder = GraphBuilder(name)
    return builder, builder.input("x", (elements,), type_)


def _trained(name: str, generator: str, **sections: dict[str, object]) -> Network:
    """A network of a config, trained on 8,000 generated samples."""
    data = {"generator": generator, "count": 8000}
    config = Config.model_validate({"name": name, "data": data, **sections})

    def run(trainer: Trainer[Any, Any]) -> None:
        trainer.run()

    with TemporaryDirectory() as folder:
        return fit_task(config, Path(folder), run)[0]


def _forest(count: int, depth: int) -> Network:
    """Trees that were grown on clusters of a calorimeter."""
    network = {"kind": "trees", "input_shape": [10], "input_type": "UQ(6,2)",
               "trees": count, "depth": depth, "leaf_fraction_bits": 6}  # fmt: skip
    return _trained("trees", "clusters", network=network)


def _thresholds() -> Network:
    """Sums of 16 inputs, each cut to 3 bits by thresholds of its own."""
    random = np.random.default_rng(3)
    builder, x = _builder("thresholds", 16, "UQ(4,0)")
    sums = builder.add("linear", "sums", [x], weights=random.integers(-7, 8, (16, 16)))
    type_ = builder.tensors[sums].type
    rows = np.sort(random.normal(0, type_.maximum / 3, (16, 7)).astype(int), axis=1)
    builder.output(builder.add("threshold", "levels", [sums], thresholds=rows))
    return builder.network()


def _binary() -> Network:
    """A layer of weights and activations of -1 and 1, and the sign of each sum."""
    random = np.random.default_rng(4)
    builder, x = _builder("binary", 64, "UQ(1,0)")
    signs = builder.add("threshold", "signs", [x], thresholds=[[1]], start=-1, step=2)
    weights = random.choice([-1, 1], (64, 32))
    sums = builder.add("linear", "sums", [signs], weights=weights)
    rows = random.integers(-6, 7, (32, 1))
    builder.output(builder.add("threshold", "bits", [sums], thresholds=rows, start=0))
    return builder.network()


def _tables(width: int, output_bits: int) -> Network:
    """Sigmoid, tanh, exp and a random function, of eight elements."""
    grid = np.arange(-(1 << width - 1), 1 << width - 1) / 2.0 ** (width - 3)
    top = (1 << output_bits) - 1
    curves = [1 / (1 + np.exp(-grid)), (1 + np.tanh(grid)) / 2, np.exp(-np.abs(grid))]
    rows = [np.rint(curve * top).astype(int) for curve in curves]
    rows.append(np.random.default_rng(5).integers(0, 4, len(grid)))
    builder, x = _builder("tables", 8, f"SQ({width},0)")
    keys = {"tables": np.array(rows), "choice": [k % 4 for k in range(8)]}
    builder.output(builder.add("table", "curves", [x], type=f"UQ({output_bits},0)", **keys))
    return builder.network()


def _argmaxes() -> Network:
    """The greatest of ten."""
    builder, x = _builder("argmax", 10, "SQ(8,0)")
    builder.output(builder.add("argmax", "best", [x]))
    return builder.network()


def _squares() -> Network:
    """Squares of eight elements."""
    builder, x = _builder("squares", 8, "SQ(8,0)")
    builder.output(builder.add("multiply", "squares", [x, x]))
    return builder.network()


def _random_tables(random: np.random.Generator, count: int, wires: int) -> list[dict[str, object]]:
    """Random functions of four to six of some wires."""
    tables = []
    for number in range(count):
        inputs = random.choice(wires, 4 + number % 3, replace=False).tolist()
        table = int.from_bytes(random.bytes(8), "little") & (1 << (1 << len(inputs))) - 1
        tables.append({"inputs": inputs, "table": table})
    return tables


def _luts() -> Network:
    """200 random tables of four to six of 64 bits."""
    builder, x = _builder("luts", 64, "UQ(1,0)")
    layers = [_random_tables(np.random.default_rng(6), 200, 64)]
    outputs = [[64 + number] for number in range(200)]
    keys = {"layers": layers, "outputs": outputs, "type": "UQ(1,0)"}
    builder.output(builder.add("lut_network", "tables", [x], **keys))
    return builder.network()


def _trained_luts() -> Network:
    """2,000 tables of 6 inputs in two layers, trained to tell five kinds of jets apart."""
    tables = {"kind": "tables", "outputs": 1000, "fan_in": 6}
    layers = [
        {"kind": "thermometer", "bits": 8}, tables, tables, {"kind": "group_sum", "groups": 5}
    ]  # fmt: skip
    network = {"kind": "classifier", "input_shape": [16], "input_type": "SQ(4,4)", "layers": layers}
    training = {"epochs": 4, "batch_size": 256, "learning_rate": 0.03}
    return _trained("luts_trained", "jets", network=network, training=training)


NODE_NETWORKS: dict[str, Callable[[], Network]] = {
    "trees": lambda: _forest(20, 4),
    "trees_deep": lambda: _forest(8, 7),
    "thresholds": _thresholds,
    "binary": _binary,
    "tables": lambda: _tables(8, 6),
    "tables_wide": lambda: _tables(10, 8),
    "argmax": _argmaxes,
    "squares": _squares,
    "luts": _luts,
    "luts_trained": _trained_luts,
}
"""Graphs by name: what each kind of node costs, alone and behind a sum."""
