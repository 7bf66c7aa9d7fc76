"""Lowering of ``lut_network``: a bit for each wire, a sum of bits for each output."""

from collections.abc import Sequence

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.graph import Element, Elements, Quantise, Truth
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.lut_network import LutNetwork
from hexcoder.network.layer import LayerContext

_BIT = FixedPoint(False, 1, 0)


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """Bits put together, or counted."""
    layer = context.layer
    assert isinstance(layer, LutNetwork)
    wires = [
        _bit(scope, element, number, place)
        for number, element in enumerate(sources[0])
        for place in range(context.input_type.width)
    ]
    start, made = 0, list[int]()
    for number, place, lut, truths in layer.walk(context.inputs[0]):
        if number != start:
            wires, made, start = wires + made, [], number
        inputs = tuple(wires[wire] for wire in lut.inputs)
        for output, truth in enumerate(truths):
            name = f"layer_{number}_table_{place}" + (f"_{output}" if len(truths) > 1 else "")
            made.append(scope.add(Truth, name, sources=inputs, table=truth))
    wires += made
    outputs = []
    for index, (ends, offset) in enumerate(zip(layer.ends(), layer.constants(), strict=True)):
        bits = [Element(wires[wire]) for wire in ends]
        parts = list(zip(bits, layer.weights(len(bits)), strict=True))
        outputs.append(Element(scope.total(f"output_{index}", parts, offset)))
    return tuple(outputs)


def _bit(scope: Scope, element: Element, number: int, place: int) -> int:
    """A bit of an element, in two's complement."""
    name = f"bit_{number}_{place}"
    if element.offset:
        element = Element(scope.plain(f"element_{number}", element))
    if place < element.shift:
        return scope.constant(0)
    drop = place - element.shift
    return scope.add(Quantise, name, source=element.node, drop=drop, target=_BIT, saturate=False)
