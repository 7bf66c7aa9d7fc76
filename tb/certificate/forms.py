"""Linear elimination: what a word of bits is, in integers, of the bits that it was made from.

A full adder is the identity a + b + c = sum + 2 carry. So is a half adder: an exclusive or and an
and of the same two bits. Every gate of a sum can so be replaced, from the word's top down, by the
bits that it reads. Carries cancel, because each stands once in the column above. What remains is a
linear form over the layer's input bits, exact or modulo a power of two.

A word that is shared may drop its top carry, because its range says that the carry never comes.
That is no identity. It is proved (:meth:`Elimination.dropped_carry`) by the same elimination:
2**width times the dropped carries is the sum of what goes in less what comes out. Its range over
all inputs leaves a single number of carries.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from hexcoder.tb.certificate.circuit import NO_GATE, Circuit, Gate, Kind

_UNIT = 1 << 80
"""Weight of a dropped carry while it is followed: columns below have this over powers of two."""


@dataclass
class Form:
    """``constant`` plus the sum of coefficient times variable."""

    terms: dict[int, int] = field(default_factory=dict)
    constant: int = 0

    def add(self, literal: int, factor: int) -> None:
        """Add a factor times a literal."""
        variable = literal >> 1
        if literal & 1:
            self.constant += factor
            factor = -factor
        if variable:
            self.terms[variable] = self.terms.get(variable, 0) + factor


Bounds = Callable[[Mapping[int, int]], tuple[int, int]]
"""Least and greatest value of a sum of coefficients times variables, over all inputs."""


@dataclass(frozen=True, slots=True)
class _Relation:
    """``scale`` times a word's top bit is a form over its lower bits and inputs."""

    scale: int
    form: Form
    signed: int = 0
    """The bit below the top, where the word is two's complement; else 0."""


@dataclass(frozen=True, slots=True)
class _Dropped:
    """What ranges say of a dropped carry: with ``others`` it sums up to ``value``.

    ``with_sum`` counts the adder's sum too: where a constant one is added to it in the last column,
    the sum itself is a carry that is dropped.
    """

    value: int
    others: Mapping[int, int]
    with_sum: bool = False


