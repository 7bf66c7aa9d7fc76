"""Names of a block's layers and ports in the formats of others."""

import re

_BIT = re.compile(r"^(.*)\((\d+)\)$")


def split_bit(port: str) -> tuple[str, int | None]:
    """Of ``x(3)`` the port and the bit; a port of one bit has no number."""
    found = _BIT.match(port)
    return (found[1], int(found[2])) if found else (port, None)


def bit_name(port: str) -> str:
    """``x(3)`` as ``x[3]``."""
    name, bit = split_bit(port)
    return name if bit is None else f"{name}[{bit}]"
