"""Pass ``share``: matrix-vector products become shared shift-and-add terms.

The solver is alkaid's (the successor of da4ml, arXiv:2507.04535): common two-term patterns
a +- 2^s b over the signed-digit form of a whole matrix.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from alkaid.cmvm import cmvm_solve

from gen.graph import Add, Builder, Dot, Graph, Shift
from gen.ranges import ranges
from hexcoder.errors import InputError

SOLVER_BITS = 24
"""Significant bits of a weight: the solver takes its matrix as float32."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A value sign * node * 2**exponent."""

    node: int
    exponent: int
    sign: int


def _solve(matrix: np.ndarray, bounds: list[tuple[int, int]]) -> Any:
    """alkaid's solution for y = x @ matrix, x within ``bounds``."""
    return cmvm_solve(
        np.ascontiguousarray(matrix, dtype=np.float32),
        qintervals=[(float(low), float(high), 1.0) for low, high in bounds],
        latencies=[0.0] * len(bounds),
    )


class _Realiser:
    """Turns alkaid's operations into nodes of the new graph."""

    def __init__(self, builder: Builder, layer: str):
        self.builder = builder
        self.layer = layer
        self.terms_made = 0

    def _add(self, left: _Term, right: _Term) -> _Term:
        """left + right as one Add; two negative terms are added and the sign is handed on."""
        exponent = min(left.exponent, right.exponent)
        sign = -1 if left.sign < 0 and right.sign < 0 else 1
        if sign > 0 and left.sign < 0:
            left, right = right, left
        before = len(self.builder.nodes)
        node = self.builder.add(
            Add(
                layer=self.layer,
                name=f"term_{self.terms_made}",
                left=left.node,
                right=right.node,
                left_shift=left.exponent - exponent,
                right_shift=right.exponent - exponent,
                subtract=left.sign != right.sign,
            )
        )
        self.terms_made += len(self.builder.nodes) - before
        return _Term(node, exponent, sign)

    def _stage(self, stage: Any, inputs: list[_Term | None]) -> list[_Term | None]:
        values: list[_Term | None] = []
        for operation in stage.ops:
            if operation.opcode == -1:
                element = operation.data[0]
                term = inputs[element]
                shift = int(stage.inp_shifts[element])
                values.append(term and _Term(term.node, term.exponent + shift, term.sign))
            elif operation.opcode in (0, 1):
                left, right = (values[address] for address in operation.addr)
                if right is not None:
                    sign = -right.sign if operation.opcode == 1 else right.sign
                    right = _Term(right.node, right.exponent + int(operation.data[0]), sign)
                values.append(self._add(left, right) if left and right else left or right)
            elif operation.opcode == -2:
                term = values[operation.addr[0]]
                values.append(term and _Term(term.node, term.exponent, -term.sign))
            else:
                raise NotImplementedError(f"alkaid operation code {operation.opcode}")
        outputs: list[_Term | None] = []
        for place, shift, negative in zip(
            stage.out_idxs, stage.out_shifts, stage.out_negs, strict=True
        ):
            term = values[place] if place >= 0 else None
            sign = -1 if negative else 1
            outputs.append(term and _Term(term.node, term.exponent + int(shift), term.sign * sign))
        return outputs

    def outputs(self, stages: Any, sources: list[int]) -> list[_Term | None]:
        """Nodes for all operations of a solution; one term per column of its matrix."""
        terms: list[_Term | None] = [_Term(source, 0, 1) for source in sources]
        for stage in stages:
            terms = self._stage(stage, terms)
        return terms

    def finish(self, term: _Term | None, dot: Dot) -> int:
        """Add a Dot's offset, and the sign and shift that its term still carries."""
        if term is None:
            return self.builder.constant(self.layer, dot.offset)
        if term.exponent < 0:
            shift = Shift(
                layer=self.layer, name=f"{dot.name}_exact", source=term.node, amount=term.exponent
            )
            term = _Term(self.builder.add(shift), 0, term.sign)
        if dot.offset or term.sign < 0:
            return self.builder.add(
                Add(
                    layer=self.layer,
                    name=dot.name,
                    left=self.builder.constant(self.layer, dot.offset),
                    right=term.node,
                    right_shift=term.exponent,
                    subtract=term.sign < 0,
                )
            )
        if term.exponent:
            shift = Shift(layer=self.layer, name=dot.name, source=term.node, amount=term.exponent)
            return self.builder.add(shift)
        return term.node


def share(graph: Graph) -> Graph:
    """Replace every Dot by shift-and-add terms that the Dots of its group share.

    Matrices that recur (the inner windows of a convolution) are solved once. Values of all
    layers' outputs are unchanged.
    """
    if not graph.ranges:
        graph = ranges(graph)
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, node in enumerate(graph.nodes):
        if isinstance(node, Dot):
            groups[node.layer, node.group].append(index)
    builder = Builder(graph)
    realisers: dict[str, _Realiser] = {}
    solutions: dict[tuple[bytes, tuple[tuple[int, int], ...]], Any] = {}
    for index, node in enumerate(graph.nodes):
        if not isinstance(node, Dot):
            builder.copy(index)
        elif index not in builder.moved:
            realiser = realisers.setdefault(node.layer, _Realiser(builder, node.layer))
            _share_group(graph, groups[node.layer, node.group], realiser, solutions)
    return builder.graph()


def _share_group(
    graph: Graph, members: list[int], realiser: _Realiser, solutions: dict[Any, Any]
) -> None:
    """Realise the Dots ``members``, which read one window."""
    builder = realiser.builder
    dots = [node for node in (graph.nodes[m] for m in members) if isinstance(node, Dot)]
    sources = sorted({source for dot in dots for source in dot.sources})
    place = {source: row for row, source in enumerate(sources)}
    matrix = np.zeros((len(sources), len(dots)), dtype=np.int64)
    for column, dot in enumerate(dots):
        for source, coefficient in zip(dot.sources, dot.coefficients, strict=True):
            matrix[place[source], column] = coefficient
    if not np.array_equal(matrix.astype(np.float32).astype(np.int64), matrix):
        raise InputError(
            f"layer '{realiser.layer}': a weight has more than {SOLVER_BITS} significant bits; "
            "the solver of shared terms takes no more"
        )
    terms: list[_Term | None] = [None] * len(dots)
    if matrix.any():
        bounds = tuple(graph.ranges[source] for source in sources)
        key = matrix.tobytes(), bounds
        if key not in solutions:
            solutions[key] = _solve(matrix, list(bounds))
        terms = realiser.outputs(solutions[key], [builder.moved[source] for source in sources])
    for member, dot, term in zip(members, dots, terms, strict=True):
        builder.moved[member] = realiser.finish(term, dot)
