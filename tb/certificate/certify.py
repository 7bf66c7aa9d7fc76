"""A network proved of a circuit, tensor by tensor from the inputs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hexcoder.network.schema import Network
from hexcoder.tb.certificate.circuit import Circuit
from hexcoder.tb.certificate.layers import Element, Layers, Unknown, layers_of, width_of
from hexcoder.tb.certificate.samples import Samples, canonical, ends_of, packed
from hexcoder.tb.certificate.words import Failure, Prover

MOST_TRIED = 4
"""Variables that are tried for a bit that several look like."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Unproved:
    """An element of a layer that is not proved."""

    element: Element
    failure: Failure
    bits: Sequence[int | None] = ()


@dataclass
class Proof:
    """What was proved of a circuit.

    ``elements`` counts proved ones by layer. ``unproved`` are outputs that failed; ``doubts`` are
    elements inside of which a bit was not found: if the outputs are proved, they do not need it.
    ``unknown`` is the first node whose kind is not covered, of those that outputs depend on.
    """

    prover: Prover
    elements: dict[str, int] = field(default_factory=dict)
    unproved: list[Unproved] = field(default_factory=list)
    doubts: list[Unproved] = field(default_factory=list)
    unknown: Unknown | None = None
    by_sat: int = 0


def prove_circuit(network: Network, circuit: Circuit, progress: Progress) -> Proof:
    """Prove the outputs of a circuit, and what they are made of, for every input."""
    layers = layers_of(network)
    prover = Prover(circuit)
    proof = Proof(prover)
    first = 0
    for name, source in network.inputs_by_name.items():
        for one in layers.tensors[name]:
            (element,) = one.terms
            bits = circuit.inputs[first : first + element.width]
            prover.take(element, [2 * bit for bit in bits])
            first += source.type.width
    prover.settle()
    outputs = _outputs(network, layers, circuit, proof)
    tensors = _by_tensor(outputs)
    for number, (name, elements) in enumerate(tensors.items()):
        progress(name, number / len(tensors))
        _Tensor(prover, elements, outputs).prove(proof)
    return proof


def _outputs(
    network: Network, layers: Layers, circuit: Circuit, proof: Proof
) -> dict[Element, list[int]]:
    """Literals of the elements that go out."""
    found: dict[Element, list[int]] = {}
    first = 0
    for name, tensor in network.outputs_by_name.items():
        width = tensor.type.width
        if name in layers.unknown:
            proof.unknown = proof.unknown or layers.unknown[name]
            first += width * tensor.elements
            continue
        for number, total in enumerate(layers.tensors[name]):
            bits = circuit.outputs[first : first + width]
            first += width
            low, high = total.bounds
            # Whatever goes out has bits of its own, were it a constant.
            element = Element(name, number, width, low, high, total, 0, _same)
            if len(total.terms) == 1 and not total.constant:
                ((own, factor),) = total.terms.items()
                if factor == 1 and own.tensor == name and own not in found:
                    element = own
            found[element] = bits
    return found


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _by_tensor(outputs: Iterable[Element]) -> dict[str, list[Element]]:
    """Elements that outputs depend on, by tensor, each after what it is made of."""
    order: dict[Element, None] = {}
    waiting = list(outputs)
    while waiting:
        element = waiting[-1]
        sources = element.sum.terms if element.sum is not None else {}
        missing = [one for one in sources if one not in order and one.sum is not None]
        if missing and element not in order:
            waiting += missing
            continue
        waiting.pop()
        if element.sum is not None:
            order.setdefault(element)
    depth: dict[Element, int] = {}
    groups: dict[tuple[int, str], list[Element]] = {}
    for element in order:
        assert element.sum is not None
        depth[element] = 1 + max((depth.get(one, 0) for one in element.sum.terms), default=0)
        groups.setdefault((depth[element], element.tensor), []).append(element)
    return {
        f"{name}@{level}" if sum(other == name for _, other in groups) > 1 else name: elements
        for (level, name), elements in sorted(groups.items(), key=lambda item: item[0][0])
    }


