"""Triple modular redundancy, applied to any component by one transformation.

Every register becomes three copies. A copy that keeps its value takes the majority of all three,
by a voter of its own, so that a flipped bit is right again after the next clock and no single
voter stands for all copies. With ``logic`` the logic that decides what is written is built three
times as well, each on its own voters, and on inputs of its own where the component round it has
three of them: logic that reads the same nets three times over would be merged by synthesis.
Without it, data that is overwritten on every clock has one voter behind its three registers. (Lyons
and Vanderkulk, IBM J. Res. Dev. 6, 1962; for registers on detector chips, Kulis, JINST 12 C01082,
2017.)

The copies are instances of the modules of :mod:`hexcoder.hw.triplication.register_copies`.
"""

# Fragments and statements have no public way to be rewritten; the version is pinned.
# pyright: reportPrivateUsage=false, reportIncompatibleMethodOverride=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportReturnType=false

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amaranth.hdl import (
    Cat,
    ClockSignal,
    Const,
    Elaboratable,
    Fragment,
    Instance,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.hdl._ast import Assign, Part, Statement, Switch, SwitchValue
from amaranth.hdl._xfrm import StatementTransformer, ValueTransformer

from hexcoder.hw.triplication.live_signals import assignments, live_signals
from hexcoder.hw.triplication.register_copies import FIRST, HELD, KEPT, KINDS, PASSED, VOTER

COPIES = 3
DOMAIN = "sync"
ASYNCHRONOUS = "hexcoder_asynchronous"
"""Attribute of a register that samples what has no clock: its copies may differ for a clock by
themselves, which is no upset."""


class _Renamed(ValueTransformer, StatementTransformer):
    """Values and statements over other signals."""

    def __init__(self, signals: Mapping[int, Signal]):
        self._signals = signals

    def on_Signal(self, value: Signal) -> Signal:
        return self._signals.get(id(value), value)


class _Targets(_Renamed):
    """Targets of assignments over other signals; what only selects a part is left to ``reads``."""

    def __init__(self, signals: Mapping[int, Signal], reads: _Renamed):
        super().__init__(signals)
        self._reads = reads

    def on_Part(self, value: Part) -> Value:
        offset = self._reads.on_value(value.offset)
        return Part(self.on_value(value.value), offset, value.width, value.stride)

    def on_SwitchValue(self, value: SwitchValue) -> Value:
        cases = [(patterns, self.on_value(part)) for patterns, part in value.cases]
        return SwitchValue(self._reads.on_value(value.test), cases)


@dataclass(eq=False)
class _Register:
    """A register and what its copies are made of, one entry a copy."""

    signal: Signal
    name: str
    whole: bool = True
    always: bool = False
    shown: bool = False
    written: list[Assign] = field(default_factory=list)
    next: list[Signal] = field(default_factory=list)
    write: list[Signal] = field(default_factory=list)
    voted: list[Signal] = field(default_factory=list)

    @property
    def has_one_value(self) -> bool:
        """Whether what it holds always comes from the same value."""
        return self.whole and len(self.written) == 1


class Triplicated(Elaboratable):
    """A component with three copies of every register.

    Its ports stay the component's own. All registers have to be in domain ``sync``.

    Parameters
    ----------
    component : Elaboratable
    logic : bool
        Build the logic that feeds registers three times too: for control, whose registers decide
        what they hold next. Without it a transient on a voter can reach all copies of a register
        that is written at that moment.

    Raises
    ------
    ValueError
        If it is no component, or when it is elaborated, of another clock or with logic of others.

    Attributes
    ----------
    mismatch : Signal
        Whether the copies of any register differ.
    widths : dict of str to set of int
        Modules that it instantiates, by kind; known once it is elaborated.
    registers : dict of str to int
        Bits of each triplicated register, by name.
    """

    def __init__(self, component: Elaboratable, *, logic: bool):
        if not isinstance(component, Elaboratable):
            raise ValueError(f"only a component has registers to triplicate: got {component!r}")
        self.component, self.logic = component, logic
        self.mismatch = Signal()
        self.widths: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self.registers: dict[str, int] = {}
        self._copies: dict[int, list[Signal]] = {}

    def copies(self, signal: Signal) -> list[Signal]:
        """A port of the component as each of the three copies of its logic makes or reads it.

        An output: for readers that have three copies themselves, or vote; what reads the
        component's own output alone follows a transient on the one voter behind it. An input: the
        three have to be driven. Only with ``logic``, and before elaboration.
        """
        if not self.logic:
            raise ValueError(f"{signal.name}: the logic that makes it is there once")
        if id(signal) not in self._copies:
            others = [_like(signal, f"{signal.name}_{number}") for number in range(1, COPIES)]
            self._copies[id(signal)] = [signal, *others]
        return self._copies[id(signal)]

    def copy_of(self, signal: Signal, number: int, name: str) -> Signal:
        """A signal of copy 1 or 2: one that was asked for, or a new one."""
        if id(signal) in self._copies:
            return self._copies[id(signal)][number]
        return _like(signal, name)

    @property
    def copied(self) -> list[list[Signal]]:
        """Ports that were asked for, each as its three copies."""
        return list(self._copies.values())

    def elaborate(self, platform: object) -> Fragment:
        fragment = _elaborated(Fragment.get(self.component, platform), platform)
        return _Rewriting(self, fragment).run()


def _elaborated(fragment: Fragment, platform: object) -> Fragment:
    fragment.subfragments = [
        (_elaborated(Fragment.get(part, platform), platform), name, place)
        for part, name, place in fragment.subfragments
    ]
    return fragment


class _Rewriting:
    def __init__(self, owner: Triplicated, fragment: Fragment):
        self._owner, self._fragment = owner, fragment
        self._copies = COPIES if owner.logic else 1
        self._registers: dict[int, _Register] = {}
        self._reads: list[dict[int, Signal]] = [{} for _ in range(self._copies)]
        self._differs: list[Signal] = []
        self._names: dict[int, set[str]] = {}
        self._live: set[int] = set()
        if owner.logic:
            self._live = live_signals(fragment, [copies[0] for copies in owner.copied])

    def run(self) -> Fragment:
        self._collect(self._fragment)
        for copies in self._owner.copied:
            for signal, reads in zip(copies, self._reads, strict=True):
                reads.setdefault(id(copies[0]), signal)
        for register in self._registers.values():
            self._prepare(register)
        found = self._rewrite(self._fragment)
        found.add_statements("comb", self._owner.mismatch.eq(Cat(*self._differs).any()))
        return found

    def _collect(self, fragment: Fragment) -> None:
        for domain, statements in fragment.statements.items():
            if domain not in ("comb", DOMAIN):
                raise ValueError(f"registers of domain '{domain}' cannot be triplicated")
            for statement, conditions in assignments(statements):
                for signal in statement.lhs._lhs_signals():
                    if domain == DOMAIN:
                        if id(signal) not in self._registers:
                            name = self._free_name(fragment, signal)
                            self._registers[id(signal)] = _Register(signal, name)
                        register = self._registers[id(signal)]
                        register.whole &= statement.lhs is signal
                        register.always |= not conditions and statement.lhs is signal
                        register.written.append(statement)
                    else:
                        self._copy(signal)
        for part, _, _ in fragment.subfragments:
            if isinstance(part, Instance) and self._owner.logic:
                raise ValueError(f"the logic of an instance of {part.type} cannot be built again")
            self._collect(part)

    def _free_name(self, fragment: Fragment, signal: Signal) -> str:
        """Name of a register's copies: two of one module's may share theirs, or have none."""
        taken = self._names.setdefault(id(fragment), set())
        stem = signal.name.strip("$") or "register"
        name = stem
        while name in taken:
            name = f"{stem}_{len(taken)}"
        taken.add(name)
        return name

    def _copy(self, signal: Signal) -> None:
        """Give copies 1 and 2 of the logic a signal of their own; copy 0 has the component's."""
        for number, reads in enumerate(self._reads):
            if number and id(signal) not in reads:
                reads[id(signal)] = self._owner.copy_of(signal, number, f"{signal.name}_{number}")

    def _prepare(self, register: _Register) -> None:
        signal = register.signal
        register.shown = id(signal) in self._live
        for number in range(self._copies):
            suffix = f"_{number}" if self._copies > 1 else ""
            register.next.append(_like(signal, f"{register.name}_next{suffix}", reset=True))
            width = 1 if register.whole else len(signal)
            register.write.append(Signal(width, name=f"{register.name}_write{suffix}"))
        for number in range(COPIES):
            name = f"{register.name}_voted_{number}"
            voted = self._owner.copy_of(signal, number, name) if number else signal
            register.voted.append(voted)
            if number < self._copies:
                self._reads[number][id(signal)] = voted

    def _rewrite(self, fragment: Fragment) -> Fragment:
        if isinstance(fragment, Instance):
            return fragment
        found = Fragment(src_loc=fragment.src_loc)
        found.attrs, found.origins = fragment.attrs, fragment.origins
        found.domain_renames = dict(fragment.domain_renames)
        found.add_domains(*fragment.domains.values())
        comb = list(fragment.statements.get("comb", ()))
        for number, reads in enumerate(self._reads):
            renamed = _Renamed(reads)
            lines = [line for line in comb if not number or self._is_live(line)]
            found.add_statements("comb", [renamed.on_statement(line) for line in lines])
        here = dict[int, _Register]()
        for statement, _ in assignments(fragment.statements.get(DOMAIN, ())):
            for signal in statement.lhs._lhs_signals():
                here[id(signal)] = self._registers[id(signal)]
        for number in range(self._copies):
            for statement in fragment.statements.get(DOMAIN, ()):
                found.add_statements("comb", self._decisions(statement, number))
        for register in here.values():
            self._only_value(found, register)
            self._reset(found, register)
            self._instantiate(found, register)
        for part, name, place in fragment.subfragments:
            found.add_subfragment(self._rewrite(part), name, src_loc=place)
        return found

    def _is_live(self, statement: Statement) -> bool:
        return any(id(signal) in self._live for signal in statement._lhs_signals())

    def _decisions(self, statement: Statement, number: int) -> list[Statement]:
        """What a statement writes, and that it does, as logic of one copy."""
        reads = _Renamed(self._reads[number])
        if isinstance(statement, Switch):
            cases = [
                (patterns, [new for line in inner for new in self._decisions(line, number)], place)
                for patterns, inner, place in statement.cases
            ]
            return [Switch(reads.on_value(statement.test), cases, src_loc=statement.src_loc)]
        assert isinstance(statement, Assign)
        registers = [self._registers[id(signal)] for signal in statement.lhs._lhs_signals()]
        nexts = {id(register.signal): register.next[number] for register in registers}
        made: list[Statement] = []
        if not all(register.has_one_value for register in registers):
            target = _Targets(nexts, reads).on_value(statement.lhs)
            made.append(Assign(target, reads.on_value(statement.rhs)))
        for register in registers:
            if register.whole:
                made.append(Assign(register.write[number], Const(1, 1)))
        partial = {id(r.signal): r.write[number] for r in registers if not r.whole}
        if partial:
            # Bits of registers that are written whole have no mask.
            partial |= {id(r.signal): Signal(len(r.signal)) for r in registers if r.whole}
            mask = _Targets(partial, reads).on_value(statement.lhs)
            made.append(Assign(mask, Const(-1, len(mask))))
        return made

    def _only_value(self, found: Fragment, register: _Register) -> None:
        """What is written there, whether it is written or not: no gate needs to wait for that."""
        if register.has_one_value:
            for number, reads in enumerate(self._reads):
                value = _Renamed(reads).on_value(register.written[0].rhs)
                found.add_statements("comb", Assign(register.next[number], value))

    def _reset(self, found: Fragment, register: _Register) -> None:
        signal = register.signal
        if signal.reset_less:
            return
        for number in range(self._copies):
            lines = [
                Assign(register.next[number], Const(signal.init, signal.shape())),
                Assign(register.write[number], Const(-1, len(register.write[number]))),
            ]
            reset = ResetSignal(DOMAIN, allow_reset_less=True)
            found.add_statements("comb", Switch(reset, [("1", lines, None)]))

    def _instantiate(self, found: Fragment, register: _Register) -> None:
        signal, width = register.signal, len(register.signal)
        if not width:
            return
        self._owner.registers[register.name] = self._owner.registers.get(register.name, 0) + width
        held = [Signal(width, name=f"{register.name}_copy_{number}") for number in range(COPIES)]
        single = register.always and not self._owner.logic
        # A register that is written bit by bit is as many registers of one bit.
        parts = [(0, width)] if register.whole else [(bit, bit + 1) for bit in range(width)]
        for low, high in parts:
            name = register.name if register.whole else f"{register.name}_{low}"
            differs = Signal(name=f"{name}_differs")
            if ASYNCHRONOUS not in signal.attrs:
                self._differs.append(differs)
            copies = [copy[low:high] for copy in held]
            others = {"i_a": copies[1], "i_b": copies[2]}
            for number, copy in enumerate(copies):
                source = min(number, self._copies - 1)
                new = register.next[source].as_unsigned()[low:high]
                ports: dict[str, Any] = {"i_clk": ClockSignal(DOMAIN), "o_q": copy}
                if single:
                    kind = PASSED
                    ports["i_d"] = new
                else:
                    kind = (KEPT if register.shown else HELD) if number else FIRST
                    write = register.write[source]
                    ports |= {
                        "i_write": write if register.whole else write[low],
                        "i_not_d": ~new,
                        "i_a": copies[(number + 1) % COPIES],
                        "i_b": copies[(number + 2) % COPIES],
                    }
                if kind in (FIRST, KEPT):
                    ports["o_voted"] = register.voted[number][low:high]
                if kind == FIRST:
                    ports["o_differs"] = differs
                self._add(found, kind, high - low, ports, f"{name}_copy_{number}_register")
            if single:
                ports = {"i_q": copies[0], **others, "o_voted": signal[low:high]}
                ports["o_differs"] = differs
                self._add(found, VOTER, high - low, ports, f"{name}_voter")

    def _add(
        self, found: Fragment, kind: str, width: int, ports: Mapping[str, Any], name: str
    ) -> None:
        self._owner.widths[kind].add(width)
        found.add_subfragment(Instance(f"{kind}_{width}", **ports), name)


def _like(signal: Signal, name: str, *, reset: bool = False) -> Signal:
    made = Signal(signal.shape(), name=name)
    if reset:
        return made
    return Signal(signal.shape(), name=name, init=signal.init)
