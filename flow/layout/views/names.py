"""Names of a block's layers and ports in the formats of others."""

import re

LEF_LAYERS = {"li": "li1", "m1": "met1", "m2": "met2", "m3": "met3", "m4": "met4", "m5": "met5"}
"""SkyWater's names of the metals in its LEF."""

_BIT = re.compile(r"^(.*)\((\d+)\)$")


def bit_name(port: str) -> str:
    """``x(3)`` as ``x[3]``."""
    return _BIT.sub(r"\1[\2]", port)
