"""Two-operand adders with shifted operands."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


def _as_signed(value: Value) -> Value:
    """The same number in two's complement."""
    return value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()


def _upper(value: Value, low: int) -> Value:
    """floor(value / 2**low), of the value's signedness."""
    if low >= len(value):
        return value[-1:].as_signed() if value.shape().signed else Const(0, 1)
    return value[low:].as_signed() if value.shape().signed else value[low:]


def _lower(value: Value, low: int) -> Value:
    """The value's lowest ``low`` bits."""
    if low <= len(value):
        return value[:low]
    extension = (
        value[-1].replicate(low - len(value))
        if value.shape().signed
        else Const(0, low - len(value))
    )
    return Cat(value, extension)


def shifted_sum(
    left: Value, right: Value, left_shift: int, right_shift: int, subtract: bool
) -> Value:
    """Expression for (left << left_shift) +- (right << right_shift), with the adder only where
    the operands overlap: lower bits are wires.

    Returns
    -------
    Value
        Two's complement or unsigned bits, at least as many as the exact result needs; take the
        lowest ``width`` of them.
    """
    common = min(left_shift, right_shift)
    left_shift, right_shift = left_shift - common, right_shift - common
    zeros = Const(0, common)
    if left_shift and not subtract:
        left, right, left_shift, right_shift = right, left, right_shift, left_shift
    if left_shift:
        return Cat(
            zeros,
            _as_signed(Cat(Const(0, left_shift), _as_signed(left)).as_signed()) - _as_signed(right),
        )
    wires = _lower(left, right_shift)
    upper = _upper(left, right_shift)
    if subtract:
        return Cat(zeros, wires, _as_signed(upper) - _as_signed(right))
    if upper.shape().signed or right.shape().signed:
        upper, right = _as_signed(upper), _as_signed(right)
    return Cat(zeros, wires, upper + right)


class ShiftedAdder(wiring.Component):
    """(left << left_shift) plus, or minus, (right << right_shift), exact.

    Parameters
    ----------
    left, right : Shape
        Shapes of the operands.
    left_shift, right_shift : int
        Non-negative shifts.
    subtract : bool
        Subtract the right operand.
    result : Shape
        Shape of the output; must hold every result that the operands' use can give.

    Raises
    ------
    ValueError
        If a shift is negative.
    """

    def __init__(
        self,
        left: Shape,
        right: Shape,
        left_shift: int,
        right_shift: int,
        subtract: bool,
        result: Shape,
    ):
        if left_shift < 0 or right_shift < 0:
            raise ValueError(f"shifts are not negative: got {left_shift} and {right_shift}")
        self.left_shift, self.right_shift, self.subtract = left_shift, right_shift, subtract
        super().__init__({"left": In(left), "right": In(right), "o": Out(result)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = shifted_sum(self.left, self.right, self.left_shift, self.right_shift, self.subtract)
        m.d.comb += self.o.eq(total[: len(self.o)])
        return m
