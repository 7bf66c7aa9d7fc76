"""Pass ``ranges``: the exact range of every node, from which widths follow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hexcoder.gen.graph import Constant, Dot, Graph


@dataclass(frozen=True, slots=True)
class _Form:
    """A node as offset + sum of coefficients * variables; variables are sorted node indices."""

    variables: np.ndarray
    coefficients: np.ndarray
    offset: int


def _combined(forms: list[_Form], factors: Sequence[int], offset: int) -> _Form:
    """The sum of factors times forms, plus an offset."""
    if not forms:
        return _constant(offset)
    pairs = list(zip(forms, factors, strict=True))
    variables, place = np.unique(
        np.concatenate([form.variables for form in forms]), return_inverse=True
    )
    coefficients = np.zeros(len(variables), dtype=np.int64)
    np.add.at(coefficients, place, np.concatenate([form.coefficients * f for form, f in pairs]))
    keep = coefficients != 0
    offset += sum(form.offset * factor for form, factor in pairs)
    return _Form(variables[keep], coefficients[keep], offset)


def _variable(index: int) -> _Form:
    return _Form(np.array([index]), np.array([1], dtype=np.int64), 0)


def _constant(value: int) -> _Form:
    return _Form(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), value)


def width_of(low: int, high: int) -> int:
    """Bits of a node with this range: unsigned if it is never negative, else two's complement."""
    if low >= 0:
        return high.bit_length()
    return max((-low - 1).bit_length(), max(high, 0).bit_length()) + 1


def ranges(graph: Graph) -> Graph:
    """Give every node the least and greatest value that it takes.

    Sums are expanded to linear forms over the nearest nodes that are no sums, so that terms which
    cancel do so in the range too: for independent inputs the range of a sum is exact. A register
    hands its source's form on only as a new variable, which keeps forms short. Values are
    unchanged.
    """
    low = np.zeros(len(graph.nodes), dtype=np.int64)
    high = np.zeros(len(graph.nodes), dtype=np.int64)
    uses = Counter(operand for node in graph.nodes for operand in node.operands)
    forms: dict[int, _Form] = {}

    def form_of(index: int) -> _Form:
        uses[index] -= 1
        return forms[index] if uses[index] else forms.pop(index)

    for index, node in enumerate(graph.nodes):
        form = None
        match node:
            case Constant():
                form = _constant(node.number)
            case Dot():
                forms_read = [form_of(source) for source in node.sources]
                form = _combined(forms_read, node.coefficients, node.offset)
            case _:
                for operand in node.operands:
                    form_of(operand)
                known = [(int(low[operand]), int(high[operand])) for operand in node.operands]
                low[index], high[index] = node.bounds(known)
        if form is None:
            form = _variable(index) if low[index] != high[index] else _constant(int(low[index]))
        else:
            positive, negative = np.maximum(form.coefficients, 0), np.minimum(form.coefficients, 0)
            lows, highs = low[form.variables], high[form.variables]
            low[index] = form.offset + positive @ lows + negative @ highs
            high[index] = form.offset + positive @ highs + negative @ lows
        if uses[index]:
            forms[index] = form
    return replace(graph, ranges=tuple(zip(low.tolist(), high.tolist(), strict=True)))
