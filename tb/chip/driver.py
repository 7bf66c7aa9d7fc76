"""Loading, reading back and verifying a chip's registers, over any transport."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hexcoder.errors import CheckFailed
from hexcoder.hw.chip import register_map as at
from hexcoder.hw.chip.register_map import Field


class Transport(Protocol):
    """Whatever carries I2C transfers: a simulation, or an adapter on a test bench."""

    def write(self, register: int, data: bytes) -> None:
        """Write bytes from a register on; :class:`NotAcknowledged` if one is refused."""
        ...

    def read(self, register: int, count: int) -> bytes:
        """Read bytes from a register on."""
        ...


class NotAcknowledged(CheckFailed):
    """The target refused its address or a byte."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the control registers say.

    ``corrected`` and ``misaligned`` count clocks, up to 65,535, in which copies of a register
    differed, and in which input links disagreed on the bunch crossing.
    """

    loading: bool
    shadow: bool
    triplicated: bool
    corrected: int
    misaligned: int


def write_sequence(
    fields: Mapping[str, Field], values: Mapping[str, list[int]]
) -> list[tuple[int, bytes]]:
    """Transfers that write fields: first register and bytes of each.

    ValueError where there is no such field, or its values are not what it holds.
    """
    for name in values:
        if name not in fields:
            raise ValueError(f"no field '{name}': there are {', '.join(fields)}")
    return [(fields[name].address, fields[name].to_bytes(values[name])) for name in values]


class ChipDriver:
    """Talks to the registers of a chip with loadable weights.

    ``fields`` are its registers by name, from rtl/metrics.json.
    """

    def __init__(self, transport: Transport, fields: Mapping[str, Field]):
        self.transport, self.fields = transport, dict(fields)

    def identify(self) -> None:
        """Raise CheckFailed if the identity registers are no hexcoder chip's."""
        found = self.transport.read(at.CONTROL_IDENTITY, 2)
        if found != bytes([at.IDENTITY, at.VERSION]):
            raise CheckFailed(
                f"registers {at.CONTROL_IDENTITY:#06x} and on hold {found.hex()}, "
                f"not {at.IDENTITY:02x}{at.VERSION:02x}: no hexcoder chip answers"
            )

    def status(self) -> Status:
        """Read the control registers.

        The bytes of a count are read one after the other while it goes on: they are read until
        their high ones stand still.
        """
        size = at.CONTROL_SIZE - (at.CONTROL_STATUS - at.CONTROL)
        before, found = b"", self.transport.read(at.CONTROL_STATUS, size)
        while found[2::2] != before[2::2]:
            before, found = found, self.transport.read(at.CONTROL_STATUS, size)
        return Status(
            bool(found[0] & at.STATUS_LOADING),
            bool(found[0] & at.STATUS_SHADOW),
            bool(found[0] & at.STATUS_TRIPLICATED),
            int.from_bytes(found[1:3], "little"),
            int.from_bytes(found[3:5], "little"),
        )

    def clear_counters(self) -> None:
        """Set the counters of corrected and misaligned clocks to zero; loading goes on."""
        loading = at.COMMAND_LOAD if self.status().loading else 0
        self.transport.write(at.CONTROL_COMMAND, bytes([at.COMMAND_CLEAR | loading]))

    def load(self, values: Mapping[str, list[int]], *, verify: bool = True) -> None:
        """Write fields and make them count.

        Without shadow registers events are invalid from the first transfer to the last. With them
        events go on with the old values until the commit. ``values`` are as :func:`field_values`
        gives them; a part of the fields is enough. With ``verify`` all of it is read back before it
        counts.

        Raises
        ------
        CheckFailed
            If a byte is not acknowledged, or another is read back: the values do not count then.
        """
        shadow = self.status().shadow
        if not shadow:
            self.transport.write(at.CONTROL_COMMAND, bytes([at.COMMAND_LOAD]))
        for register, data in write_sequence(self.fields, values):
            self.transport.write(register, data)
        if verify:
            self.verify(values)
        self.activate(shadow)

    def activate(self, shadow: bool) -> None:
        """Make what the bank holds count: by a commit, or by the end of loading."""
        self.transport.write(at.CONTROL_COMMAND, bytes([at.COMMAND_COMMIT if shadow else 0]))

    def verify(self, values: Mapping[str, list[int]]) -> None:
        """Read fields back; CheckFailed names the first register that differs."""
        for register, data in write_sequence(self.fields, values):
            found = self.transport.read(register, len(data))
            for offset, (expected, actual) in enumerate(zip(data, found, strict=True)):
                if expected != actual:
                    raise CheckFailed(
                        f"register {register + offset:#06x} reads back {actual:#04x}, "
                        f"written was {expected:#04x}"
                    )
