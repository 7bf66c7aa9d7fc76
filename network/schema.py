"""network.json: the frozen integer network, the contract between training and hardware.

The arithmetic that the keys stand for is defined in docs/arithmetic.md; the file's JSON schema is
docs/network.schema.json, made from these classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from pydantic import Field, PositiveInt, model_validator

from hexcoder.config import Activation, Name, Overflow, Padding, Pair, Rounding, Section, Sides
from hexcoder.errors import InputError, first_problem
from hexcoder.files import read_json
from hexcoder.fixed_point import FixedPoint, FixedPointField

FORMAT = "hexcoder-network"
VERSION = 1
ACCUMULATOR_BITS = 62
"""Widest exact sum: the golden model computes in 64-bit integers."""

Shape = tuple[int, ...]


class TensorType(Section):
    """The input tensor: shape (row, column, channel) or (elements,), and its type."""

    shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)
    type: FixedPointField


def _check_integers(key: str, values: Any, shape: Shape, type_: FixedPoint) -> None:
    """Refuse weights of the wrong shape, of a wrong kind, or outside their type."""
    try:
        array = np.array(values, dtype=object)
    except ValueError:
        raise ValueError(f"'{key}' is ragged; its shape must be {list(shape)}") from None
    if array.shape != shape:
        raise ValueError(f"'{key}' has shape {list(array.shape)}; it must be {list(shape)}")
    for index, value in np.ndenumerate(array):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"'{key}'{list(index)} = {value!r} is not an integer")
        if not type_.minimum <= value <= type_.maximum:
            raise ValueError(
                f"'{key}'{list(index)} = {value} does not fit {type_}; "
                f"valid are {type_.minimum} to {type_.maximum}"
            )


class _Arithmetic(Section):
    """Keys that layers with weights share."""

    name: Name | None = None
    weight_type: FixedPointField
    biases: list[int] | None = None
    bias_type: FixedPointField | None = None
    product_type: FixedPointField | None = Field(
        None, description="each product cut to it (floor, then wrap) before the sum"
    )
    activation: Activation = "none"
    output_type: FixedPointField
    output_fraction_bits: list[int] | None = Field(
        None, description="fraction bits that each output channel keeps; the lower ones are zero"
    )
    rounding: Rounding = "floor"
    overflow: Overflow = "saturate"

    def channel_types(self, channels: int) -> tuple[FixedPoint, ...]:
        """Type of each output channel: ``output_type`` with the fraction bits that it keeps."""
        type_ = self.output_type
        kept = self.output_fraction_bits or [type_.fraction_bits] * channels
        return tuple(FixedPoint(type_.signed, type_.integer_bits, bits) for bits in kept)

    def _check_channels(self, channels: int) -> None:
        """Refuse kept fraction bits of a wrong number, or outside of the output's type."""
        kept, type_ = self.output_fraction_bits, self.output_type
        if kept is None:
            return
        if len(kept) != channels:
            raise ValueError(
                f"'output_fraction_bits' has {len(kept)} entries; the layer has {channels} channels"
            )
        least = 1 - type_.integer_bits
        for channel, bits in enumerate(kept):
            if not least <= bits <= type_.fraction_bits:
                raise ValueError(
                    f"'output_fraction_bits'[{channel}] = {bits}; output type {type_} allows "
                    f"{least} to {type_.fraction_bits}"
                )

    def _check_biases(self, outputs: int) -> None:
        if (self.biases is None) != (self.bias_type is None):
            raise ValueError("'biases' and 'bias_type' go together; give both or neither")
        if self.biases is not None and self.bias_type is not None:
            _check_integers("biases", self.biases, (outputs,), self.bias_type)

    def product_fraction_bits(self, source: FixedPoint) -> int:
        """Fraction bits of a product, after the cut to ``product_type`` if there is one."""
        if self.product_type is not None:
            return self.product_type.fraction_bits
        return source.fraction_bits + self.weight_type.fraction_bits

    def sum_fraction_bits(self, source: FixedPoint) -> int:
        """Fraction bits of the exact sum of products and bias."""
        bits = self.product_fraction_bits(source)
        return max(bits, self.bias_type.fraction_bits) if self.bias_type is not None else bits

    def bias_array(self, outputs: int) -> np.ndarray:
        """Biases as int64, shape (outputs,); zeros where there are none."""
        return np.array(self.biases if self.biases is not None else [0] * outputs, dtype=np.int64)


