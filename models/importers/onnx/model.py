"""Reads an ONNX file: its nodes, its constants, and what a node is called in messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError

LARGEST_FILE = 1 << 30


@dataclass(frozen=True)
class Operator:
    """A node of a model.

    Parameters
    ----------
    kind, name : str
        Its operator, and a name that is the operator's with a number, as qonnx gives them.
    inputs, outputs : list of str
    attributes : dict
    where : str
        How a message speaks of it.
    """

    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: Mapping[str, Any]
    where: str
    proto: Any = field(repr=False, default=None)

    def get(self, key: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(key, default)


@dataclass(frozen=True)
class OnnxModel:
    """A model's graph.

    Parameters
    ----------
    inputs : dict of str to list of int or str
        Shapes of tensors that come in, a text where a side is not given.
    outputs : list of str
    constants : dict of str to array
    operators : list of Operator
        Each after what it reads.
    opset : int
    types : dict of str to str
        Data types by FINN's names, where the file gives them.
    """

    inputs: dict[str, list[int | str]]
    outputs: list[str]
    constants: dict[str, np.ndarray]
    operators: list[Operator]
    opset: int
    types: dict[str, str]


def read_onnx(path: Path) -> OnnxModel:
    """Read a file.

    Raises
    ------
    InputError
        If it is none, is cut off, has its data elsewhere, or holds graphs inside of operators.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError:
        raise InputError(
            f"{path}: reading ONNX needs the package onnx: pip install 'hexcoder[import]'"
        ) from None
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE >> 20} MiB")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except (DecodeError, ValueError, RuntimeError):
        raise InputError(f"{path}: not an ONNX file, or cut off") from None
    graph = model.graph
    if not graph.node:
        raise InputError(f"{path}: not an ONNX file, or it has no operators")
    constants = {}
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise InputError(
                f"{path}: constant '{tensor.name}' lies in another file: save the model with its "
                "data inside"
            )
        try:
            constants[tensor.name] = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, RuntimeError) as error:
            raise InputError(f"{path}: constant '{tensor.name}' is broken: {error}") from None
    counts: Counter[str] = Counter()
    operators = []
    for node in graph.node:
        number = counts[node.op_type]
        counts[node.op_type] += 1
        name = f"{node.op_type}_{number}"
        called = f" '{node.name}'" if node.name and node.name != name else ""
        attributes = {}
        for attribute in node.attribute:
            if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
                raise InputError(f"{path}: operator {name} holds a graph: not supported")
            try:
                value = onnx.helper.get_attribute_value(attribute)
                if attribute.type == onnx.AttributeProto.TENSOR:
                    value = numpy_helper.to_array(value)
            except (ValueError, TypeError) as error:
                raise InputError(
                    f"{path}: operator {name}: '{attribute.name}' is broken: {error}"
                ) from None
            attributes[attribute.name] = value.decode() if isinstance(value, bytes) else value
        operators.append(
            Operator(
                node.op_type,
                name,
                list(node.input),
                [output for output in node.output if output],
                attributes,
                f"{path}: operator {name}{called}",
                node,
            )
        )
    inputs = {}
    for value in graph.input:
        if value.name in constants:
            continue
        sides = value.type.tensor_type.shape.dim
        inputs[value.name] = [side.dim_value or side.dim_param or "?" for side in sides]
    types = {
        annotation.tensor_name: pair.value
        for annotation in graph.quantization_annotation
        for pair in annotation.quant_parameter_tensor_names
        if pair.key == "finn_datatype"
    }
    opset = max(
        [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")] or [13]
    )
    return OnnxModel(inputs, [one.name for one in graph.output], constants, operators, opset, types)
