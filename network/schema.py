"""network.json: the frozen integer network, the contract between training and hardware.

The arithmetic that the keys stand for is defined in docs/arithmetic.md; the file's JSON schema is
docs/network.schema.json, made from these classes and from the kinds of network/kinds/.

Version 1 of the file is a chain of layers, version 2 a graph of nodes. Both are a
:class:`Network`: tensors that come in, layers in an order in which each can be computed, and
tensors that go out.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

import numpy as np
from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from hexcoder.config import Name, Section
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.fixed_point import WIDEST_VALUE_BITS
from hexcoder.network.kinds import KINDS
from hexcoder.network.kinds.requantise import OverflowMode, Types
from hexcoder.network.layer import ChainLayer, Layer, LayerContext, TensorType
from hexcoder.network.names import name_in_results
from hexcoder.network.rounding import RoundingMode
from hexcoder.network.weighted import WeightedContext, WeightedLayer
from hexcoder.sections import validated

FORMAT = "hexcoder-network"
MOST_LAYERS = 4096

CHAIN_KINDS = {name: kind for name, kind in KINDS.items() if issubclass(kind, ChainLayer)}
"""Those of version 1."""

if TYPE_CHECKING:
    AnyLayer = Layer
    AnyChainLayer = ChainLayer
else:
    AnyLayer = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
    AnyChainLayer = Annotated[
        Union[tuple(CHAIN_KINDS.values())],  # noqa: UP007
        Field(discriminator="kind"),
    ]


Scale = float | tuple[float, ...]
"""One number, or one for each channel."""


class RealInput(Section):
    """How real numbers become the integers of an input; hardware takes the integers.

    An element x becomes the integer nearest to ``(x - offset) / scale``, or with ``types`` what
    a node ``requantise`` makes of x in its own type.
    """

    scale: Scale | None = Field(
        default=None, description="real value of the integer 1; 2^-f of the type"
    )
    offset: Scale = Field(default=0.0, description="real value of the integer 0")
    rounding: RoundingMode = "half_even"
    overflow: OverflowMode = "saturate"
    types: Types | None = Field(
        default=None, description="of channels or elements, as of 'requantise'"
    )


class RealOutput(Section):
    """What the integers of an output stand for."""

    scale: Scale | None = Field(
        default=None, description="real value of the integer 1; 2^-f of the type"
    )
    offset: Scale = Field(default=0.0, description="real value of the integer 0")
    left_out: str | None = Field(
        default=None,
        description="what the model does with it, which keeps the order of the elements",
    )


class InputTensor(TensorType):
    """A tensor that comes into a graph."""

    name: Name
    real: RealInput | None = Field(
        default=None, description="for readers: how real numbers become it"
    )


class OutputTensor(Section):
    """A tensor that goes out of a graph."""

    node: Name = Field(description="name of the node that makes it")
    real: RealOutput | None = Field(
        default=None, description="for readers: what its integers stand for"
    )


class Network(Section):
    """A frozen network: everything that the hardware needs to know, all of it integers.

    Either a :class:`Chain` or a :class:`NetworkGraph`: ``model_validate`` makes the one that the
    key ``version`` names.
    """

    if TYPE_CHECKING:
        version: Any
        name: Any
        input: Any
        """The input of a network that has one."""

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_version(cls, value: Any, handler: Any) -> Network:
        if cls is not Network or not isinstance(value, dict):
            return handler(value)
        version = value.get("version", 1)
        if version not in (1, 2) or isinstance(version, bool):
            raise PydanticCustomError("version", "key 'version' must be 1 or 2")
        return (Chain, NetworkGraph)[version - 1].model_validate(value)

    @property
    def inputs_by_name(self) -> dict[str, TensorType]:
        """Tensors that come in, in the order of their elements in the port."""
        raise NotImplementedError

    @property
    def outputs_by_name(self) -> dict[str, TensorType]:
        """Tensors that go out, in the order of their elements in the port."""
        raise NotImplementedError

    def contexts(self) -> Iterator[LayerContext]:
        """Walk the layers, each after what it reads, with its input and output shapes and types."""
        raise NotImplementedError

    def parameters(self) -> int:
        """Numbers that say what the network computes: weights, biases, thresholds, tables."""
        raise NotImplementedError

    def weighted(self) -> list[WeightedContext]:
        """Layers of a chain with weights, in order."""
        return [context for context in self.contexts() if isinstance(context, WeightedContext)]

    @property
    def input_elements(self) -> int:
        """Elements of all tensors that come in."""
        return sum(tensor.elements for tensor in self.inputs_by_name.values())

    @property
    def input_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest integer of each input element: int64 (elements,)."""
        tensors = self.inputs_by_name.values()
        counts = [tensor.elements for tensor in tensors]
        low = np.repeat([tensor.type.minimum for tensor in tensors], counts)
        high = np.repeat([tensor.type.maximum for tensor in tensors], counts)
        return low, high

    @property
    def only_input(self) -> TensorType | None:
        """The input of a network that has one."""
        tensors = list(self.inputs_by_name.values())
        return tensors[0] if len(tensors) == 1 else None

    @property
    def only_output(self) -> TensorType | None:
        """The output of a network that has one."""
        tensors = list(self.outputs_by_name.values())
        return tensors[0] if len(tensors) == 1 else None

    @property
    def output(self) -> TensorType:
        """The output of a network that has one; InputError if it has several."""
        return self._one(self.only_output, "outputs", len(self.outputs_by_name))

    def _one(self, tensor: TensorType | None, what: str, count: int) -> TensorType:
        if tensor is None:
            raise InputError(f"network {self.name} has {count} {what}: here it must have one")
        return tensor

    def split_inputs(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Integers (n, input_elements) as tensors (n, *shape) by name."""
        tensors, start = {}, 0
        for name, tensor in self.inputs_by_name.items():
            part = inputs[:, start : start + tensor.elements]
            tensors[name] = part.reshape(len(inputs), *tensor.shape)
            start += tensor.elements
        return tensors


def context_of(
    name: str,
    layer: Layer,
    sources: tuple[str, ...],
    inputs: tuple[TensorType, ...],
    where: str,
) -> LayerContext:
    """A layer with its shapes and types; ValueError that says ``where`` if they do not fit."""
    least, most = layer.reads
    if not least <= len(inputs) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise ValueError(f"{where}: {layer.kind} reads {wanted} tensors; it gets {len(inputs)}")
    try:
        bits = layer.needed_bits(inputs)
        output = layer.output(inputs) if bits <= WIDEST_VALUE_BITS else None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if output is None:
        raise ValueError(
            f"layer '{name}': its sum may need {bits} bits; "
            f"at most {WIDEST_VALUE_BITS} are supported, so use narrower types"
        )
    kind = WeightedContext if isinstance(layer, WeightedLayer) else LayerContext
    return kind.model_construct(
        name=name, layer=layer, sources=sources, inputs=inputs, output=output
    )


class Chain(Network):
    """Version 1 of the file: each layer reads the one before."""

    format: Literal["hexcoder-network"] = FORMAT
    version: Literal[1] = 1
    name: Name
    input: TensorType
    layers: tuple[AnyChainLayer, ...] = Field(min_length=1, max_length=1024)

    @model_validator(mode="after")
    def _fits_together(self) -> Chain:
        names: set[str] = set()
        for context in self.contexts():
            if context.name in names:
                raise ValueError(f"two layers are called '{context.name}'; names must differ")
            names.add(context.name)
        for layer in self.layers:
            if layer.inputs is not None:
                raise ValueError("a layer of a chain has no key 'inputs'; version 2 is a graph")
        return self

    @property
    def inputs_by_name(self) -> dict[str, TensorType]:
        return {"input": self.input}

    @property
    def outputs_by_name(self) -> dict[str, TensorType]:
        last = list(self.contexts())[-1]
        return {last.name: last.output}

    def contexts(self) -> Iterator[LayerContext]:
        """Walk the layers in order; raises ValueError where they do not fit."""
        source, tensor = "input", self.input
        names = [layer.name or f"{layer.kind}_{k}" for k, layer in enumerate(self.layers)]
        for index, (layer, given) in enumerate(zip(self.layers, names, strict=True)):
            name = name_in_results(given, names)
            context = context_of(name, layer, (source,), (tensor,), f"layer {index} '{name}'")
            yield context
            source, tensor = name, context.output

    def parameters(self) -> int:
        layers = [context.layer for context in self.weighted()]
        return sum(layer.weight_array().size + len(layer.biases or ()) for layer in layers)


class NetworkGraph(Network):
    """Version 2 of the file: nodes that read tensors by name."""

    format: Literal["hexcoder-network"] = FORMAT
    version: Literal[2]
    name: Name
    inputs: tuple[InputTensor, ...] = Field(min_length=1, max_length=256)
    nodes: tuple[AnyLayer, ...] = Field(min_length=1, max_length=MOST_LAYERS)
    outputs: tuple[OutputTensor, ...] = Field(min_length=1, max_length=256)

    @model_validator(mode="after")
    def _fits_together(self) -> NetworkGraph:
        made: set[str] = set()
        for tensor in self.inputs:
            if tensor.name in made:
                raise ValueError(f"two inputs are called '{tensor.name}'; names must differ")
            made.add(tensor.name)
        for node in self.nodes:
            if node.name is None:
                raise ValueError(f"key 'name' is missing in a node of kind '{node.kind}'")
            if node.name in made:
                raise ValueError(f"two tensors are called '{node.name}'; names must differ")
            if node.inputs is None:
                raise ValueError(f"node '{node.name}': key 'inputs' is missing")
            for source in node.inputs:
                if source not in made:
                    later = any(other.name == source for other in self.nodes)
                    why = "is not made before it" if later else "is not known"
                    raise ValueError(f"node '{node.name}': its input '{source}' {why}")
            made.add(node.name)
        nodes = {node.name for node in self.nodes}
        for output in self.outputs:
            if output.node not in nodes:
                raise ValueError(f"output '{output.node}' is the name of no node")
        if len({output.node for output in self.outputs}) != len(self.outputs):
            raise ValueError("a node stands twice in 'outputs'")
        self.contexts()
        return self

    @property
    def input(self) -> TensorType:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The input of a network that has one; InputError if it has several."""
        return self._one(self.only_input, "inputs", len(self.inputs))

    def _names(self) -> dict[str, str]:
        """Of inputs and nodes, as they stand in results."""
        given = [tensor.name for tensor in self.inputs]
        given += [node.name for node in self.nodes if node.name is not None]
        return {name: name_in_results(name, given) for name in given}

    @property
    def inputs_by_name(self) -> dict[str, TensorType]:
        names = self._names()
        return {names[tensor.name]: tensor for tensor in self.inputs}

    def name_of(self, node: str) -> str:
        """The name in results of a node or input of the file."""
        return self._names()[node]

    def parameters(self) -> int:
        return sum(node.parameters() for node in self.nodes)

    @property
    def outputs_by_name(self) -> dict[str, TensorType]:
        found = {context.name: context.output for context in self.contexts()}
        names = self._names()
        return {names[output.node]: found[names[output.node]] for output in self.outputs}

    def contexts(self) -> Iterator[LayerContext]:
        return iter(self._contexts)

    @cached_property
    def _contexts(self) -> tuple[LayerContext, ...]:
        return tuple(self._walk())

    def _walk(self) -> Iterator[LayerContext]:
        names = self._names()
        tensors = self.inputs_by_name
        for node in self.nodes:
            name = names[node.name]
            sources = tuple(names[source] for source in node.inputs or ())
            inputs = tuple(tensors[source] for source in sources)
            context = context_of(name, node, sources, inputs, f"node '{name}'")
            tensors[name] = context.output
            yield context


NETWORK_FILE = TypeAdapter(Chain | NetworkGraph)
"""Either version, for the published schema."""


def is_network(value: Any) -> bool:
    """Whether a JSON value says that it is a network."""
    return isinstance(value, dict) and value.get("format") == FORMAT


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
    return validated(version_of(value, str(path)), value, str(path))


def version_of(value: Mapping[str, Any], source: str) -> type[Network]:
    """The class of a file's version.

    Raises
    ------
    InputError
        If there is no such version.
    """
    version = value.get("version", 1)
    kinds = {1: Chain, 2: NetworkGraph}
    if isinstance(version, bool) or not isinstance(version, int) or version not in kinds:
        shown = reprlib.repr(version)
        raise InputError(f"{source}: key 'version' = {shown}: it must be 1 or 2")
    return kinds[version]


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


def network_values(network: Network) -> dict[str, Any]:
    """A network as the values of its file: of a node first its kind, its name and its inputs."""
    values = network.model_dump(mode="json", exclude_none=True)
    first = ("kind", "name", "inputs")
    for number, node in enumerate(values.get("nodes", ())):
        ordered = {key: node[key] for key in first} | node
        values["nodes"][number] = ordered
    return values


def save_network(network: Network, path: Path | str) -> None:
    """Write a network.json; the same network gives the same bytes."""
    write_rows(network_values(network), Path(path))


def write_rows(value: Any, path: Path) -> None:
    """Write JSON with each row of numbers on a line."""
    path.write_text(_layout(value, 0) + "\n", encoding="utf-8")
