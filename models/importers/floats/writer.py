"""Operators of ONNX, made one by one from a model of another kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hexcoder.models.importers.onnx.model import Operator

OPSET = 13


@dataclass
class Writer:
    """Collects operators, and their constants.

    ``shapes`` are those of tensors without the batch, for readers that need them.
    """

    source: str
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def constant(self, values: Any) -> str:
        """A constant; its name."""
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.asarray(values)
        return name

    def add(self, kind: str, name: str, inputs: list[str], where: str, **attributes: Any) -> str:
        """An operator; the name of its tensor."""
        from onnx import helper

        output = f"{name}_out"
        proto = helper.make_node(kind, inputs, [output], **attributes)
        self.operators.append(Operator(kind, name, inputs, [output], attributes, where, proto))
        return output
