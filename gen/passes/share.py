"""Pass ``share``: sums of a layer become sums of shared terms."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from hexcoder.config import Compiler
from hexcoder.digits import digit_count
from hexcoder.gen.graph import Builder, Dot, Graph
from hexcoder.gen.passes.ranges import ranges
from hexcoder.gen.sharing.solver import Problem, Solution, solve
from hexcoder.technology import Technology

WHOLE_LAYER_DIGITS = 200_000
"""Above so many signed digits the windows of a convolution are solved each by itself."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Dots that are solved together.

    Windows of a convolution may be equal problems with other operands: ``members`` and ``sources``
    have an entry for each.
    """

    problem: Problem
    members: list[tuple[int, ...]]
    sources: list[tuple[int, ...]]


def _levels(graph: Graph) -> dict[int, int]:
    """How many Dots of its own layer lie before each Dot, at most."""
    depth: list[int] = []
    found = {}
    for index, node in enumerate(graph.nodes):
        before = max(
            (depth[o] for o in node.operands if graph.nodes[o].layer == node.layer), default=0
        )
        if isinstance(node, Dot):
            found[index] = before
            before += 1
        depth.append(before)
    return found


def _digits(graph: Graph, members: list[int]) -> int:
    coefficients = [c for member in members for c in _dot(graph, member).coefficients]
    return int(digit_count(coefficients).sum())


def _dot(graph: Graph, index: int) -> Dot:
    node = graph.nodes[index]
    assert isinstance(node, Dot)
    return node


def _tasks(graph: Graph) -> list[_Task]:
    """The problems of a graph, equal ones once, in a fixed order."""
    together: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for index, level in _levels(graph).items():
        together[graph.nodes[index].layer, level, _dot(graph, index).part].append(index)
    groups: list[list[int]] = []
    for members in together.values():
        if _digits(graph, members) <= WHOLE_LAYER_DIGITS:
            groups.append(members)
        else:
            windows: dict[int, list[int]] = defaultdict(list)
            for member in members:
                windows[_dot(graph, member).group].append(member)
            groups += windows.values()
    tasks: dict[Problem, _Task] = {}
    for members in groups:
        dots = [_dot(graph, member) for member in members]
        sources = tuple(sorted({source for dot in dots for source in dot.sources}))
        place = {source: number for number, source in enumerate(sources)}
        problem = Problem(
            tuple(high - low for low, high in (graph.ranges[source] for source in sources)),
            tuple(
                tuple(
                    sorted(
                        (place[source], coefficient)
                        for source, coefficient in zip(dot.sources, dot.coefficients, strict=True)
                    )
                )
                for dot in dots
            ),
        )
        task = tasks.setdefault(problem, _Task(problem, [], []))
        task.members.append(tuple(members))
        task.sources.append(sources)
    return list(tasks.values())


class _Realiser:
    """Adds the shared terms of a layer to the new graph when they are first read."""

    def __init__(self, builder: Builder):
        self.builder = builder
        self.made: dict[str, int] = defaultdict(int)

    def add(self, layer: str, solution: Solution, sources: list[int]) -> list[Dot]:
        """Nodes for all shared terms; the sums that read them, yet without name and offset."""
        numbers = list(sources)
        for terms in solution.shared:
            before = len(self.builder.nodes)
            node = self._sum(layer, f"term_{self.made[layer]}", terms, numbers)
            numbers.append(self.builder.add(node))
            self.made[layer] += len(self.builder.nodes) - before
        return [self._sum(layer, "", terms, numbers) for terms in solution.sums]

    @staticmethod
    def _sum(layer: str, name: str, terms: tuple[tuple[int, int], ...], numbers: list[int]) -> Dot:
        operands = sorted((numbers[number], coefficient) for number, coefficient in terms)
        return Dot(
            layer=layer,
            name=name,
            sources=tuple(source for source, _ in operands),
            coefficients=tuple(coefficient for _, coefficient in operands),
            offset=0,
            group=0,
        )


def share(
    graph: Graph,
    settings: Compiler,
    technology: Technology,
    progress: Callable[[float], None] = lambda part: None,
) -> Graph:
    """Rewrite every Dot as a Dot over terms that it shares with others of its layer.

    A layer is one problem, so that a convolution shares across its windows; a very large one is a
    problem for each window, solved once for windows that are equal. Values of all layers' outputs
    are unchanged.

    Parameters
    ----------
    graph : Graph
    settings : Compiler
        Effort and seed of the search.
    technology : Technology
        Areas that the search weighs.
    progress : callable, optional
        Told the part of the search that is done.
    """
    if not graph.ranges:
        graph = ranges(graph)
    tasks = _tasks(graph)
    parts = [0.0] * len(tasks)

    def tell(number: int, part: float) -> None:
        parts[number] = part
        progress(sum(parts) / len(parts))

    problems = [task.problem for task in tasks]
    solutions = solve(problems, technology, settings.effort, settings.seed, tell)
    solved = {
        member: (solution, members, sources)
        for task, solution in zip(tasks, solutions, strict=True)
        for members, sources in zip(task.members, task.sources, strict=True)
        for member in members
    }
    builder = Builder(graph)
    realiser = _Realiser(builder)
    sums: dict[int, Dot] = {}

    def take(index: int) -> None:
        """Take a node over, after all that it needs: a Dot needs what its whole problem reads."""
        if index in builder.moved:
            return
        node = graph.nodes[index]
        if not isinstance(node, Dot):
            for operand in node.operands:
                take(operand)
            builder.copy(index)
            return
        solution, members, sources = solved[index]
        if index not in sums:
            for source in sources:
                take(source)
            moved = [builder.moved[source] for source in sources]
            sums.update(zip(members, realiser.add(node.layer, solution, moved), strict=True))
        builder.moved[index] = builder.add(replace(sums[index], name=node.name, offset=node.offset))

    for index in range(len(graph.nodes)):
        take(index)
    return builder.graph()
