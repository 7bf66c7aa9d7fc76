"""Products of two elements."""

from hexcoder.gen.graph import Element, Equal, Product, Steps
from hexcoder.gen.scope import Scope, Terms


def add_product(scope: Scope, terms: Terms, name: str, left: Element, right: Element) -> None:
    """Add the product of two elements to a sum.

    That of two elements which are each a number or its negative is a comparison of two bits, as in
    binary networks (Rastegari et al., arXiv:1603.05279).
    """
    if _is_bipolar(scope, left) and _is_bipolar(scope, right):
        same = scope.add(Equal, name, sources=tuple(sorted((left.node, right.node))))
        largest = left.offset * right.offset
        terms.add(Element(same, 0, 0), 2 * largest)
        terms.constant -= largest
        return
    if left.offset == right.offset == 0:
        nodes, shift = (left.node, right.node), left.shift + right.shift
    else:
        nodes = (scope.plain(f"{name}_left", left), scope.plain(f"{name}_right", right))
        shift = 0
    product = scope.add(Product, name, sources=tuple(sorted(nodes)))
    terms.add(Element(product), 1 << shift)


def _is_bipolar(scope: Scope, element: Element) -> bool:
    """Whether an element is the one or the other of two numbers that differ in sign alone."""
    node = scope.builder.nodes[element.node]
    is_bit = isinstance(node, Steps) and len(node.thresholds) == 1
    return is_bit and 2 * element.offset == -(1 << element.shift)