@dataclass
class _Tensor:
    """Some elements of one tensor."""

    prover: Prover
    elements: Sequence[Element]
    outputs: dict[Element, list[int]]

    def prove(self, proof: Proof) -> None:
        roots = dict.fromkeys(root for element in self.elements for root in element.roots())
        placed = {root: self.prover.placed[root] for root in roots if root in self.prover.placed}
        if len(placed) < len(roots):
            lost = next(root for root in roots if root not in placed)
            proof.unproved += [Unproved(element, _behind(lost)) for element in self.elements]
            return
        sums = [element.sum for element in self.elements if element.sum is not None]
        readers = [ends_of(total) for total in sums]
        samples = Samples(self.prover.circuit, placed, readers, self._events())
        where = self._recognised(samples)
        for element in self.elements:
            assert element.sum is not None
            lost = next((one for one in element.sum.terms if one not in self.prover.placed), None)
            failure = (
                self._prove_element(element, samples, where) if lost is None else _behind(lost)
            )
            if failure is None:
                proof.elements[element.tensor] = proof.elements.get(element.tensor, 0) + 1
            elif element in self.outputs:
                proof.unproved.append(Unproved(element, failure, self.outputs[element]))
            else:
                bits = failure.bits or self.prover.placed.get(element, ())
                proof.doubts.append(Unproved(element, failure, bits))
        # Not before, because two elements may have bits in common.
        self.prover.settle()

    def _events(self) -> int:
        return 4096 if len(self.prover.circuit.names) < 200_000 else 2048

    def _recognised(self, samples: Samples) -> dict[bytes, list[int]]:
        """Variables that look like a bit of an element or of its sum."""
        wanted: set[bytes] = set()
        for element in self.elements:
            assert element.sum is not None
            total, value = samples.total(element.sum), samples.value(element)
            width = width_of(*element.sum.bounds)
            for numbers, places in (
                (total, range(element.drop, width)),
                (value, range(0 if element in self.outputs else element.width)),
            ):
                for place in places:
                    wanted.add(canonical(packed((numbers >> place & 1).astype(bool)))[0])
        where: dict[bytes, list[int]] = {}
        for variable in np.flatnonzero(samples.known).tolist():
            key, _ = samples.signature(variable)
            if key in wanted:
                where.setdefault(key, []).append(variable)
        return where

    def _prove_element(
        self, element: Element, samples: Samples, where: dict[bytes, list[int]]
    ) -> Failure | None:
        prover = self.prover
        if element in self.outputs:
            bits = self.outputs[element]
            failure = prover.prove(element, bits, samples, where)
            if failure is None:
                prover.take(element, bits)
            return failure
        value = samples.value(element)
        choices: list[list[int]] = []
        for place in range(element.width):
            key, inverse = canonical(packed((value >> place & 1).astype(bool)))
            choices.append(
                [
                    2 * variable + (inverse ^ samples.signature(variable)[1])
                    for variable in where.get(key, ())
                ]
            )
        if (alike := prover.values.alike(element, choices)) is not None:
            bits = [choice[0] if choice else None for choice in alike]
            prover.take(element, bits)
            for first, *others in filter(None, alike):
                for other in others:
                    prover.join(first, other)
            lost = [k for k, choice in enumerate(alike) if not choice]
            return Failure(f"nothing in the circuit is its bit {lost[0]}") if lost else None
        bits = [choice[0] if choice else None for choice in choices]
        failure = prover.prove(element, bits, samples, where)
        if failure is not None:
            seen = tuple(bits)
            failure = self._prove_alone(element, bits, choices, samples, where)
            failure = failure and replace(failure, bits=seen)
        elif None in bits:
            failure = Failure(f"nothing in the circuit looks like its bit {bits.index(None)}")
        self._join_alike(element, bits, choices, samples, where)
        # A bit that is not proved may be one that nobody needs: whoever reads it will say so.
        prover.take(element, bits)
        return failure

    def _join_alike(
        self,
        element: Element,
        bits: Sequence[int | None],
        choices: Sequence[Sequence[int]],
        samples: Samples,
        where: dict[bytes, list[int]],
    ) -> None:
        """Join further variables that are a bit, such as the sign before and after saturation."""
        for place, choice in enumerate(choices):
            first = bits[place]
            if first is None:
                continue
            for other in [one for one in choice[:MOST_TRIED] if one >> 1 > first >> 1]:
                if self._prove_bit(element, place, other, samples, where) is None:
                    self.prover.join(first, other)

    def _prove_bit(
        self,
        element: Element,
        place: int,
        literal: int,
        samples: Samples,
        where: dict[bytes, list[int]],
    ) -> Failure | None:
        alone: list[int | None] = [None] * element.width
        alone[place] = literal
        return self.prover.prove(element, alone, samples, where)

    def _prove_alone(
        self,
        element: Element,
        bits: list[int | None],
        choices: Sequence[Sequence[int]],
        samples: Samples,
        where: dict[bytes, list[int]],
    ) -> Failure | None:
        """Bit by bit, with every variable that looks like it; ``bits`` gets what is proved.

        The failure is the first of a bit for which nothing was found.
        """
        first = None
        for place, choice in enumerate(choices):
            bits[place], failed = None, None
            for literal in choice[:MOST_TRIED]:
                failure = self._prove_bit(element, place, literal, samples, where)
                if failure is None:
                    bits[place], failed = literal, None
                    break
                failed = failed or failure
            first = first or failed
        return first


def _behind(lost: Element) -> Failure:
    return Failure(f"{lost.tensor}, element {lost.number}, which it reads, is not proved")
