"""alkaid's ALIR JSON, read without alkaid: docs/import.md.

An ALIR program (specification 4, https://github.com/calad0i/alkaid, docs/alir.md) is a list of
scalar operations, each of operands before it. Negations, sums and constants are linear: they are
multiplied out, so that what lies between two operations that are not becomes a matrix, whose sums
our own compiler shares anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.builder import GraphBuilder, network_name
from hexcoder.network.schema import NetworkGraph, RealInput

SPECIFICATION = 4
MOST_OPERATIONS = 1 << 20
MOST_SHIFT = 64
_NEGATE, _INPUT, _ADD, _SUBTRACT, _RELU, _QUANTISE, _ADD_CONSTANT, _CONSTANT, _MUX = range(-2, 7)
_MULTIPLY, _TABLE, _UNARY, _BITWISE, _SUM = range(7, 12)
_NOT, _ANY, _EVERY = range(3)
_AND, _OR, _XOR = range(3)

Place = tuple[str, int]
"""A node and the number of one of its elements."""


@dataclass
class _Form:
    """A value as a sum of constants times elements of nodes, and a constant."""

    terms: dict[Place, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)

    def plus(self, other: _Form, factor: Fraction) -> _Form:
        terms = dict(self.terms)
        for place, coefficient in other.terms.items():
            terms[place] = terms.get(place, Fraction(0)) + factor * coefficient
        kept = {place: coefficient for place, coefficient in terms.items() if coefficient}
        return _Form(kept, self.constant + factor * other.constant)

    def times(self, factor: Fraction) -> _Form:
        return _Form().plus(self, factor)


@dataclass(frozen=True)
class _Operation:
    """One operation; ``least``, ``most`` and ``step`` bound what it gives."""

    operands: tuple[int, ...]
    code: int
    data: tuple[int, ...]
    least: Fraction
    most: Fraction
    step: Fraction
    where: str

    def type(self) -> FixedPoint | None:
        """The narrowest type that holds the interval; None where it is 0 alone."""
        return _narrowest(self.least, self.most, self.step, self.where)


def _narrowest(least: Fraction, most: Fraction, step: Fraction, where: str) -> FixedPoint | None:
    if least == most == 0:
        return None
    return FixedPoint.holding(int(least / step), int(most / step), _exponent(1 / step, where))


def is_alir(value: Any) -> bool:
    """Whether a JSON value is such a program."""
    return isinstance(value, dict) and value.get("meta") in ("ALIRModel", "DAISModel")


def import_alir(value: Mapping[str, Any], path: Path) -> NetworkGraph:
    """A program's graph, exact.

    Raises
    ------
    InputError
        If it is of another specification, is cut off, or has an operation that is not known.
    """
    source = str(path)
    if value.get("spec_version") != SPECIFICATION:
        raise InputError(
            f"{source}: key 'spec_version' = {value.get('spec_version')!r}: {SPECIFICATION} is read"
        )
    model = value.get("model")
    if not isinstance(model, list) or len(model) not in (8, 9):
        raise InputError(f"{source}: key 'model' must be a list of 8 or 9 parts")
    shape, in_shifts, outputs, out_shifts, negated, rows = model[:6]
    try:
        elements, count = (int(side) for side in shape)
        ends = list(zip(outputs, out_shifts, negated, strict=True))
        if any(abs(shift) > MOST_SHIFT for shift in (*in_shifts, *out_shifts)):
            raise ValueError
        shifts = [Fraction(2) ** int(shift) for shift in in_shifts]
        if len(shifts) != elements or len(ends) != count or not elements or not count:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{source}: key 'model': its shape does not fit its shifts") from None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_OPERATIONS:
        raise InputError(f"{source}: key 'model'[5] must be a list of operations")
    operations = [_operation(row, number, source) for number, row in enumerate(rows)]
    tables = _tables(model[8] if len(model) == 9 else None, source)
    reader = _Reader(GraphBuilder(network_name(path)), operations, tables, shifts, source)
    return reader.network(ends)


def _operation(row: Any, number: int, source: str) -> _Operation:
    where = f"{source}: operation {number}"
    try:
        operands, code, data, interval = row[:4]
        least, most, step = (Fraction(one) for one in interval)
        found = _Operation(
            tuple(map(int, operands)), int(code), tuple(map(int, data)), least, most, step, where
        )
    except (TypeError, ValueError, OverflowError, IndexError):
        raise InputError(f"{where}: it must have operands, a code, data and an interval") from None
    if step <= 0 or least > most:
        raise InputError(f"{where}: its interval [{least}, {most}, {step}] is none")
    if not all(0 <= operand < number for operand in found.operands):
        raise InputError(f"{where}: its operands {list(found.operands)} must lie before it")
    wanted = {_NEGATE: (1, 0), _INPUT: (0, 1), _ADD: (2, 1), _SUBTRACT: (2, 1), _RELU: (1, 0),
              _QUANTISE: (1, 1), _ADD_CONSTANT: (1, 2), _CONSTANT: (0, 1), _MUX: (3, 1),
              _MULTIPLY: (2, 0), _TABLE: (1, 1), _UNARY: (1, 1), _BITWISE: (2, 2)}  # fmt: skip
    if found.code == _SUM:
        needed = (2, 2 * len(found.operands))
    elif found.code in wanted:
        needed = wanted[found.code]
    else:
        raise InputError(f"{where}: code {found.code} is not known")
    if len(found.operands) < needed[0] or len(found.data) < needed[1]:
        raise InputError(f"{where}: code {found.code} needs more operands or data")
    shifts = found.data[1::2] if found.code in (_SUM, _ADD_CONSTANT) else found.data[:1]
    is_number = found.code in (_INPUT, _CONSTANT)
    if any(abs(one) > 1 << 62 for one in found.data) or not (
        is_number or all(abs(one) <= MOST_SHIFT for one in shifts)
    ):
        raise InputError(f"{where}: its data {list(found.data[:4])} are beyond 62 bits")
    return found


def _tables(value: Any, source: str) -> list[np.ndarray]:
    """Real values of each table."""
    found = []
    for number, row in enumerate(value or []):
        try:
            interval = row["spec"]["out_qint"]
            ends = [Fraction(interval[key]) for key in ("min", "max", "step")]
            entries = np.array(row["table"], dtype=np.int64)
            if entries.ndim != 1 or not entries.size or ends[2] <= 0:
                raise ValueError
        except (TypeError, ValueError, KeyError, OverflowError):
            raise InputError(f"{source}: table {number} is none") from None
        type_ = _narrowest(ends[0], ends[1], ends[2], f"{source}: table {number}")
        width = type_.width if type_ else 1
        low = -(1 << width - 1) if type_ and type_.signed else 0
        found.append(((entries - low) % (1 << width) + low) * float(ends[2]))
    return found


def _exponent(value: Fraction, where: str) -> int:
    """Binary logarithm of a power of two."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** exponent != value or abs(exponent) > 62:
        raise InputError(f"{where}: its step {1 / value} is no power of two")
    return exponent


