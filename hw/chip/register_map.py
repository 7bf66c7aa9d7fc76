"""Where the chip's registers lie: one table for hardware, driver and documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

CONTROL = 0xF000
"""First address of the control registers."""

IDENTITY, VERSION = 0x48, 1
CONTROL_IDENTITY = CONTROL
CONTROL_VERSION = CONTROL + 1
CONTROL_COMMAND = CONTROL + 2
CONTROL_STATUS = CONTROL + 3
CONTROL_CORRECTED = CONTROL + 4
CONTROL_MISALIGNED = CONTROL + 6
CONTROL_SIZE = 8

COMMAND_LOAD, COMMAND_COMMIT, COMMAND_CLEAR = 1, 2, 4
"""Bits of the command register: see docs/chip.md."""
STATUS_LOADING, STATUS_SHADOW, STATUS_TRIPLICATED = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Field:
    """Registers of one kind.

    Parameters
    ----------
    name : str
    address : int
        Of the first byte.
    elements, width : int
        Number of values and the bits of each. A value takes whole bytes, the lowest first; bits
        beyond ``width`` are not there and read as zero.
    """

    name: str
    address: int
    elements: int
    width: int

    def __post_init__(self) -> None:
        if self.elements < 1 or self.width < 1:
            raise ValueError(f"field {self.name} needs values with bits: {self}")
        if self.address < 0 or self.address + self.size > CONTROL:
            raise ValueError(
                f"field {self.name} of {self.size} bytes at {self.address:#06x} does not fit below "
                f"the control registers at {CONTROL:#06x}"
            )

    @property
    def element_bytes(self) -> int:
        """Bytes of a value."""
        return -(-self.width // 8)

    @property
    def size(self) -> int:
        """Bytes of the field."""
        return self.elements * self.element_bytes

    @property
    def bits(self) -> int:
        """Bits that are stored."""
        return self.elements * self.width

    def byte_bits(self, byte: int) -> int:
        """Bits that byte ``byte`` of the field stores."""
        return min(8, self.width - 8 * (byte % self.element_bytes))

    def to_bytes(self, values: Sequence[int]) -> bytes:
        """Values as they are written to consecutive addresses.

        Raises
        ------
        ValueError
            If their number is wrong or one does not fit.
        """
        if len(values) != self.elements:
            raise ValueError(f"{self.name} has {self.elements} values: got {len(values)}")
        for place, value in enumerate(values):
            if not 0 <= value < 1 << self.width:
                raise ValueError(
                    f"{self.name}[{place}] = {value}: valid are 0 to {(1 << self.width) - 1}"
                )
        return b"".join(value.to_bytes(self.element_bytes, "little") for value in values)


def check_fields(fields: Sequence[Field]) -> None:
    """Refuse fields that overlap."""
    for one, other in pairwise(sorted(fields, key=lambda field: field.address)):
        if one.address + one.size > other.address:
            raise ValueError(f"fields {one.name} and {other.name} overlap at {other.address:#06x}")
