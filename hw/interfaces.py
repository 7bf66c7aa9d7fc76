"""The interfaces that components share, as signatures: what ``connect()`` joins.

Ports keep the names that readers of Verilog know (``in_valid``, ``scl``), which a nested interface
would prefix: a signature here knows the port of each of its members.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import ClockSignal, Instance, ResetSignal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

ADDRESS_BITS = 16
DATA_BITS = 8


class FlatSignature(wiring.Signature):
    """A signature whose members are ports of a component.

    Parameters
    ----------
    ports : mapping of str to (str, Member)
        By the port's name: the member's name, and the member.
    """

    def __init__(self, ports: Mapping[str, tuple[str, Member]]):
        self._names = {port: name for port, (name, _) in ports.items()}
        super().__init__(dict(ports.values()))

    def ports(self) -> dict[str, Member]:
        """The ports that a component declares to have this interface."""
        return {port: self.members[name] for port, name in self._names.items()}

    def of(self, component: Any) -> SimpleNamespace:
        """The interface that a component's ports are."""
        signals = {name: getattr(component, port) for port, name in self._names.items()}
        return SimpleNamespace(signature=self, **signals)


class I2cPads(FlatSignature):
    """Pins of an I2C target, seen from it: SCL, SDA, whether it pulls SDA low, and its address."""

    def __init__(self):
        super().__init__(
            {
                "scl": ("clock", In(1)),
                "sda": ("data", In(1)),
                "sda_low": ("pull_low", Out(1)),
                "device_address": ("device_address", In(unsigned(7))),
            }
        )


class RegisterBus(FlatSignature):
    """Address of a byte register and what is written there, seen from who writes.

    All who listen share it. The strobe that says when to write is each listener's own.
    """

    def __init__(self):
        super().__init__(
            {
                "register": ("address", Out(unsigned(ADDRESS_BITS))),
                "write_data": ("data", Out(unsigned(DATA_BITS))),
            }
        )


class Events(FlatSignature):
    """A stream of events, seen from its source: one a clock, no back-pressure.

    Parameters
    ----------
    bits : int
        Bits of an event.
    data, valid : str
        Names of the ports.

    Raises
    ------
    ValueError
        If an event has no bits.
    """

    def __init__(self, bits: int, data: str, valid: str):
        if bits < 1:
            raise ValueError(f"an event has at least one bit: got {bits}")
        super().__init__({valid: ("valid", Out(1)), data: ("data", Out(unsigned(bits)))})


class EventModule(wiring.Component):
    """A module that takes events and gives events: ports ``in_*`` and ``out_*``.

    Parameters
    ----------
    input_bits, output_bits : int
    ports : mapping of str to Member
        What it has beside them.

    Attributes
    ----------
    events_in, events_out
        Its streams as others see them.
    """

    def __init__(
        self, input_bits: int, output_bits: int, ports: Mapping[str, Member] | None = None
    ):
        taken = Events(input_bits, "in_data", "in_valid").flip()
        given = Events(output_bits, "out_data", "out_valid")
        super().__init__({**taken.ports(), **given.ports(), **(ports or {})})
        self.events_in, self.events_out = taken.of(self), given.of(self)


@dataclass(frozen=True)
class Core:
    """A module of a compiled design, which others instantiate by its name.

    Parameters
    ----------
    module : str
    input_bits, output_bits : int
        Of ``in_data`` and ``out_data``.
    """

    module: str
    input_bits: int
    output_bits: int

    def instance(
        self, in_valid: Value, in_data: Value, out_valid: Value, out_data: Value
    ) -> Instance:
        """An instance in the domain ``sync``."""
        return Instance(
            self.module,
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_in_valid=in_valid,
            i_in_data=in_data,
            o_out_valid=out_valid,
            o_out_data=out_data,
        )
