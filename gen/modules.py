"""Which layers of a network are built together in one module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hexcoder.network.layer import LayerContext
from hexcoder.network.schema import Network


@dataclass(frozen=True, slots=True)
class Plan:
    """Modules of a network.

    Parameters
    ----------
    module : dict of str to str
        Of each layer the module, which has the name of its last layer; empty for wiring.
    reads : dict of str to tuple of str
        Of each module the tensors that it takes: inputs, and other modules.
    """

    module: dict[str, str]
    reads: dict[str, tuple[str, ...]]

    def is_shared(self, name: str) -> bool:
        """Whether a layer's module holds others too."""
        return sum(module == self.module[name] for module in self.module.values()) > 1


def plan(network: Network) -> Plan:
    """Give each layer a module.

    A layer that works element by element joins the modules of what it reads, if nothing else reads
    that: sums then meet their rounding, thresholds and further additions before any carry is
    resolved. Layers that are only wiring belong to no module, but for one that goes out.
    """
    return _Planner(network).plan()


class _Planner:
    def __init__(self, network: Network):
        self.contexts = list(network.contexts())
        self.outputs = set(network.outputs_by_name)
        self.inputs = list(network.inputs_by_name)
        self.by_name = {context.name: context for context in self.contexts}
        self.is_wiring = {
            context.name: context.layer.is_wiring
            and (network.version == 1 or context.name not in self.outputs)
            for context in self.contexts
        }
        self.sources: dict[str, tuple[str, ...]] = {}
        for context in self.contexts:
            self.sources[context.name] = self._origins(context.sources)
        self.readers: dict[str, set[str]] = defaultdict(set)
        for name, sources in self.sources.items():
            if not self.is_wiring[name]:
                for source in sources:
                    self.readers[source].add(name)

    def _origins(self, sources: Sequence[str]) -> tuple[str, ...]:
        """Tensors with gates or ports behind ``sources``, which come earlier, in order."""
        found: dict[str, None] = {}
        for source in sources:
            if self.is_wiring.get(source, False):
                found |= dict.fromkeys(self.sources[source])
            else:
                found[source] = None
        return tuple(found)

    def plan(self) -> Plan:
        module: dict[str, str] = {}
        for context in self.contexts:
            name = context.name
            if self.is_wiring[name]:
                module[name] = ""
                continue
            module[name] = name
            for joined in self._joined(context, module):
                module |= {layer: name for layer, its in module.items() if its == joined}
        reads = {}
        for name in dict.fromkeys(its for its in module.values() if its):
            members = [layer for layer, its in module.items() if its == name]
            outside = {
                source
                for member in members
                for source in self.sources[member]
                if module.get(source) != name
            }
            order = [*self.inputs, *self.by_name]
            reads[name] = tuple(source for source in order if source in outside)
            # A port is never empty.
            reads[name] = reads[name] or (self.inputs[0],)
        return Plan(module, reads)

    def _joined(self, context: LayerContext, module: dict[str, str]) -> list[str]:
        """Modules that a layer joins, whose outputs it alone reads."""
        if not context.layer.is_cheap:
            return []
        wanted = [
            source
            for source in self.sources[context.name]
            if source in self.by_name
            and source not in self.outputs
            and self.readers[source] == {context.name}
        ]
        # Two modules cannot become one if a third lies between them.
        return [
            source
            for source in wanted
            if not any(
                other != source and self._reaches(source, other, module)
                for other in self.sources[context.name]
            )
        ]

    def _reaches(self, source: str, target: str, module: dict[str, str]) -> bool:
        """Whether a module's output reaches another tensor."""
        waiting, seen = [target], set[str]()
        while waiting:
            name = waiting.pop()
            if name == source:
                return True
            if name in seen or name not in self.by_name:
                continue
            seen.add(name)
            waiting += self.sources[name]
            # Whoever is in the module of what is read is read with it.
            its = module.get(name)
            waiting += [layer for layer, other in module.items() if its and other == its]
        return False
