"""Lowering of ``requantise``: bounds, what rounding adds, and the element's own type."""

from collections.abc import Sequence

from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.graph import CORE, Clip, Element, Elements, Quantise, Relu, Steps
from hexcoder.gen.scope import Scope
from hexcoder.network.kinds.requantise import Requantise, least_of
from hexcoder.network.layer import LayerContext
from hexcoder.network.rounding import rounding_terms


def lower(context: LayerContext, scope: Scope, sources: Sequence[Elements]) -> Elements:
    """Each element in its type."""
    layer = context.layer
    assert isinstance(layer, Requantise)
    types = layer.types(context.input_shape).ravel()
    finest = context.output_type.fraction_bits
    made = []
    for index, (element, type_) in enumerate(zip(sources[0], types, strict=True)):
        if type_ is None:
            made.append(Element(scope.builder.constant(CORE, 0)))
            continue
        drop = context.input_type.fraction_bits - type_.fraction_bits
        node = _element(scope, layer, index, element, drop, type_)
        made.append(Element(node, finest - type_.fraction_bits))
    return tuple(made)


def _element(
    scope: Scope, layer: Requantise, index: int, element: Element, drop: int, type_: FixedPoint
) -> int:
    always, negative = rounding_terms(layer.rounding, drop) if drop > 0 else (0, 0)
    least, most = layer.minimum, layer.maximum
    if negative and (least is None or least < 0):
        # Bounded first: the sign that counts is that of the bounded value.
        node = _bounded(scope, index, scope.plain(f"plain_{index}", element), least, most)
        not_negative = scope.add(Steps, f"sign_{index}", source=node, thresholds=(0,))
        parts = [(Element(node), 1), (Element(not_negative), -negative)]
        node = scope.total(f"rounded_{index}", parts, always + negative)
    else:
        # Bounding and adding a constant change places, the bounds move with it. What lies below 0
        # ends at 0 also with a bound of 0 that has not moved.
        node = scope.total(f"rounded_{index}", [(element, 1)], always)
        moved = least if least in (None, 0) else least + always
        node = _bounded(scope, index, node, moved, None if most is None else most + always)
    node = scope.add(
        Quantise,
        f"output_{index}",
        source=node,
        drop=drop,
        target=type_,
        saturate=layer.overflow != "wrap",
        half_even=layer.rounding == "half_even" and drop > 0,
    )
    if layer.overflow == "saturate_symmetric" and type_.signed:
        low = least_of(type_, layer.overflow)
        node = scope.add(Clip, f"kept_{index}", source=node, low=low, high=type_.maximum)
    return node


def _bounded(scope: Scope, index: int, node: int, least: int | None, most: int | None) -> int:
    if least is None and most is None:
        return node
    if least == 0 and most is None:
        return scope.add(Relu, f"relu_{index}", source=node)
    # Beyond every value of 62 bits.
    low = -(1 << 62) if least is None else least
    high = (1 << 62) if most is None else most
    return scope.add(Clip, f"bounded_{index}", source=node, low=low, high=high)
