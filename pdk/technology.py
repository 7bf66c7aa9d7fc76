"""Which technology table the compiler works with: the PDK's, and what a config says instead."""

from hexcoder.config import Config
from hexcoder.pdk.derived import derived_technology
from hexcoder.pdk.description import load_pdk
from hexcoder.technology import Technology

_NEAREST = {
    "sky130A": "sky130",
    "sky130B": "sky130",
    "gf180mcuC": "gf180mcu",
    "gf180mcuD": "gf180mcu",
    "ihp-sg13g2": "sky130",
}
"""Kits that a flow outside brings, and the description here whose process is nearest in node."""


def technology_of(pdk: str) -> Technology:
    """Table of a PDK by its name, or by the path of its description.

    Where the description has no section [technology], its Liberty file gives the table.

    Raises
    ------
    InputError
        If there is no such PDK, or its Liberty file lacks what the table needs.
    """
    description = load_pdk(_NEAREST.get(pdk, pdk))
    return description.technology or derived_technology(description)


def technology_for(config: Config) -> Technology:
    """Table of a config's PDK, with the config's own values in place of the PDK's."""
    return technology_of(config.silicon.pdk).model_copy(update=dict(config.technology))