class Elimination:
    """Linear forms of a circuit's variables.

    ``base`` are the variables that stay: bits of elements. ``alias`` are others that are known to
    be such a bit. Virtual variables have numbers from the circuit's size up: the and of two bits of
    which only the exclusive or is built, or the other way round (``pairs`` has those by number), or
    a bit of an element that is not built. Each is 0 or 1, as any other.
    """

    def __init__(self, circuit: Circuit, bounds: Bounds, pairs: dict[int, tuple[Kind, int, int]]):
        self.circuit, self.bounds, self.pairs = circuit, bounds, pairs
        self.base: set[int] = set()
        self.alias: dict[int, int] = {}
        self._virtual_of: dict[Hashable, int] = {}
        self._size = len(circuit.names)
        self._relations: dict[int, list[_Relation]] = defaultdict(list)
        self._carries: dict[int, _Dropped | None] = {}
        self._ands: dict[tuple[int, int], tuple[int, int, _Dropped] | None] = {}
        self._read = bytearray(self._size)
        self._gate_of_pair: dict[tuple[Kind, int, int], int] = {}
        self._readers: dict[int, list[int]] = defaultdict(list)
        for number, gate in enumerate(circuit.gates):
            for literal in gate.inputs:
                self._read[literal >> 1] = 1
                self._readers[literal >> 1].append(number)
            if gate.kind is not Kind.FULL_ADDER:
                a, b = (literal >> 1 for literal in gate.inputs)
                self._gate_of_pair.setdefault((gate.kind, a, b), gate.output)
        for literal in circuit.outputs:
            self._read[literal >> 1] = 1

    def virtual_variable(self, key: Hashable) -> int:
        """Number of a bit that is not built: of two variables' and, or of anything else."""
        if key not in self._virtual_of:
            self._virtual_of[key] = self._size + len(self._virtual_of)
        return self._virtual_of[key]

    def virtual_pair(self, kind: Kind, a: int, b: int) -> int:
        """Number of a gate of two variables that is not built; ``pairs`` gets it."""
        variable = self.virtual_variable((kind, a, b))
        self.pairs[variable] = kind, a, b
        return variable

    def relate(self, bits: list[int], form: Form, *, signed: bool) -> None:
        """Remember that a word of bits (literals, low bit first) is exactly a form."""
        top = bits[-1] >> 1
        if bits[-1] & 1 or top in self.base or not top or self.circuit.made_by[top] == NO_GATE:
            return
        scale = 1 << len(bits) - 1
        rest = Form(dict(form.terms), form.constant)
        for place, bit in enumerate(bits[:-1]):
            rest.add(bit, -(1 << place))
        if signed:
            rest = Form({v: -c for v, c in rest.terms.items()}, -rest.constant)
        below = bits[-2] >> 1 if signed and len(bits) > 1 else 0
        self._relations[top].append(_Relation(scale, rest, below))

    def replace(self, variable: int, literal: int) -> None:
        """Let gates read a literal, of a variable before it, in place of a variable equal to it."""
        gates = self.circuit.gates
        for number in self._readers.pop(variable, ()):
            gate = gates[number]
            inputs = tuple(
                literal ^ (one & 1) if one >> 1 == variable else one for one in gate.inputs
            )
            gates[number] = Gate(gate.kind, inputs, gate.output)
            self._readers[literal >> 1].append(number)
            self._read[literal >> 1] = 1
            if gate.kind is not Kind.FULL_ADDER:
                a, b = sorted(one >> 1 for one in inputs)
                self._gate_of_pair.setdefault((gate.kind, a, b), gate.output)

    def reduced(self, form: Form, width: int | None, end: Form | None = None) -> Form:
        """A form over input bits, and what could not be eliminated; modulo 2**width if given.

        ``end`` is added as it is, without replacing its variables.
        """
        return _Reduction(self, width, end or Form()).run(form)

    def dropped_carry(self, variable: int) -> _Dropped | None:
        """What is known of a full adder's carry that nobody reads."""
        if variable not in self._carries:
            self._carries[variable] = None
            gate = self.circuit.gates[self.circuit.made_by[variable]]
            found = (self._prove_carry(gate, with_sum=it) for it in (False, True))
            self._carries[variable] = next((one for one in found if one), None)
        return self._carries[variable]

    def dropped_and(self, a: int, b: int) -> tuple[int, int, _Dropped] | None:
        """Inverses i and j, and what is known of the and of a ^ i and b ^ j.

        It is a carry that was not built, of two variables whose exclusive or is.
        """
        if (a, b) not in self._ands:
            self._ands[a, b] = None
            total = self.gate_of_pair(Kind.XOR, a, b)
            if total is not None and self.gate_of_pair(Kind.AND, a, b) is None:
                found = (self._prove_and(a, b, i, j, total) for i in (0, 1) for j in (0, 1))
                self._ands[a, b] = next((one for one in found if one), None)
        return self._ands[a, b]

    def _prove_and(
        self, a: int, b: int, i: int, j: int, total: int
    ) -> tuple[int, int, _Dropped] | None:
        # 2 and(x, y) = x + y - xor(x, y)
        half, form, carries = _UNIT // 2, Form(), dict[int, int]()
        for literal in (2 * a + i, 2 * b + j):
            form.add(literal, half)
            self._join_literal(literal, 1, carries)
        end = Form()
        end.add(2 * total + (i ^ j), -half)
        value = self._followed(form, end, carries, total)
        return None if value is None else (i, j, _Dropped(value, carries))

    def is_dropped(self, gate: Gate) -> bool:
        """Whether nobody reads a full adder's carry."""
        return gate.kind is Kind.FULL_ADDER and not self._read[gate.output + 1]

    def _prove_carry(self, gate: Gate, *, with_sum: bool) -> _Dropped | None:
        carries = {gate.output + 1: 1}
        self._join(gate, 1, carries)
        del carries[gate.output + 1]
        form, end = Form({gate.output + 1: _UNIT}), Form()
        if with_sum:
            end.add(2 * gate.output, _UNIT)
        value = self._followed(form, end, carries, gate.output)
        return None if value is None else _Dropped(value, carries, with_sum)

    def _followed(self, form: Form, end: Form, carries: Mapping[int, int], top: int) -> int | None:
        """The only number that dropped carries of a word sum up to; None if ranges leave several.

        ``form`` and ``end`` are one of them, ``carries`` the others; ``top`` is the word's top bit.
        """
        for variable, sign in carries.items():
            form.add(2 * variable, sign * _UNIT)
        result = self.reduced(form, None, end)
        low, high = (bound + result.constant for bound in self.bounds(result.terms))
        least, most = -(-low // _UNIT), high // _UNIT
        if least != most:
            return None
        self._keep(top, result, _UNIT * least)
        return least

    def _join(self, gate: Gate, sign: int, carries: dict[int, int]) -> None:
        """Add dropped carries of the adders before this one in its column, of either sign."""
        for literal in gate.inputs:
            self._join_literal(literal, sign, carries)

    def _join_literal(self, literal: int, sign: int, carries: dict[int, int]) -> None:
        number = self.circuit.made_by[literal >> 1]
        if number == NO_GATE or literal >> 1 in self.base:
            return
        before = self.circuit.gates[number]
        carry = before.output + 1
        if before.output != literal >> 1 or not self.is_dropped(before) or carry in carries:
            return
        if self.dropped_carry(carry) is None:
            carries[carry] = its = -sign if literal & 1 else sign
            self._join(before, its, carries)

    def _keep(self, top: int, result: Form, value: int) -> None:
        """Keep what was found of a word: its top bit in terms of the others."""
        scale = result.terms.get(top, 0)
        if not scale or top in self.base:
            return
        rest = {v: c for v, c in result.terms.items() if v != top}
        constant = result.constant - value
        unit = min(factor & -factor for factor in (scale, constant, *rest.values()) if factor)
        unit = unit if scale < 0 else -unit
        form = Form({v: c // unit for v, c in rest.items()}, constant // unit)
        self._relations[top].append(_Relation(-scale // unit, form))

    def relations_of(self, variable: int) -> list[_Relation]:
        """What is known of a word's top bit."""
        return self._relations.get(variable, [])

    def gate_of_pair(self, kind: Kind, a: int, b: int) -> int | None:
        """Variable of the first gate that is built of two variables, whatever it inverts."""
        return self._gate_of_pair.get((kind, a, b))


class _Reduction:
    """One elimination, from the last variable to the first."""

    def __init__(self, elimination: Elimination, width: int | None, end: Form):
        self.known, self.circuit = elimination, elimination.circuit
        self._modulus = None if width is None else 1 << width
        self._waiting: list[int] = []
        self._terms: dict[int, int] = {}
        self._pairs: dict[int, dict[tuple[int, int], int]] = {}
        self.result = Form(dict(end.terms), end.constant)

    def _live(self, factor: int) -> int:
        """A factor, or 0 if it is a multiple of the modulus.

        Factors are not reduced otherwise: halves of them would be others.
        """
        return 0 if self._modulus is not None and not factor % self._modulus else factor

    def _least(self, factor: int) -> int:
        """Of the factors that are equal by the modulus the one that is nearest to 0."""
        if self._modulus is None:
            return factor
        half = self._modulus >> 1
        return (factor + half) % self._modulus - half

    def add(self, literal: int, factor: int) -> None:
        if literal >> 1 in self.known.alias:
            literal = self.known.alias[literal >> 1] ^ (literal & 1)
        variable = literal >> 1
        if literal & 1:
            self.result.constant += factor
            factor = -factor
        if not variable:
            return
        if variable in self.known.base or variable >= self.known._size:
            self._leave(variable, factor)
            return
        if variable not in self._terms:
            self._terms[variable] = 0
            heapq.heappush(self._waiting, -2 * self._first_output(variable))
        self._terms[variable] += factor

    def _leave(self, variable: int, factor: int) -> None:
        self.result.terms[variable] = self.result.terms.get(variable, 0) + factor

    def _add_pair(self, a: int, b: int, factor: int) -> None:
        """Add a factor times the and of two variables, a < b."""
        place = self._first_output(b)
        if place not in self._pairs:
            self._pairs[place] = {}
            heapq.heappush(self._waiting, -2 * place - 1)
        self._pairs[place][a, b] = self._pairs[place].get((a, b), 0) + factor

    def _first_output(self, variable: int) -> int:
        """The variable, or of a carry the sum that it is made with."""
        number = self.circuit.made_by[variable]
        return variable if number == NO_GATE else self.circuit.gates[number].output

    def run(self, form: Form) -> Form:
        self.result.constant += form.constant
        for variable, factor in form.terms.items():
            self.add(2 * variable, factor)
        while self._waiting:
            key = -heapq.heappop(self._waiting)
            if key & 1:
                for (a, b), factor in self._pairs.pop(key >> 1).items():
                    if factor := self._live(factor):
                        self._pair(a, b, factor)
            else:
                self._variable(key >> 1)
        terms = {v: c for v, f in self.result.terms.items() if (c := self._least(f))}
        found = Form(terms, self.result.constant)
        if self._modulus is not None:
            found.constant %= self._modulus
        return found

    def _variable(self, variable: int) -> None:
        number = self.circuit.made_by[variable]
        if number == NO_GATE:
            if factor := self._live(self._terms.pop(variable, 0)):
                self._leave(variable, factor)
            return
        gate = self.circuit.gates[number]
        if gate.kind is Kind.FULL_ADDER:
            self._full_adder(gate)
            return
        factor = self._live(self._terms.pop(variable, 0))
        if not factor:
            return
        first, second = gate.inputs
        a, b = first >> 1, second >> 1
        if gate.kind is Kind.XOR:
            if self._substituted(variable, factor):
                return
            self.add(2 * a, factor)
            self.add(2 * b, factor)
            self._add_pair(min(a, b), max(a, b), -2 * factor)
            return
        # and(a ^ i, b ^ j) as a linear form over a, b and their and.
        i, j = first & 1, second & 1
        sign = -1 if i ^ j else 1
        self._add_pair(min(a, b), max(a, b), sign * factor)
        if i and j:
            self.result.constant += factor
            self.add(2 * a, -factor)
            self.add(2 * b, -factor)
        elif i:
            self.add(2 * b, factor)
        elif j:
            self.add(2 * a, factor)

    def _substituted(self, top: int, factor: int) -> bool:
        """Replace a word's top bit by what is known of it."""
        for relation in self.known.relations_of(top):
            if factor % relation.scale:
                continue
            if relation.signed:
                below = self._terms.get(relation.signed, self.result.terms.get(relation.signed, 0))
                if self._live(2 * below + factor):
                    continue
            times = factor // relation.scale
            self.result.constant += times * relation.form.constant
            for variable, its in relation.form.terms.items():
                self.add(2 * variable, times * its)
            return True
        return False

    def _full_adder(self, gate: Gate) -> None:
        total, carry = gate.output, gate.output + 1
        alpha = self._live(self._terms.pop(total, 0))
        beta = self._live(self._terms.pop(carry, 0))
        if alpha and not beta and self._substituted(total, alpha):
            return
        rest = self._live(beta - 2 * alpha)
        if not rest:
            factor = alpha
        elif self.known.is_dropped(gate) and not beta:
            factor = alpha
            dropped = self.known.dropped_carry(carry)
            # What was proved just now may say all of the word.
            if self._substituted(total, alpha):
                return
            if dropped is None:
                self._leave(carry, rest)
            else:
                # With its sum: sum = a + b + c - 2 (value - others - sum).
                factor = -alpha if dropped.with_sum else alpha
                self._replace(dropped, -2 * factor)
        elif beta % 2 == 0 and carry not in self.known.base and beta:
            factor = beta // 2
            self._leave(total, self._live(alpha - factor))
        else:
            factor = alpha
            self._leave(carry, rest)
        if factor:
            for literal in gate.inputs:
                self.add(literal, factor)

    def _pair(self, a: int, b: int, factor: int) -> None:
        """What is left of the and of two variables."""
        known = self.known
        built = known.gate_of_pair(Kind.XOR, a, b)
        if found := known.dropped_and(a, b):
            i, j, dropped = found
            # Solved for the and of a and b themselves.
            self._replace(dropped, -factor if i ^ j else factor)
            if i and j:
                self.result.constant -= factor
            if j:
                self.add(2 * a, factor)
            if i:
                self.add(2 * b, factor)
            return
        if factor % 2 == 0:
            whole = built if built is not None else known.virtual_pair(Kind.XOR, a, b)
            self.add(2 * a, factor // 2)
            self.add(2 * b, factor // 2)
            self._leave(whole, -(factor // 2))
        else:
            self._leave(known.virtual_pair(Kind.AND, a, b), factor)

    def _replace(self, dropped: _Dropped, factor: int) -> None:
        """Add a factor times a dropped carry."""
        self.result.constant += factor * dropped.value
        for variable, sign in dropped.others.items():
            self._leave(variable, -factor * sign)
