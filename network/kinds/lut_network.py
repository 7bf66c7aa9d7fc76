"""Node kind ``lut_network``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field

from hexcoder.config import Name, Section
from hexcoder.fixed_point import FixedPoint, FixedPointField
from hexcoder.network.layer import MOST_ELEMENTS, Keys, Layer, TensorType

MOST_INPUTS = 8
"""Of one table."""
MOST_TABLES = 1 << 16
_BLOCK = 4096
"""Events that the golden model holds all wires of."""

Wires: TypeAlias = Annotated[list[int], Field(min_length=1)]
Truth: TypeAlias = int | str


class Lut(Section):
    """One table, or several that read the same wires."""

    inputs: list[int] = Field(
        min_length=1, max_length=MOST_INPUTS, description="wires; the first is bit 0 of the index"
    )
    table: Truth | None = Field(None, description="bit i is the output at index i: hex or integer")
    tables: list[Truth] | None = Field(
        None, min_length=1, description="in the place of 'table': one for each output"
    )

    def truths(self) -> tuple[int, ...]:
        """Truth table of each output, 2**inputs bits.

        Raises
        ------
        ValueError
            If one has another length, or is no number.
        """
        if (self.table is None) == (self.tables is None):
            raise ValueError("it must have one of 'table' and 'tables'")
        if self.table is not None:
            return (self._truth(self.table, "'table'"),)
        return tuple(
            self._truth(one, f"'tables'[{number}]") for number, one in enumerate(self.tables or ())
        )

    def _truth(self, value: Truth, key: str) -> int:
        bits = 1 << len(self.inputs)
        digits = max(bits // 4, 1)
        text = value.removeprefix("0x") if isinstance(value, str) else None
        if text is not None and not set(text) <= set("0123456789abcdefABCDEF"):
            raise ValueError(f"{key} = {value!r} is no hexadecimal number")
        number = value if isinstance(value, int) else int(text or "0", 16)
        if (text is not None and len(text) != digits) or not 0 <= number < 1 << bits:
            raise ValueError(
                f"{key} = {value!r}: {len(self.inputs)} inputs need {bits} bits, {digits} "
                f"hexadecimal digits or an integer from 0 to 2^{bits} - 1"
            )
        return number


class LutNetwork(Layer):
    """Layers of small truth tables on single bits.

    As trained by LogicNets (Umuroglu et al., arXiv:2004.03021), difflogic (Petersen et al.,
    arXiv:2210.08277) and differentiable weightless networks (Bacellar et al., arXiv:2410.11112).
    """

    kind: Literal["lut_network"]
    name: Name
    layers: list[Annotated[list[Lut], Field(min_length=1)]] = Field(
        min_length=1, description="of each layer its tables"
    )
    outputs: list[Wires] | None = Field(
        None, min_length=1, description="of each element its bits' wires, lowest first"
    )
    type: FixedPointField | None = Field(None, description="of 'outputs'")
    popcounts: list[Wires] | None = Field(
        None, min_length=1, description="in the place of 'outputs': wires that are counted"
    )
    offsets: list[int] | None = Field(
        None, description="what is added to each of 'popcounts'; 0 without it"
    )

    def walk(self, source: TensorType) -> Iterator[tuple[int, int, Lut, tuple[int, ...]]]:
        """Layer, number in it, the table itself and its truth tables, in the order of wires.

        Raises
        ------
        ValueError
            Where a table is none, or reads what is not made before its layer.
        """
        known = source.elements * source.type.width
        for number, layer in enumerate(self.layers):
            made = 0
            for place, lut in enumerate(layer):
                where = f"'layers'[{number}][{place}]"
                try:
                    truths = lut.truths()
                    _check_wires(lut.inputs, known)
                except ValueError as error:
                    raise ValueError(f"{where}: {error}") from None
                if len(set(lut.inputs)) < len(lut.inputs):
                    twice = next(wire for wire in lut.inputs if lut.inputs.count(wire) > 1)
                    raise ValueError(f"{where}: it reads wire {twice} twice")
                made += len(truths)
                yield number, place, lut, truths
            known += made

    def output(self, sources: Sequence[TensorType]) -> TensorType:
        """(outputs,), of the type that is given or of the narrowest that holds every count."""
        (source,) = sources
        tables = sum(len(layer) for layer in self.layers)
        if tables > MOST_TABLES:
            raise ValueError(f"it has {tables} tables; at most {MOST_TABLES} are supported")
        wires = source.elements * source.type.width
        wires += sum(len(truths) for *_, truths in self.walk(source))
        if wires > MOST_ELEMENTS:
            raise ValueError(f"it has {wires} wires; at most {MOST_ELEMENTS} are supported")
        if (self.outputs is None) == (self.popcounts is None):
            raise ValueError("it must have one of 'outputs' and 'popcounts'")
        key = "outputs" if self.outputs is not None else "popcounts"
        for number, ends in enumerate(self.ends()):
            try:
                _check_wires(ends, wires)
            except ValueError as error:
                raise ValueError(f"'{key}'[{number}]: {error}") from None
        type_ = self._count_type() if self.outputs is None else self._bits_type()
        return TensorType.of((len(self.ends()),), type_)

    def ends(self) -> list[list[int]]:
        """Wires of each element of the output."""
        return self.outputs or self.popcounts or []

    def constants(self) -> list[int]:
        """What is added to each count."""
        return self.offsets or [0] * len(self.ends())

    def weights(self, count: int) -> list[int]:
        """What each of an element's wires counts."""
        if self.type is None:
            return [1] * count
        top = 1 << count - 1
        return [1 << place for place in range(count - 1)] + [-top if self.type.signed else top]

    def _bits_type(self) -> FixedPoint:
        if self.type is None:
            raise ValueError("'outputs' need a 'type'")
        if self.offsets is not None:
            raise ValueError("'offsets' go with 'popcounts'")
        for number, ends in enumerate(self.ends()):
            if len(ends) != self.type.width:
                raise ValueError(
                    f"'outputs'[{number}] has {len(ends)} wires; {self.type} needs "
                    f"{self.type.width}"
                )
        return self.type

    def _count_type(self) -> FixedPoint:
        ends, offsets = self.ends(), self.constants()
        if self.type is not None:
            raise ValueError("'type' goes with 'outputs'; that of 'popcounts' follows")
        if len(offsets) != len(ends):
            raise ValueError(f"'offsets' has {len(offsets)} entries for {len(ends)} popcounts")
        if any(abs(offset) >= 1 << 31 for offset in offsets):
            raise ValueError("an entry of 'offsets' is beyond 32 bits")
        high = max(offset + len(one) for offset, one in zip(offsets, ends, strict=True))
        return FixedPoint.holding(min(offsets), high, 0)

    def parameters(self) -> int:
        """Bits of all truth tables."""
        luts = [lut for layer in self.layers for lut in layer]
        return sum(len(lut.truths()) << len(lut.inputs) for lut in luts)

    def needed_bits(self, sources: Sequence[TensorType]) -> int:
        """Those of its input, or of a count."""
        return max(sources[0].type.width, self.output(sources).type.width)

    def evaluate(self, values: Sequence[np.ndarray], sources: Sequence[TensorType]) -> np.ndarray:
        """Exact."""
        (source,) = sources
        flat = values[0].reshape(len(values[0]), -1)
        tables = [
            (lut.inputs, [_entries(truth, 1 << len(lut.inputs)) for truth in truths])
            for _, _, lut, truths in self.walk(source)
        ]
        blocks = [
            self._block(flat[start : start + _BLOCK], source.type.width, tables)
            for start in range(0, max(len(flat), 1), _BLOCK)
        ]
        return np.concatenate(blocks)

    def _block(
        self, flat: np.ndarray, width: int, tables: Sequence[tuple[list[int], list[np.ndarray]]]
    ) -> np.ndarray:
        wires = [
            (element >> bit & 1).astype(np.uint8) for element in flat.T for bit in range(width)
        ]
        for inputs, entries in tables:
            index = np.zeros(len(flat), np.uint8)
            for place, wire in enumerate(inputs):
                index |= wires[wire] << np.uint8(place)
            wires += [entry[index] for entry in entries]
        found = np.zeros((len(flat), len(self.ends())), np.int64)
        for number, ends in enumerate(self.ends()):
            for weight, wire in zip(self.weights(len(ends)), ends, strict=True):
                found[:, number] += weight * wires[wire].astype(np.int64)
        return found + np.array(self.constants(), np.int64)

    @classmethod
    def draw(cls, random: Random, sources: Sequence[TensorType]) -> Keys | None:
        """Up to six layers of up to four tables of up to eight inputs."""
        (source,) = sources
        wires = source.elements * source.type.width
        layers = []
        for _ in range(random.randint(1, 6)):
            layer = [_drawn(random, wires) for _ in range(random.randint(1, 4))]
            wires += sum(len(lut.get("tables", [0])) for lut in layer)
            layers.append(layer)
        keys: Keys = {"kind": "lut_network", "layers": layers}
        count = random.randint(1, 3)
        if random.random() < 0.5:
            width = random.randint(1, 4)
            fraction_bits = random.randint(-1, width)
            type_ = FixedPoint(random.random() < 0.5, width - fraction_bits, fraction_bits)
            ends = [_late(random, wires, type_.width) for _ in range(count)]
            return keys | {"outputs": ends, "type": str(type_)}
        keys["popcounts"] = [_late(random, wires, random.randint(1, 9)) for _ in range(count)]
        if random.random() < 0.5:
            keys["offsets"] = [random.randint(-9, 9) for _ in range(count)]
        return keys


