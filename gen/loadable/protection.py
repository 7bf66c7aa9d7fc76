"""Triplication as the design point asks for it."""

# Amaranth types a concatenation as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Signal, Value

from hw.register_copies import KINDS, register_modules
from hw.triplicate import Triplicated


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

    def copies(self, part: Elaboratable, signal: Signal) -> Value:
        """An output of what :meth:`control` made, in as many copies as there are."""
        return Cat(*(part.copies(signal) if isinstance(part, Triplicated) else [signal]))

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
