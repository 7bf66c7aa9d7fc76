"""Netlists in yosys' JSON format, and new cells and nets in them."""

from collections.abc import Mapping
from typing import Any, TypedDict

Bit = int | str
"""A net's number, or '0', '1', 'x' (the yosys JSON format)."""


class Port(TypedDict):
    """A port of a module."""

    direction: str
    bits: list[Any]


class Cell(TypedDict):
    """An instance of a library cell or of a module; bits by pin."""

    hide_name: int
    type: str
    parameters: dict[str, str]
    attributes: dict[str, str]
    port_directions: dict[str, str]
    connections: dict[str, list[Any]]


class Net(TypedDict):
    """A net, of as many bits as it has in the source."""

    hide_name: int
    bits: list[Any]
    attributes: dict[str, str]


class Module(TypedDict):
    """One module, with all by name."""

    attributes: dict[str, str]
    ports: dict[str, Port]
    cells: dict[str, Cell]
    netnames: dict[str, Net]


class Design(TypedDict):
    """Modules by name."""

    modules: dict[str, Module]


def add_cell(
    module: Module, name: str, kind: str, inputs: Mapping[str, Bit], outputs: Mapping[str, Bit]
) -> None:
    """Add a cell whose pins have one bit each."""
    module["cells"][name] = {
        "hide_name": int(name.startswith("$")),
        "type": kind,
        "parameters": {},
        "attributes": {},
        "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
        "connections": {pin: [bit] for pin, bit in (*inputs.items(), *outputs.items())},
    }


def net_of(bit: Bit) -> Net:
    """A net of one bit that has a name."""
    return {"hide_name": 0, "bits": [bit], "attributes": {}}
