"""network.json: the frozen integer network, the contract between training and hardware.

The arithmetic that the keys stand for is defined in docs/arithmetic.md; the file's JSON schema is
docs/network.schema.json, made from these classes and from the kinds of network/kinds/.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field, PositiveInt, model_validator

from hexcoder.config import Name, Section
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPointField
from hexcoder.network.kinds import KINDS
from hexcoder.network.layer import Layer, LayerContext, Shape
from hexcoder.network.names import name_in_results
from hexcoder.network.weighted import WeightedContext, WeightedLayer
from hexcoder.sections import validated

FORMAT = "hexcoder-network"
VERSION = 1
MOST_ELEMENTS = 1 << 20
"""Elements of the largest tensor."""
WIDEST_SUM = 62
"""Bits of the widest exact sum: the golden model computes in 64-bit integers."""

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007


class TensorType(Section):
    """The input tensor: shape (row, column, channel) or (elements,), and its type."""

    shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)
    type: FixedPointField

    @model_validator(mode="after")
    def _is_small_enough(self) -> TensorType:
        check_size(self.shape)
        return self


def check_size(shape: Shape) -> None:
    """Raise ValueError if a tensor has more elements than can be built."""
    if math.prod(shape) > MOST_ELEMENTS:
        raise ValueError(
            f"a tensor of shape {list(shape)} has {math.prod(shape)} elements; "
            f"at most {MOST_ELEMENTS} are supported"
        )


class Network(Section):
    """A frozen network: everything that the hardware needs to know, all of it integers."""

    format: Literal["hexcoder-network"] = FORMAT
    version: Literal[1] = VERSION
    name: Name
    input: TensorType
    layers: tuple[AnyLayer, ...] = Field(min_length=1, max_length=1024)

    @model_validator(mode="after")
    def _fits_together(self) -> Network:
        names: set[str] = set()
        for context in self.contexts():
            if context.name in names:
                raise ValueError(f"two layers are called '{context.name}'; names must differ")
            names.add(context.name)
            bits = context.layer.sum_bits(context.input_shape, context.input_type)
            if bits > WIDEST_SUM:
                raise ValueError(
                    f"layer '{context.name}': its sum may need {bits} bits; "
                    f"at most {WIDEST_SUM} are supported, so use narrower types"
                )
        return self

    def contexts(self) -> Iterator[LayerContext]:
        """Walk the layers in order, each with its input and output shape and type.

        Its name is that of Verilog and results: :func:`hexcoder.network.names.name_in_results`.
        """
        shape, type_ = self.input.shape, self.input.type
        names = [layer.name or f"{layer.kind}_{k}" for k, layer in enumerate(self.layers)]
        for index, (layer, given) in enumerate(zip(self.layers, names, strict=True)):
            name = name_in_results(given, names)
            try:
                output_shape = layer.output_shape(shape)
                check_size(output_shape)
            except ValueError as error:
                raise ValueError(f"layer {index} '{name}': {error}") from None
            output_type = layer.output_type_of(type_)
            context = WeightedContext if isinstance(layer, WeightedLayer) else LayerContext
            yield context.model_construct(
                name=name,
                layer=layer,
                input_shape=shape,
                input_type=type_,
                output_shape=output_shape,
                output_type=output_type,
            )
            shape, type_ = output_shape, output_type

    def weighted(self) -> list[WeightedContext]:
        """Layers with weights, in order."""
        return [context for context in self.contexts() if isinstance(context, WeightedContext)]

    @property
    def output(self) -> TensorType:
        """Shape and type of the last layer's output."""
        last = list(self.contexts())[-1]
        return TensorType.model_construct(shape=last.output_shape, type=last.output_type)

    def parameters(self) -> int:
        """Number of weights and biases."""
        layers = [context.layer for context in self.weighted()]
        return sum(layer.weight_array().size + len(layer.biases or ()) for layer in layers)


def load_network(path: Path | str) -> Network:
    """Read a network.json.

    Raises
    ------
    InputError
        One line that names the file, the key or layer, the value and what would be valid.
    """
    path = Path(path)
    value = read_json(path, "give the path of a network.json")
    if not isinstance(value, dict):
        raise InputError(f"{path}: a network is a JSON object with the key 'format'")
    if value.get("format") != FORMAT:
        shown = reprlib.repr(value.get("format"))
        raise InputError(f"{path}: key 'format' = {shown}: it must be '{FORMAT}'")
    return validated(Network, value, str(path))


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


def save_network(network: Network, path: Path | str) -> None:
    """Write a network.json; the same network gives the same bytes."""
    write_rows(network.model_dump(mode="json", exclude_none=True), Path(path))


def write_rows(value: Any, path: Path) -> None:
    """Write JSON with each row of numbers on a line."""
    path.write_text(_layout(value, 0) + "\n", encoding="utf-8")
