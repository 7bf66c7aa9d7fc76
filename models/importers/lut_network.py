"""Networks of truth tables, from a JSON file of ours that other tools can write: docs/import.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, PositiveInt

from hexcoder.config import Name, Section
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPointField
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.layer import MOST_ELEMENTS
from hexcoder.network.schema import NetworkGraph
from hexcoder.sections import validated

FORMAT = "hexcoder-lut-network"
_NODE = ("layers", "outputs", "type", "popcounts", "offsets")
"""Keys that are those of kind ``lut_network``."""


class Features(Section):
    """Inputs that are integers, as bits that say whether each reaches thresholds."""

    type: FixedPointField
    thresholds: list[list[int]] = Field(
        min_length=1, description="of each feature, integers of the type: a bit for each"
    )


class LutFile(Section):
    """The file."""

    format: Literal["hexcoder-lut-network"]
    version: Literal[1]
    name: Name | None = None
    input_bits: PositiveInt | None = Field(None, le=MOST_ELEMENTS)
    features: Features | None = None
    layers: list[Any]
    outputs: list[Any] | None = None
    type: FixedPointField | None = None
    popcounts: list[Any] | None = None
    offsets: list[Any] | None = None
    argmax: bool = Field(False, description="the place of the greatest element goes out")


def is_lut_network(value: Any) -> bool:
    """Whether a JSON value is such a file."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def import_lut_network(value: Any, path: Path) -> NetworkGraph:
    """The graph: thresholds if there are any, the tables, and argmax if it is asked for.

    Raises
    ------
    InputError
        With the key, or the layer and the table, that does not fit.
    """
    file = validated(LutFile, value, str(path))
    if (file.input_bits is None) == (file.features is None):
        raise InputError(f"{path}: it must have one of 'input_bits' and 'features'")
    builder = GraphBuilder(file.name or network_name(path))
    try:
        bits = _bits(builder, file)
        keys = {key: value[key] for key in _NODE if value.get(key) is not None}
        made = builder.add("lut_network", "tables", [bits], **keys)
        if file.argmax:
            made = builder.add("argmax", "best", [made])
        builder.output(made)
        return builder.network()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _bits(builder: GraphBuilder, file: LutFile) -> str:
    """Name of the tensor of one-bit elements that the tables read first."""
    if file.features is None:
        return builder.input("x", (file.input_bits or 1,), "UQ(1,0)")
    rows = file.features.thresholds
    numbers = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    x = builder.input("x", (len(rows),), file.features.type)
    if not len(numbers):
        raise InputError("key 'features.thresholds' has no threshold")
    spread = builder.move("spread", [x], numbers)
    thresholds = [[level] for row in rows for level in row]
    return builder.add("threshold", "bits", [spread], thresholds=thresholds)
