"""What a lowering adds nodes to: the module that its layer is built in."""

from collections.abc import Sequence
from dataclasses import dataclass

from hexcoder.gen.graph import Builder, Dot, Element, Node


class Terms:
    """A sum of elements times integers, being collected."""

    def __init__(self, constant: int = 0):
        self.coefficients: dict[int, int] = {}
        self.constant = constant

    def add(self, element: Element, factor: int = 1) -> None:
        """Add ``factor`` times an element."""
        node, shift, offset = element
        self.constant += factor * offset
        if factor:
            known = self.coefficients.get(node, 0)
            self.coefficients[node] = known + (factor << shift)


@dataclass(frozen=True, slots=True)
class Scope:
    """Adds nodes to one module.

    Parameters
    ----------
    builder : Builder
    layer : str
        The module.
    prefix : str
        What names of signals begin with, where several layers are built in the module.
    """

    builder: Builder
    layer: str
    prefix: str = ""

    def add(self, kind: type[Node], name: str, **fields: object) -> int:
        """Index of a node of ``kind``."""
        return self.builder.add(kind(layer=self.layer, name=self.prefix + name, **fields))

    def constant(self, number: int) -> int:
        """Index of a known integer."""
        return self.builder.constant(self.layer, number)

    def sum(self, name: str, terms: Terms, group: int = 0, part: int = 0) -> int:
        """Index of a sum."""
        return self.add(
            Dot,
            name,
            sources=tuple(terms.coefficients),
            coefficients=tuple(terms.coefficients.values()),
            offset=terms.constant,
            group=group,
            part=part,
        )

    def total(self, name: str, parts: Sequence[tuple[Element, int]], constant: int = 0) -> int:
        """Index of the sum of elements times factors, and a constant."""
        terms = Terms(constant)
        for element, factor in parts:
            terms.add(element, factor)
        return self.sum(name, terms)

    def plain(self, name: str, element: Element, shift: int = 0) -> int:
        """Index of a node that equals an element times 2**shift."""
        if element.offset == 0 and element.shift + shift == 0:
            return element.node
        return self.total(name, [(element, 1 << shift)])