class Convolution(_Arithmetic):
    """2-D convolution (cross-correlation) on an image of (row, column, channel)."""

    kind: Literal["conv2d"]
    weights: list[list[list[list[int]]]] = Field(description="row, column, in, out")
    stride: Pair = (1, 1)
    padding: Padding = "valid"

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return len(self.weights), len(self.weights[0])

    def weight_array(self) -> np.ndarray:
        """Weights as int64, shape (row, column, in, out)."""
        return np.array(self.weights, dtype=np.int64)

    def sides(self, shape: Shape) -> Sides:
        """Zeros added at ((top, bottom), (left, right)) of an image of ``shape``."""
        return padding_sides(self.padding, shape, self.kernel, self.stride)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer; ValueError where ``shape`` does not fit."""
        if len(shape) != 3:
            raise ValueError(
                f"conv2d needs an image of (row, column, channel); it gets {list(shape)}"
            )
        weights = np.array(self.weights, dtype=object)
        if weights.ndim != 4 or 0 in weights.shape:
            raise ValueError("'weights' must be nested as row, column, in, out without gaps")
        if weights.shape[2] != shape[2]:
            raise ValueError(
                f"'weights' take {weights.shape[2]} channels; the layer's input has {shape[2]}"
            )
        _check_integers("weights", self.weights, weights.shape, self.weight_type)
        self._check_biases(weights.shape[3])
        self._check_channels(weights.shape[3])
        rows, columns = convolved_size(shape, self.kernel, self.stride, self.sides(shape))
        return rows, columns, int(weights.shape[3])


class Dense(_Arithmetic):
    """Fully connected layer on a flat tensor."""

    kind: Literal["dense"]
    weights: list[list[int]] = Field(description="out, in")

    def weight_array(self) -> np.ndarray:
        """Weights as int64, shape (out, in)."""
        return np.array(self.weights, dtype=np.int64)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer; ValueError where ``shape`` does not fit."""
        if len(shape) != 1:
            raise ValueError(
                f"dense needs a flat tensor, it gets {list(shape)}: put a flatten layer before it"
            )
        outputs = len(self.weights)
        if outputs == 0:
            raise ValueError("'weights' is empty; it must be nested as out, in")
        _check_integers("weights", self.weights, (outputs, shape[0]), self.weight_type)
        self._check_biases(outputs)
        self._check_channels(outputs)
        return (outputs,)


