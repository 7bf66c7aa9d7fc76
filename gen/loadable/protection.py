"""Triplication as the design point asks for it."""

# Amaranth types a concatenation as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false

from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Signal, Value
from amaranth.lib import wiring

from hexcoder.hw.triplication.register_copies import KINDS, register_modules
from hexcoder.hw.triplication.triplicate import COPIES, Triplicated


class Copy:
    """One of the copies of a component's logic: its ports under their names.

    Parameters
    ----------
    part : Elaboratable
        What :meth:`Protection.control` made of the component.
    component : Component
    number : int
    """

    def __init__(self, part: Elaboratable, component: wiring.Component, number: int):
        self._part, self._component, self._number = part, component, number

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._component, name)
        if isinstance(port, Signal):
            return self._of(port)
        return [self._of(element) for element in port]

    def _of(self, port: Signal) -> Signal:
        if not isinstance(self._part, Triplicated):
            return port
        return self._part.copies(port)[self._number]


class Protection:
    """Hands on components as they are, or with three copies of their registers.

    Parameters
    ----------
    triplicated : bool
    """

    def __init__(self, *, triplicated: bool):
        self.triplicated = triplicated
        self._parts: list[Triplicated] = []

    def data(self, component: Elaboratable) -> Elaboratable:
        """A component whose registers hold data or settings."""
        return self._protected(component, logic=False)

    def control(self, component: Elaboratable) -> Elaboratable:
        """A component whose registers decide what they hold next."""
        return self._protected(component, logic=True)

    def _protected(self, component: Elaboratable, *, logic: bool) -> Elaboratable:
        if not self.triplicated:
            return component
        self._parts.append(Triplicated(component, logic=logic))
        return self._parts[-1]

    def copies(self, part: Elaboratable, component: wiring.Component) -> list[Copy]:
        """The copies of what :meth:`control` made of a component: three, or one."""
        return [Copy(part, component, n) for n in range(COPIES if self.triplicated else 1)]

    def mismatch(self) -> Value:
        """Whether the copies of any register differ."""
        if not self._parts:
            return Const(0, 1)
        return Cat(part.mismatch for part in self._parts).any()

    def modules(self) -> str:
        """Verilog of the modules that the elaborated components instantiate."""
        widths = {kind: set[int]() for kind in KINDS}
        for part in self._parts:
            for kind in KINDS:
                widths[kind] |= part.widths[kind]
        return register_modules(widths)

    def register_bits(self) -> int:
        """Bits that are triplicated."""
        return sum(sum(part.registers.values()) for part in self._parts)