class _Reader:
    """Makes nodes of operations, those that do the same at one depth together."""

    def __init__(
        self,
        builder: GraphBuilder,
        operations: Sequence[_Operation],
        tables: Sequence[np.ndarray],
        in_scales: Sequence[Fraction],
        source: str,
    ):
        self.builder, self.operations, self.tables = builder, operations, tables
        self.in_scales, self.source = in_scales, source
        self.forms: dict[int, _Form] = {}
        self.levels: dict[str, int] = {}
        self.waiting: list[int] = []

    def network(self, ends: Sequence[tuple[Any, Any, Any]]) -> NetworkGraph:
        self._take_inputs()
        self.waiting = [n for n in range(len(self.operations)) if n not in self.forms]
        while self.waiting:
            self._multiply_out()
            if self.waiting:
                self._next_level()
        outputs = []
        for index, shift, is_negated in ends:
            if not isinstance(index, int) or index >= len(self.operations):
                raise InputError(f"{self.source}: output {index!r} is no operation")
            sign = -1 if is_negated else 1
            form = self.forms[index] if index >= 0 else _Form()
            outputs.append(form.times(sign * Fraction(2) ** int(shift)))
        self.builder.output(self._tensor("y", outputs))
        return self.builder.network()

    def _take_inputs(self) -> None:
        """The network's input, and the type of each element that is read, wrapped to."""
        taken = [n for n, one in enumerate(self.operations) if one.code == _INPUT]
        types = [self.operations[n].type() for n in taken]
        known = [type_ for type_ in types if type_ is not None]
        elements = len(self.in_scales)
        for number in taken:
            if not 0 <= self.operations[number].data[0] < elements:
                raise InputError(
                    f"{self.operations[number].where}: input {self.operations[number].data[0]}; "
                    f"there are {elements}"
                )
        if not known:
            raise InputError(f"{self.source}: it reads no input")
        # Inputs are cast to their types before they are scaled.
        fraction_bits = max(type_.fraction_bits for type_ in known)
        signed = any(type_.signed for type_ in known)
        whole = max(type_.integer_bits + (signed and not type_.signed) for type_ in known)
        type_ = FixedPoint(signed, max(whole, 1 - fraction_bits), fraction_bits)
        real = RealInput.model_validate({"rounding": "floor", "overflow": "wrap"})
        x = self.builder.input("x", (elements,), type_, real)
        numbers = np.array([self.operations[n].data[0] for n in taken])
        node = self.builder.move("x_read", [x], numbers)
        node = self.builder.add("requantise", "x_cast", [node], type=types, overflow="wrap")
        self.levels[node] = 0
        for place, number in enumerate(taken):
            scale = self.in_scales[self.operations[number].data[0]]
            self.forms[number] = _Form({(node, place): scale})

    def _multiply_out(self) -> None:
        """Forms of all linear operations whose operands have one."""
        left = []
        for number in self.waiting:
            operation = self.operations[number]
            given = [self.forms.get(operand) for operand in operation.operands]
            form = None
            if all(one is not None for one in given):
                form = self._linear(operation, [one for one in given if one is not None])
            if form is None:
                left.append(number)
            else:
                self.forms[number] = form
        self.waiting = left

    def _linear(self, operation: _Operation, given: Sequence[_Form]) -> _Form | None:
        """An operation's form if it is linear."""
        data = operation.data
        match operation.code:
            case -2:
                return given[0].times(Fraction(-1))
            case 0 | 1:
                sign = 1 if operation.code == _ADD else -1
                return given[0].plus(given[1], sign * Fraction(2) ** data[0])
            case 4:
                return given[0].plus(_Form(constant=data[0] * Fraction(2) ** -data[1]), Fraction(1))
            case 5:
                return _Form(constant=data[0] * operation.step)
            case 11:
                form = _Form()
                for place, one in enumerate(given):
                    sign = 1 if data[2 * place] else -1
                    form = form.plus(one, sign * Fraction(2) ** data[2 * place + 1])
                return form
            case 9 if data[0] == _NOT:
                return self._inverted(operation, given[0])
        return None

    def _inverted(self, operation: _Operation, given: _Form) -> _Form:
        """All bits inverted: -v - 1 in steps, or the greatest of its width less v."""
        before = self.operations[operation.operands[0]]
        type_ = before.type() or FixedPoint(False, 1, 0)
        step = operation.step / before.step
        most = -1 if type_.signed else (1 << type_.width) - 1
        return _Form(constant=most * before.step).plus(given, Fraction(-1)).times(step)

    def _next_level(self) -> None:
        """Nodes for those operations that can be done next, the ones of least depth."""
        ready: dict[int, list[int]] = defaultdict(list)
        for number in self.waiting:
            given = [self.forms.get(operand) for operand in self.operations[number].operands]
            if all(one is not None for one in given):
                ready[self._level(given)].append(number)
        assert ready, "operands lie before what reads them"
        level = min(ready)
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for number in ready[level]:
            operation = self.operations[number]
            kind = operation.data[:1] if operation.code == _UNARY else ()
            kind = operation.data[1:2] if operation.code == _BITWISE else kind
            groups[operation.code, *kind].append(number)
        for (code, *_), members in sorted(groups.items()):
            made = _MAKERS[code](self, members)
            for place, number in enumerate(members):
                self.forms[number] = _Form({(made, place): Fraction(1)})
            self.levels[made] = level + 1
        done = set(ready[level])
        self.waiting = [number for number in self.waiting if number not in done]

    def _level(self, forms: Sequence[_Form | None]) -> int:
        places = (place for form in forms if form is not None for place in form.terms)
        return max((self.levels[node] for node, _ in places), default=0)

    def _operands(self, members: Sequence[int], place: int, name: str, shift: bool = False) -> str:
        """A tensor of one operand of each member, shifted by its first datum where asked."""
        forms = []
        for number in members:
            operation = self.operations[number]
            form = self.forms[operation.operands[place]]
            forms.append(form.times(Fraction(2) ** operation.data[0]) if shift else form)
        return self._tensor(name, forms)

    def _tensor(self, name: str, forms: Sequence[_Form]) -> str:
        """A tensor of the values of forms."""
        nodes = sorted({node for form in forms for node, _ in form.terms})
        if not nodes:
            return self._constants(name, [form.constant for form in forms])
        places = sorted({place for form in forms for place in form.terms})
        starts, start = {}, 0
        for node in nodes:
            starts[node] = start
            start += self.builder.tensors[node].elements
        if all(not form.constant and list(form.terms.values()) == [1] for form in forms):
            numbers = [starts[node] + place for form in forms for node, place in form.terms]
            return self.builder.move(name, nodes, np.array(numbers))
        numbers = np.array([starts[node] + place for node, place in places])
        read = self.builder.move(f"{name}_read", nodes, numbers)
        row = {place: number for number, place in enumerate(places)}
        fraction_bits = _bits_of([c for form in forms for c in form.terms.values()], self.source)
        bias_bits = _bits_of([form.constant for form in forms], self.source)
        weights = np.zeros((len(places), len(forms)), dtype=np.int64)
        for column, form in enumerate(forms):
            for place, coefficient in form.terms.items():
                weights[row[place], column] = int(coefficient * Fraction(2) ** fraction_bits)
        return self.builder.add(
            "linear",
            name,
            [read],
            weights=weights,
            fraction_bits=fraction_bits,
            biases=[int(form.constant * Fraction(2) ** bias_bits) for form in forms],
            bias_fraction_bits=bias_bits,
        )

    def _constants(self, name: str, values: Sequence[Fraction]) -> str:
        bits = _bits_of(values, self.source)
        whole = [int(value * Fraction(2) ** bits) for value in values]
        return self.builder.add("constant", name, [], values=whole, fraction_bits=bits)

    def _types(self, members: Sequence[int]) -> list[FixedPoint | None]:
        return [self.operations[number].type() for number in members]

    def relu(self, members: Sequence[int]) -> str:
        """Positive part, cut and wrapped to the type."""
        given = self._operands(members, 0, "sums")
        return self.builder.add("requantise", "relu", [given], type=self._types(members),
                                overflow="wrap", minimum=0)  # fmt: skip

    def quantise(self, members: Sequence[int]) -> str:
        """Shifted, cut and wrapped to the type."""
        given = self._operands(members, 0, "values", shift=True)
        return self._wrapped("cast", given, members)

    def _wrapped(self, name: str, given: str, members: Sequence[int]) -> str:
        types = self._types(members)
        return self.builder.add("requantise", name, [given], type=types, overflow="wrap")

    def mux(self, members: Sequence[int]) -> str:
        """The first operand where the highest bit of the third is 1, else the shifted second."""
        bounds = []
        for number in members:
            condition = self.operations[self.operations[number].operands[2]]
            type_ = condition.type() or FixedPoint(False, 1, 0)
            half = Fraction(2) ** (type_.integer_bits - 1)
            bounds.append((type_.signed, Fraction(0) if type_.signed else half))
        # Signed: below 0. Unsigned: at least half of the range, so below it after a change of sign.
        conditions = [self.forms[self.operations[n].operands[2]] for n in members]
        turned = [
            form if signed else _Form(constant=bound).plus(form, Fraction(-1))
            for form, (signed, bound) in zip(conditions, bounds, strict=True)
        ]
        steps = [self.operations[self.operations[n].operands[2]].step for n in members]
        limits = [
            Fraction(0) if signed else step for (signed, _), step in zip(bounds, steps, strict=True)
        ]
        given = [self._tensor("conditions", turned), self._constants("limits", limits)]
        sign = self.builder.add("compare", "high_bit", given, relation="less")
        yes = self._operands(members, 0, "if_high")
        no = self._operands(members, 1, "if_low", shift=True)
        return self._wrapped("chosen", self.builder.add("select", "mux", [sign, yes, no]), members)

    def multiply(self, members: Sequence[int]) -> str:
        """Products of two values."""
        sides = [self._operands(members, place, f"factors_{place}") for place in (0, 1)]
        return self.builder.add("multiply", "products", sides)

    def table(self, members: Sequence[int]) -> str:
        """A table's entry, the first being that of the interval's least value."""
        before = [self.operations[self.operations[number].operands[0]] for number in members]
        index = [
            self.forms[self.operations[number].operands[0]]
            .plus(_Form(constant=one.least), Fraction(-1))
            .times(1 / one.step)
            for number, one in zip(members, before, strict=True)
        ]
        given = self._tensor("indices", index)
        longest = max(int((one.most - one.least) / one.step) + 1 for one in before)
        whole = FixedPoint.holding(0, longest - 1, 0)
        given = self.builder.add("requantise", "index", [given], type=whole, overflow="wrap")
        rows, choice = [], []
        for number, one in zip(members, before, strict=True):
            place = self.operations[number].data[0]
            if not 0 <= place < len(self.tables):
                raise InputError(f"{self.operations[number].where}: there is no table {place}")
            if len(self.tables[place]) < int((one.most - one.least) / one.step) + 1:
                raise InputError(
                    f"{self.operations[number].where}: table {place} is shorter than its index"
                )
            choice.append(place)
        used = sorted(set(choice))
        size = 1 << whole.width
        bits = max(_bits_of([Fraction(v) for v in self.tables[u]], self.source) for u in used)
        for place in used:
            entries = np.ldexp(self.tables[place], bits).astype(np.int64)[:size]
            rows.append(np.pad(entries, (0, size - len(entries)), mode="edge"))
        type_ = FixedPoint.holding(int(np.min(rows)), int(np.max(rows)), bits)
        return self.builder.add("table", "tables", [given], tables=np.array(rows), type=type_,
                                choice=[used.index(one) for one in choice])  # fmt: skip

    def unary(self, members: Sequence[int]) -> str:
        """Whether any bit is 1, or every bit."""
        wanted = []
        for number in members:
            operation = self.operations[number]
            before = self.operations[operation.operands[0]]
            type_ = before.type() or FixedPoint(False, 1, 0)
            ones = -1 if type_.signed else (1 << type_.width) - 1
            wanted.append(Fraction(0) if operation.data[0] == _ANY else ones * before.step)
        kind = self.operations[members[0]].data[0]
        if kind not in (_ANY, _EVERY):
            where = self.operations[members[0]].where
            raise InputError(f"{where}: unary operation {kind} is not known")
        relation = "not_equal" if kind == _ANY else "equal"
        given = [self._operands(members, 0, "words"), self._constants("patterns", wanted)]
        return self.builder.add("compare", "reduced", given, relation=relation)

    def bitwise(self, members: Sequence[int]) -> str:
        """AND, OR, XOR: bit by bit, of which an AND is a product."""
        kind = self.operations[members[0]].data[1]
        if kind not in (_AND, _OR, _XOR):
            raise InputError(f"{self.operations[members[0]].where}: bitwise operation {kind}")
        lefts, rights, spans = [], [], []
        for number in members:
            operation = self.operations[number]
            one, other = (self.operations[operand] for operand in operation.operands[:2])
            scale = Fraction(2) ** operation.data[0]
            step = min(one.step, other.step * scale)
            low = min(one.least, other.least * scale, operation.least)
            high = max(one.most, other.most * scale, operation.most)
            type_ = FixedPoint.holding(int(low / step), int(high / step), 0)
            left = self.forms[operation.operands[0]].times(1 / step)
            right = self.forms[operation.operands[1]].times(scale / step)
            lefts += [left] * type_.width
            rights += [right] * type_.width
            spans.append((type_, step))
        places = [place for type_, _ in spans for place in range(type_.width)]
        bits = []
        for name, forms in (("left", lefts), ("right", rights)):
            given = self._tensor(f"{name}_words", forms)
            types = [FixedPoint(False, place + 1, -place) for place in places]
            bits.append(self.builder.add("requantise", f"{name}_bits", [given], type=types,
                                         overflow="wrap"))  # fmt: skip
        ones = [
            self._tensor(
                f"{name}_ones",
                [_Form({(one, k): Fraction(1, 1 << place)}) for k, place in enumerate(places)],
            )
            for name, one in zip(("left", "right"), bits, strict=True)
        ]
        both = self.builder.add("multiply", "both_bits", ones)
        share = {_AND: (0, 1), _OR: (1, -1), _XOR: (1, -2)}[kind]
        forms, k = [], 0
        for type_, step in spans:
            form = _Form()
            for place in range(type_.width):
                is_sign = type_.signed and place == type_.width - 1
                weight = step * (1 << place) * (-1 if is_sign else 1)
                terms = {(one, k): Fraction(share[0]) for one in ones if share[0]}
                form = form.plus(_Form(terms | {(both, k): Fraction(share[1])}), weight)
                k += 1
            forms.append(form)
        return self._tensor("bitwise", forms)


_MAKERS = {
    _RELU: _Reader.relu,
    _QUANTISE: _Reader.quantise,
    _MUX: _Reader.mux,
    _MULTIPLY: _Reader.multiply,
    _TABLE: _Reader.table,
    _UNARY: _Reader.unary,
    _BITWISE: _Reader.bitwise,
}


def _bits_of(values: Sequence[Fraction], source: str) -> int:
    """Fraction bits that hold all numbers."""
    bits = max((value.denominator.bit_length() - 1 for value in values), default=0)
    if bits > 62 or any(value.denominator & value.denominator - 1 for value in values):
        raise InputError(f"{source}: a constant is no number of at most 62 fraction bits")
    return bits