class Flatten(Section):
    """Image to vector in row, column, channel order; no arithmetic."""

    kind: Literal["flatten"]
    name: Name | None = None

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer."""
        return (int(np.prod(shape)),)


Layer = Annotated[Convolution | Dense | Flatten, Field(discriminator="kind")]
ArithmeticLayer = Convolution | Dense


class LayerContext(Section):
    """A layer with what comes into it and goes out of it."""

    name: str
    layer: Convolution | Dense | Flatten
    input_shape: Shape
    input_type: FixedPointField
    output_shape: Shape
    output_type: FixedPointField


def convolved_size(
    shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], sides: Sides
) -> tuple[int, int]:
    """Rows and columns after a convolution; ValueError where the kernel is the larger."""
    sizes = []
    for axis in (0, 1):
        padded = shape[axis] + sum(sides[axis])
        if padded < kernel[axis]:
            raise ValueError(f"kernel {list(kernel)} is larger than the padded image of {padded}")
        sizes.append((padded - kernel[axis]) // stride[axis] + 1)
    return sizes[0], sizes[1]


def padding_sides(
    padding: Sides | Literal["same", "valid"],
    shape: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
) -> Sides:
    """Resolve 'same' and 'valid' to ((top, bottom), (left, right)).

    'same' gives ceil(size / stride) positions; an odd zero goes to the bottom or the right, as in
    TensorFlow and Keras.
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding != "same":
        return padding
    sides = []
    for axis in (0, 1):
        positions = -(-shape[axis] // stride[axis])
        zeros = max(0, (positions - 1) * stride[axis] + kernel[axis] - shape[axis])
        sides.append((zeros // 2, zeros - zeros // 2))
    return sides[0], sides[1]


class Network(Section):
    """A frozen network: everything that the hardware needs to know, all of it integers."""

    format: Literal["hexcoder-network"] = FORMAT
    version: Literal[1] = VERSION
    name: Name
    input: TensorType
    layers: tuple[Layer, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Network:
        names: set[str] = set()
        for context in self.contexts():
            if context.name in names:
                raise ValueError(f"two layers are called '{context.name}'; names must differ")
            names.add(context.name)
            if not isinstance(context.layer, Flatten):
                _check_accumulator(context)
        return self

    def contexts(self) -> Iterator[LayerContext]:
        """Walk the layers in order, each with its input and output shape and type."""
        shape, type_ = self.input.shape, self.input.type
        for index, layer in enumerate(self.layers):
            name = layer.name or f"{layer.kind}_{index}"
            try:
                output_shape = layer.output_shape(shape)
            except ValueError as error:
                raise ValueError(f"layer {index} '{name}': {error}") from None
            output_type = type_ if isinstance(layer, Flatten) else layer.output_type
            yield LayerContext.model_construct(
                name=name,
                layer=layer,
                input_shape=shape,
                input_type=type_,
                output_shape=output_shape,
                output_type=output_type,
            )
            shape, type_ = output_shape, output_type

    @property
    def output(self) -> TensorType:
        """Shape and type of the last layer's output."""
        last = list(self.contexts())[-1]
        return TensorType.model_construct(shape=last.output_shape, type=last.output_type)

    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(
            layer.weight_array().size + len(layer.biases or ())
            for layer in self.layers
            if not isinstance(layer, Flatten)
        )


def _check_accumulator(context: LayerContext) -> None:
    """Refuse a layer whose exact sum could leave 64-bit arithmetic."""
    layer = context.layer
    assert not isinstance(layer, Flatten)
    terms = int(np.prod(context.input_shape))
    type_ = layer.product_type
    product_bits = type_.width if type_ else context.input_type.width + layer.weight_type.width
    align = layer.sum_fraction_bits(context.input_type)
    bits = product_bits + align - layer.product_fraction_bits(context.input_type)
    if layer.bias_type is not None:
        bits = max(bits, layer.bias_type.width + align - layer.bias_type.fraction_bits)
    widened = max(0, layer.output_type.fraction_bits - align)
    total = bits + terms.bit_length() + 1 + widened
    if total > ACCUMULATOR_BITS:
        raise ValueError(
            f"layer '{context.name}': its sum may need {total} bits; "
            f"at most {ACCUMULATOR_BITS} are supported, so use narrower types"
        )


def load_network(path: Path | str) -> Network:
    """Read a network.json.

    Raises
    ------
    InputError
        One line that names the file, the key or layer, the value and what would be valid.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the path of a network.json")
    value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: a network is a JSON object with the key 'format'")
    if value.get("format") != FORMAT:
        raise InputError(f"{path}: key 'format' = {value.get('format')!r}: it must be '{FORMAT}'")
    try:
        return Network.model_validate(value)
    except pydantic.ValidationError as error:
        raise InputError(first_problem(error, str(path))) from None


def _layout(value: Any, indent: int) -> str:
    """JSON with objects spread over lines and each row of numbers on one."""
    pad = "  " * indent
    if isinstance(value, dict):
        inner = ",\n".join(
            f"{pad}  {json.dumps(k)}: {_layout(v, indent + 1)}" for k, v in value.items()
        )
        return f"{{\n{inner}\n{pad}}}"
    if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
        inner = ",\n".join(f"{pad}  {_layout(item, indent + 1)}" for item in value)
        return f"[\n{inner}\n{pad}]"
    return json.dumps(value)


def save_network(network: Network, path: Path) -> None:
    """Write a network.json; the same network gives the same bytes."""
    value = network.model_dump(mode="json", exclude_none=True)
    path.write_text(_layout(value, 0) + "\n", encoding="utf-8")
