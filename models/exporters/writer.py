"""Nodes of an ONNX graph, written one by one; tensors inside hold real numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.requantise import least_of
from hexcoder.network.layer import LayerContext
from hexcoder.network.weighted import WeightedLayer

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    raise InputError(
        "writing ONNX needs the package onnx: pip install 'hexcoder[import]'"
    ) from None

DOMAIN = "qonnx.custom_op.general"
OPSET = 17
IR_VERSION = 9
EXACT_BITS = 24
"""Integers that float32 holds, in which tools of QONNX compute."""

MODES = {
    "floor": "FLOOR",
    "ceil": "CEIL",
    "towards_zero": "DOWN",
    "away_from_zero": "UP",
    "half_even": "ROUND",
    "half_away_from_zero": "HALF_UP",
    "half_towards_zero": "HALF_DOWN",
}
"""Rounding modes of QONNX by ours; ``half_up`` and ``half_down`` are a shift and two of these."""
SHIFTS = {"half_up": (0.5, "floor"), "half_down": (-0.5, "ceil")}


class Writer:
    """Collects operators and constants of one graph.

    A tensor (n, *shape) of the network is a tensor of the same axes here; an integer stands for
    itself times its type's step.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._names: set[str] = set()

    def name(self, wanted: str) -> str:
        """A name that no tensor has."""
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def constant(self, values: Any, wanted: str = "constant") -> str:
        """Real numbers."""
        return self._initial(np.asarray(values, dtype=np.float32), wanted)

    def indices(self, values: Any) -> str:
        """Whole numbers, as shapes and places are given."""
        return self._initial(np.asarray(values, dtype=np.int64), "indices")

    def _initial(self, array: np.ndarray, wanted: str) -> str:
        name = self.name(wanted)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(
        self, operator: str, inputs: Sequence[str], wanted: str, domain: str = "", **keys: Any
    ) -> str:
        """An operator with one output; the output's name."""
        # Tools of QONNX that rename tensors find only the first of equal inputs.
        if len(set(inputs)) < len(inputs):
            inputs = [
                self.add("Identity", [tensor], f"{tensor}_again")
                if tensor in inputs[:place]
                else tensor
                for place, tensor in enumerate(inputs)
            ]
        name = self.name(wanted)
        node = helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **keys)
        self.nodes.append(node)
        return name

    def reshape(self, tensor: str, shape: Sequence[int], wanted: str) -> str:
        """Other axes behind the batch's."""
        return self.add("Reshape", [tensor, self.indices([0, *shape])], wanted)

    def gather(self, flat: str, numbers: np.ndarray, wanted: str) -> str:
        """Elements of a flat tensor (n, elements), in any shape."""
        return self.add("Gather", [flat, self.indices(numbers)], wanted, axis=1)

    def with_zero(self, flat: str) -> str:
        """A flat tensor (n, elements) with a zero behind it, which stands for padding."""
        zero = self.scaled(self.gather(flat, np.array([0]), "one"), 0.0, "zero")
        return self.add("Concat", [flat, zero], f"{flat}_padded", axis=1)

    def scaled(self, tensor: str, factor: Any, wanted: str) -> str:
        """Times constants."""
        if np.all(np.asarray(factor) == 1):
            return tensor
        return self.add("Mul", [tensor, self.constant(factor)], wanted)

    def shifted(self, tensor: str, amount: Any, wanted: str) -> str:
        """Plus constants."""
        if np.all(np.asarray(amount) == 0):
            return tensor
        return self.add("Add", [tensor, self.constant(amount)], wanted)

    def known(self, integers: np.ndarray, fraction_bits: int, wanted: str) -> str:
        """Constants as a quantised tensor, so that readers see how many bits they have."""
        low, high = int(integers.min(initial=0)), int(integers.max(initial=0))
        # One signed bit of QONNX is -1 or 1: two bits for -1 and 0.
        type_ = FixedPoint.holding(low - (low == -1), high, fraction_bits)
        values = self.constant(integers * type_.step, wanted)
        return self.quant(values, type_, "half_even", False, f"{wanted}_quantised")

    def quant(
        self, tensor: str, type_: FixedPoint, rounding: str, narrow: bool, wanted: str
    ) -> str:
        """QONNX's node ``Quant``: rounds and saturates to one type."""
        inputs = [tensor, *(self.constant(value) for value in (type_.step, 0.0, type_.width))]
        return self.add(
            "Quant",
            inputs,
            wanted,
            DOMAIN,
            signed=int(type_.signed),
            narrow=int(narrow),
            rounding_mode=MODES[rounding],
        )

    def requantised(
        self, tensor: str, types: np.ndarray, rounding: str, overflow: str, wanted: str
    ) -> str:
        """Elements of any types, rounded and brought into range in any way.

        Parameters
        ----------
        types : object array of the tensor's shape
            None where an element is always 0.
        """
        distinct = list(dict.fromkeys(types.ravel()))
        given = [type_ or FixedPoint(False, 1, 0) for type_ in types.ravel()]
        steps = np.array([type_.step for type_ in given]).reshape(types.shape)
        if len(distinct) == 1:
            steps = steps.ravel()[0]
        if rounding in SHIFTS:
            amount, rounding = SHIFTS[rounding]
            tensor = self.shifted(tensor, amount * steps, f"{wanted}_shifted")
        is_bipolar = distinct[0] is not None and distinct[0].signed and distinct[0].width == 1
        if len(distinct) == 1 and distinct[0] and not is_bipolar and overflow != "wrap":
            narrow = overflow == "saturate_symmetric" and distinct[0].signed
            return self.quant(tensor, distinct[0], rounding, narrow, wanted)
        whole = self._rounded(self.scaled(tensor, 1 / steps, f"{wanted}_scaled"), rounding, wanted)
        low = np.array([least_of(type_, overflow) for type_ in given]).reshape(types.shape)
        high = np.array([type_.maximum for type_ in given]).reshape(types.shape)
        if overflow == "wrap":
            span = (high - low + 1).astype(float)
            raised = self.shifted(whole, -low, f"{wanted}_raised")
            turns = self.add(
                "Floor", [self.scaled(raised, 1 / span, f"{wanted}_turns")], f"{wanted}_whole_turns"
            )
            taken = self.scaled(turns, -span, f"{wanted}_taken")
            kept = self.add("Add", [whole, taken], f"{wanted}_wrapped")
        else:
            least = self.add("Max", [whole, self.constant(low)], f"{wanted}_raised")
            kept = self.add("Min", [least, self.constant(high)], f"{wanted}_bounded")
        absent = np.array([type_ is None for type_ in types.ravel()]).reshape(types.shape)
        return self.scaled(kept, np.where(absent, 0, steps), wanted)

    def _rounded(self, tensor: str, rounding: str, wanted: str) -> str:
        plain = {"floor": "Floor", "ceil": "Ceil", "half_even": "Round"}
        if rounding in plain:
            return self.add(plain[rounding], [tensor], f"{wanted}_rounded")
        amount, operator = {
            "towards_zero": (0, "Floor"),
            "away_from_zero": (0, "Ceil"),
            "half_away_from_zero": (0.5, "Floor"),
            "half_towards_zero": (-0.5, "Ceil"),
        }[rounding]
        size = self.shifted(self.add("Abs", [tensor], f"{wanted}_size"), amount, f"{wanted}_half")
        whole = self.add(operator, [size], f"{wanted}_whole")
        sign = self.add("Sign", [tensor], f"{wanted}_sign")
        return self.add("Mul", [whole, sign], f"{wanted}_rounded")

    def model(
        self,
        name: str,
        inputs: dict[str, Sequence[int]],
        outputs: dict[str, Sequence[int]],
    ) -> onnx.ModelProto:
        """The file: tensors of (1, *shape) come in and go out."""

        def told(shapes: dict[str, Sequence[int]]) -> list[onnx.ValueInfoProto]:
            return [
                helper.make_tensor_value_info(tensor, TensorProto.FLOAT, [1, *shape])
                for tensor, shape in shapes.items()
            ]

        graph = helper.make_graph(self.nodes, name, told(inputs), told(outputs), self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="hexcoder")
        model.ir_version = IR_VERSION
        return model


