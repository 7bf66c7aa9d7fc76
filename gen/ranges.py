"""Pass ``ranges``: the exact range of every node, from which widths follow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from gen.graph import Add, Constant, Dot, Graph, Input, Quantise, Register, Relu, Shift


@dataclass(frozen=True, slots=True)
class _Form:
    """A node as offset + sum of coefficients * variables; variables are sorted node indices."""

    variables: np.ndarray
    coefficients: np.ndarray
    offset: int

    def scaled(self, factor: int) -> _Form:
        return _Form(self.variables, self.coefficients * factor, self.offset * factor)

    def plus(self, other: _Form) -> _Form:
        variables, place = np.unique(
            np.concatenate([self.variables, other.variables]), return_inverse=True
        )
        coefficients = np.zeros(len(variables), dtype=np.int64)
        np.add.at(coefficients, place, np.concatenate([self.coefficients, other.coefficients]))
        keep = coefficients != 0
        return _Form(variables[keep], coefficients[keep], self.offset + other.offset)


def _variable(index: int) -> _Form:
    return _Form(np.array([index]), np.array([1], dtype=np.int64), 0)


def _constant(value: int) -> _Form:
    return _Form(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), value)


def ranges(graph: Graph) -> Graph:
    """Give every node the least and greatest value that it takes.

    Sums are expanded to linear forms over the nearest non-linear nodes (inputs, relu, quantise,
    register), so that terms which cancel do so in the range too: for independent inputs the range
    of a sum is exact. A register hands its source's form on only as a new variable, which keeps
    forms short. Values are unchanged.
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
            case Input():
                low[index], high[index] = graph.input_type.minimum, graph.input_type.maximum
            case Constant():
                form = _constant(node.value)
            case Dot():
                form = _constant(node.offset)
                for source, coefficient in zip(node.sources, node.coefficients, strict=True):
                    form = form.plus(form_of(source).scaled(coefficient))
            case Add():
                left = form_of(node.left).scaled(1 << node.left_shift)
                sign = -1 if node.subtract else 1
                form = left.plus(form_of(node.right).scaled(sign << node.right_shift))
            case Shift() if node.amount >= 0:
                form = form_of(node.source).scaled(1 << node.amount)
            case Shift():
                form_of(node.source)
                low[index], high[index] = (
                    int(bound[node.source]) >> -node.amount for bound in (low, high)
                )
            case Relu():
                form_of(node.source)
                low[index] = max(low[node.source], 0)
                high[index] = max(high[node.source], 0)
            case Quantise():
                form_of(node.source)
                bounds = int(low[node.source]), int(high[node.source])
                low[index], high[index] = _quantised_range(node, *bounds)
            case Register():
                form_of(node.source)
                low[index], high[index] = low[node.source], high[node.source]
            case _:
                raise TypeError(f"ranges has no rule for {type(node).__name__}")
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


def _quantised_range(node: Quantise, low: int, high: int) -> tuple[int, int]:
    target = node.target
    if node.drop >= 0:
        low, high = low >> node.drop, high >> node.drop
    else:
        low, high = low << -node.drop, high << -node.drop
    if node.saturate:
        return (
            min(max(low, target.minimum), target.maximum),
            min(max(high, target.minimum), target.maximum),
        )
    if target.minimum <= low and high <= target.maximum:
        return low, high
    return target.minimum, target.maximum
