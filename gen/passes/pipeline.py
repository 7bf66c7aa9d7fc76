"""Pass ``pipeline``: registers at chosen places."""

from dataclasses import replace

from hexcoder.config import Pipeline
from hexcoder.gen.graph import CORE, NOT_BUILT, Builder, Constant, Graph, Input, Register


def pipeline(graph: Graph, places: Pipeline) -> Graph:
    """Register the input, the boundaries between layers and the output, as ``places`` says.

    Every element of a boundary gets one register, so all paths from the input to a layer's output
    have the same latency. Constants get none, and count as if they had. Layers without arithmetic
    (flatten) add no stage. With ``places.stages`` the pass ``schedule`` registers what lies between
    input and output.
    Values are unchanged, one clock later for each stage.
    """
    builder = _Registering(graph)
    boundaries = _boundaries(graph, places)
    for index, node in enumerate(graph.nodes):
        builder.copy(index)
        if isinstance(node, Input) and places.input:
            builder.register(index, f"input_{node.element}_register")
        for layer, element in boundaries.get(index, ()):
            builder.register(index, f"{layer}_{element}_register")
    registered = builder.graph()
    clocks, layers = int(places.input), []
    for layer in registered.layers:
        clocks += layer.name in _registered(graph, places)
        layers.append(replace(layer, clocks=clocks))
    return replace(registered, layers=tuple(layers))


def _registered(graph: Graph, places: Pipeline) -> list[str]:
    """Layers with registers behind them."""
    arithmetic = [layer.name for layer in graph.layers if not layer.is_wiring]
    between = arithmetic[:-1] if places.layers and places.stages is None else []
    return between + (arithmetic[-1:] if places.output else [])


class _Registering(Builder):
    def register(self, old_index: int, name: str) -> None:
        """From here on, whoever read ``old_index`` reads it one clock later."""
        source = self.moved[old_index]
        if not isinstance(self.nodes[source], Constant):
            self.moved[old_index] = self.add(Register(layer=CORE, name=name, source=source))


def _boundaries(graph: Graph, places: Pipeline) -> dict[int, list[tuple[str, int]]]:
    """Nodes that get a register behind them, each with the layers and elements that it is."""
    names = _registered(graph, places)
    found: dict[int, list[tuple[str, int]]] = {}
    for layer in graph.layers:
        if layer.name not in names:
            continue
        for element, node in enumerate(layer.nodes):
            if node != NOT_BUILT:
                found.setdefault(node, [(layer.name, element)])
    return found
