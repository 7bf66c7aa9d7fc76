"""Which variables look like bits of a sum: guesses, that are proved before they are used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from hexcoder.tb.certificate.circuit import NO_GATE, Circuit, Kind
from hexcoder.tb.certificate.samples import Samples, canonical

MOST_ALIKE = 64
"""Variables among which one with a fitting name is looked for."""
Where = Mapping[bytes, list[int]]
"""Variables by their signature."""


class Cut:
    """Which variables between inputs and an element look like bits of its sum."""

    def __init__(
        self,
        circuit: Circuit,
        samples: Samples,
        rows: Mapping[int, np.ndarray],
        base: set[int],
        deep: bool,
    ):
        self.circuit, self.samples, self.base, self.deep = circuit, samples, base, deep
        self.signs = {place: canonical(row) for place, row in rows.items()}
        self.places: dict[bytes, list[int]] = {}
        for place, (key, _) in self.signs.items():
            self.places.setdefault(key, []).append(place)
        self._found: dict[int, bool] = {0: True}

    def of(self, literals: Sequence[int]) -> tuple[dict[int, tuple[int, int]], set[int]]:
        """Variables that are bits of the sum, with place and inverse, and others.

        If ``deep``, as near to the inputs as possible: a gate behind bits of the sum may look like
        one too. Else as near to the element as possible.
        """
        leaves: dict[int, tuple[int, int]] = {}
        others: set[int] = set()
        for literal in literals:
            self._visit(literal >> 1, leaves, others)
        return leaves, others

    def _visit(self, variable: int, leaves: dict[int, tuple[int, int]], others: set[int]) -> None:
        waiting, seen = [variable], {0}
        while waiting:
            variable = waiting.pop()
            if variable in seen:
                continue
            seen.add(variable)
            inputs = self._inputs(variable)
            if inputs and self.deep and all(self._expressible(one) for one in inputs):
                waiting += inputs
            elif self._looks(variable):
                leaves[variable] = self._place(variable)
            elif inputs:
                waiting += inputs
            else:
                others.add(variable)

    def _inputs(self, variable: int) -> list[int]:
        """What a gate reads; nothing where a sum or an input begins."""
        if self._is_end(variable):
            return []
        gate = self.circuit.gates[self.circuit.made_by[variable]]
        return [literal >> 1 for literal in gate.inputs]

    def _is_end(self, variable: int) -> bool:
        number = self.circuit.made_by[variable]
        return (
            number == NO_GATE
            or variable in self.base
            or self.circuit.gates[number].kind is Kind.FULL_ADDER
        )

    def _looks(self, variable: int) -> bool:
        return bool(self.samples.known[variable]) and (
            self.samples.signature(variable)[0] in self.places
        )

    def _place(self, variable: int) -> tuple[int, int]:
        key, inverse = self.samples.signature(variable)
        column, places = column_of(self.circuit.names[variable]), self.places[key]
        place = column if column in places else places[0]
        return place, inverse ^ self.signs[place][1]

    def _expressible(self, variable: int) -> bool:
        """Whether a variable is a bit of the sum, or made of such alone."""
        waiting = [variable]
        while waiting:
            top = waiting[-1]
            inputs = self._inputs(top)
            missing = [one for one in inputs if one not in self._found]
            if top in self._found:
                waiting.pop()
            elif missing and not any(self._found.get(one) is False for one in inputs):
                waiting.append(missing[0])
            else:
                made = bool(inputs) and not missing and all(self._found[one] for one in inputs)
                self._found[top] = made or self._looks(top)
        return self._found[variable]

    def literals(
        self, leaves: Mapping[int, tuple[int, int]], where: Where, width: int
    ) -> dict[int, int]:
        """Literal of each bit of the sum that there is, below ``width``."""
        found: dict[int, int] = {}
        of_leaves: dict[bytes, list[int]] = {}
        for variable in leaves:
            of_leaves.setdefault(self.samples.signature(variable)[0], []).append(variable)
        names = self.circuit.names
        for place, (key, inverse) in self.signs.items():
            if place >= width:
                break
            alike = [*of_leaves.get(key, ()), *where.get(key, ())[:MOST_ALIKE]]
            # Bits that are equal for every event are told apart by their names.
            named = [one for one in alike if column_of(names[one]) == place]
            for variable in (*named, *alike)[:1]:
                found[place] = 2 * variable + (inverse ^ self.samples.signature(variable)[1])
        return found

    def more(
        self, leaves: Mapping[int, tuple[int, int]], literals: Mapping[int, int]
    ) -> list[tuple[int, list[int]]]:
        """One of the bits' literals, and each further variable that is to be a bit: with places."""
        found: list[tuple[int, list[int]]] = [
            (literal, [place]) for place, literal in list(literals.items())[:1]
        ]
        taken = {literal >> 1 for literal in literals.values()}
        for variable, (place, inverse) in leaves.items():
            if variable not in taken:
                found.append((2 * variable + inverse, [place]))
        return found


_COLUMN = re.compile(r"_at_(\d+)_(?:\d+|half)[._](sum|carry)")


def column_of(name: str) -> int:
    """Column of a sum in which a bit stands, as its name says; -1 if it does not."""
    found = _COLUMN.search(name)
    return int(found[1]) + (found[2] == "carry") if found else -1