def _check_wires(wires: Sequence[int], known: int) -> None:
    """Raise ValueError if a wire is not one of the first so many."""
    for wire in wires:
        if not 0 <= wire < known:
            raise ValueError(f"wire {wire} is not there; it may read wires 0 to {known - 1}")


def _entries(truth: int, bits: int) -> np.ndarray:
    """uint8 (bits,)."""
    octets = np.frombuffer(truth.to_bytes(max(bits // 8, 1), "little"), np.uint8)
    return np.unpackbits(octets, bitorder="little")[:bits]


def _late(random: Random, wires: int, count: int) -> list[int]:
    """Any wires, those made last more often."""
    first = max(wires - 12, 0)
    return [random.randrange(first if random.random() < 0.8 else 0, wires) for _ in range(count)]


def _drawn(random: Random, wires: int) -> Keys:
    count = min(random.randint(1, MOST_INPUTS), wires)
    inputs = list(dict.fromkeys(_late(random, wires, 3 * count)))[:count]
    bits = 1 << len(inputs)
    style = random.choice(["any", "any", "sparse", "constant", "parity"])
    parity = sum((index.bit_count() & 1) << index for index in range(bits))
    truth = {
        "any": random.getrandbits(bits),
        "sparse": 1 << random.randrange(bits),
        "constant": random.choice([0, (1 << bits) - 1]),
        "parity": parity,
    }[style]
    if random.random() < 0.2:
        return {"inputs": inputs, "tables": [truth, random.getrandbits(bits)]}
    if random.random() < 0.5:
        return {"inputs": inputs, "table": truth}
    return {"inputs": inputs, "table": f"{truth:0{max(bits // 4, 1)}x}"}
