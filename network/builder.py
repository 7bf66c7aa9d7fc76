"""Graphs made node by node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds import KINDS
from hexcoder.network.layer import Layer, TensorType
from hexcoder.network.schema import (
    InputTensor,
    NetworkGraph,
    OutputTensor,
    RealInput,
    RealOutput,
    context_of,
)
from hexcoder.sections import problem


class GraphBuilder:
    """Collects inputs, nodes and outputs of a graph; tensors are known by name.

    Parameters
    ----------
    name : str
        Of the network.
    """

    def __init__(self, name: str):
        self.name = name
        self.tensors: dict[str, TensorType] = {}
        self._inputs: list[InputTensor] = []
        self._nodes: list[Layer] = []
        self._outputs: list[OutputTensor] = []

    def fresh(self, wanted: str) -> str:
        """A name that no tensor has, made of ``wanted``."""
        plain = "".join(
            letter if letter.isalnum() and letter.isascii() else "_" for letter in wanted
        )
        if not plain or not plain[0].isalpha():
            plain = f"t_{plain}"
        plain, name, number = plain[:56], plain[:56], 1
        while name in self.tensors:
            number += 1
            name = f"{plain}_{number}"
        return name

    def input(
        self,
        name: str,
        shape: Sequence[int],
        type_: FixedPoint | str,
        real: RealInput | None = None,
    ) -> str:
        """A tensor that comes in, of a type such as ``"SQ(3,2)"``; its name.

        Raises
        ------
        InputError
            If shape or type is none.
        """
        name = self.fresh(name)
        values = {"name": name, "shape": tuple(shape), "type": type_, "real": real}
        try:
            tensor = InputTensor.model_validate(values)
        except ValidationError as error:
            raise InputError(f"input '{name}': {problem(error, values)}") from None
        self._inputs.append(tensor)
        self.tensors[name] = tensor
        return name

    def add(self, kind: str, name: str, inputs: Sequence[str], **keys: Any) -> str:
        """A node of any kind with its keys; its name.

        Raises
        ------
        InputError
            Where the node's keys or inputs do not fit: one line.
        """
        name = self.fresh(name)
        values = {"kind": kind, "name": name, "inputs": tuple(inputs)}
        values |= {key: _plain(value) for key, value in keys.items() if value is not None}
        try:
            node = KINDS[kind].model_validate(values)
            sources = tuple(self.tensors[source] for source in inputs)
            made = context_of(name, node, tuple(inputs), sources, f"node '{name}'")
        except ValidationError as error:
            raise InputError(f"node '{name}' ({kind}): {problem(error, values)}") from None
        except ValueError as error:
            raise InputError(str(error)) from None
        self._nodes.append(node)
        self.tensors[name] = made.output
        return name

    def move(self, name: str, inputs: Sequence[str], numbers: np.ndarray) -> str:
        """Elements in another order; numbers as of kind ``move``, in the result's shape."""
        given = sum(self.tensors[source].elements for source in inputs)
        in_order = numbers.size == given and (numbers.ravel() == np.arange(given)).all()
        elements = None if in_order else numbers.ravel()
        return self.add("move", name, inputs, shape=tuple(numbers.shape), elements=elements)

    def numbers(self, name: str) -> np.ndarray:
        """The elements' numbers of a tensor, in its shape."""
        tensor = self.tensors[name]
        return np.arange(tensor.elements).reshape(tensor.shape)

    def output(self, name: str, real: RealOutput | None = None) -> None:
        """Let a node go out."""
        self._outputs.append(OutputTensor.model_validate({"node": name, "real": real}))

    def node(self, name: str) -> Layer:
        """The node that makes a tensor."""
        return next(node for node in reversed(self._nodes) if node.name == name)

    def is_input(self, name: str) -> bool:
        """Whether a tensor is one that comes in."""
        return any(tensor.name == name for tensor in self._inputs)

    def network(self) -> NetworkGraph:
        """The graph; nodes that nothing reads and that do not go out are left out.

        Raises
        ------
        InputError
            Where it is none: nothing comes in, or nothing goes out.
        """
        needed = {output.node for output in self._outputs}
        kept = []
        for node in reversed(self._nodes):
            if node.name in needed:
                kept.append(node)
                needed.update(node.inputs or ())
        values = {
            "version": 2,
            "name": self.name,
            "inputs": tuple(self._inputs),
            "nodes": tuple(reversed(kept)),
            "outputs": tuple(self._outputs),
        }
        try:
            return NetworkGraph.model_validate(values)
        except ValidationError as error:
            raise InputError(f"network '{self.name}': {problem(error)}") from None


def _plain(value: Any) -> Any:
    """numpy's numbers and arrays as Python's."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def network_name(path: Path) -> str:
    """A network's name from a file's."""
    text = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path.stem)
    return (text if text[:1].isalpha() else f"network_{text}")[:64]