def require_exact(context: LayerContext) -> None:
    """Refuse a layer whose values, or sums on the way to them, float32 does not hold."""
    bits = value_bits(context)
    if bits > EXACT_BITS:
        raise InputError(
            f"layer '{context.name}': its values take {bits} bits; tools of QONNX compute in "
            f"float32, which holds {EXACT_BITS}: it cannot be exported exactly"
        )


def value_bits(context: LayerContext) -> int:
    """Bits that the size of any value in a layer takes, in units of its finest step."""
    layer = context.layer
    if isinstance(layer, Linear):
        sums, _, _ = layer.sums(context.inputs[0])
        sizes = np.abs(sums.weights).sum(axis=1) * _largest(context.input_type)
        return _bits((sizes << sums.weight_shift) + np.abs(sums.biases), context)
    if isinstance(layer, WeightedLayer) and layer.product_type is None:
        matrix, type_ = layer.matrix(), context.input_type
        align = layer.sum_fraction_bits(type_)
        sizes = np.abs(matrix).sum(axis=0) * _largest(type_)
        sizes <<= align - layer.product_fraction_bits(type_)
        if layer.bias_type is not None:
            biases = np.abs(layer.bias_array(matrix.shape[1]))
            sizes += biases << align - layer.bias_type.fraction_bits
        return _bits(sizes, context)
    bits = layer.needed_bits(context.inputs)
    if isinstance(layer, WeightedLayer):
        # Products are whole before they are cut.
        bits = max(bits, context.input_type.width + layer.weight_type.width)
    return bits


def _largest(type_: FixedPoint) -> int:
    return max(-type_.minimum, type_.maximum)


def _bits(sizes: np.ndarray, context: LayerContext) -> int:
    widest = max(type_.width for type_ in (context.input_type, context.output_type))
    return max(int(sizes.max(initial=0)).bit_length(), widest)
