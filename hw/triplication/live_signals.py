"""The assignments of a circuit, and which signals decide what its registers hold."""

# Fragments and statements have no public way to be read; the version is pinned.
# pyright: reportPrivateUsage=false

from collections import defaultdict
from collections.abc import Iterable, Iterator

from amaranth.hdl import Fragment, Signal
from amaranth.hdl._ast import Assign, Statement, Switch


def live_signals(fragment: Fragment, wanted: Iterable[Signal]) -> set[int]:
    """Identities of all signals that registers' next values, or wanted signals, depend on.

    Parameters
    ----------
    fragment : Fragment
        With all its parts elaborated.
    wanted : iterable of Signal
        Outputs that are read outside.
    """
    sources: dict[int, set[int]] = defaultdict(set)
    left = {id(signal) for signal in wanted}
    for domain, target, read in _dependences(fragment):
        if domain == "comb":
            sources[target] |= read
        else:
            left |= read
    found: set[int] = set()
    while left:
        signal = left.pop()
        found.add(signal)
        left |= sources[signal] - found
    return found


def _dependences(fragment: Fragment) -> Iterator[tuple[str, int, set[int]]]:
    """Domain, target and what it reads, of every assignment of a fragment and its parts."""
    for domain, statements in fragment.statements.items():
        for assign, conditions in assignments(statements):
            tests = {id(s) for switch in conditions for s in switch.test._rhs_signals()}
            targets = {id(signal) for signal in assign.lhs._lhs_signals()}
            read = {id(signal) for signal in assign.rhs._rhs_signals()} | tests
            # What selects a part of a target is read; the target itself is not.
            read |= {id(signal) for signal in assign.lhs._rhs_signals()} - targets
            for target in targets:
                yield domain, target, read
    for part, _, _ in fragment.subfragments:
        yield from _dependences(part)


def assignments(
    statements: Iterable[Statement], conditions: tuple[Switch, ...] = ()
) -> Iterator[tuple[Assign, tuple[Switch, ...]]]:
    """Assignments, each with the conditions round it, the outermost first.

    Raises
    ------
    ValueError
        If there is another statement.
    """
    for statement in statements:
        if isinstance(statement, Switch):
            for _, lines, _ in statement.cases:
                yield from assignments(lines, (*conditions, statement))
        elif isinstance(statement, Assign):
            yield statement, conditions
        else:
            raise ValueError(f"cannot triplicate {statement!r}")
