"""Triplication against the component itself, by flips of every register, run as gates."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Elaboratable, Fragment, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.hw.delay import Delay
from hexcoder.hw.triplication.register_copies import (
    FIRST,
    HELD,
    KEPT,
    MINORITY,
    PASSED,
    VOTER,
    register_modules,
)
from hexcoder.hw.triplication.triplicate import Triplicated
from hexcoder.netlist.lanes import ALL, LANES, REFERENCE, Faults, LaneSimulation, spread
from hexcoder.netlist.rtl_gates import rtl_gates
from hexcoder.tb.chip.targets import voter_nets


class Mixed(wiring.Component):
    """A counter, registers that are written whole, in part and on every clock, and a state."""

    def __init__(self):
        super().__init__(
            {
                "enable": In(1),
                "where": In(2),
                "data": In(8),
                "count": Out(4),
                "held": Out(8),
                "parts": Out(8),
                "late": Out(8),
                "odd": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.delay = delay = Delay(8, 2, reset=False)
        held = Signal(8, reset_less=True)
        total = Signal(4)
        m.d.comb += [total.eq(self.count + self.enable), delay.i.eq(held), self.held.eq(held)]
        m.d.comb += self.late.eq(delay.o)
        m.d.sync += self.count.eq(total)
        with m.If(self.enable & (self.where == 3)):
            m.d.sync += held.eq(self.data)
        with m.If(self.enable):
            m.d.sync += self.parts.word_select(self.where, 2).eq(self.data[:2])
        with m.FSM():
            with m.State("EVEN"), m.If(self.enable):
                m.next = "ODD"
            with m.State("ODD"):
                m.d.comb += self.odd.eq(1)
                with m.If(self.enable):
                    m.next = "EVEN"
        return m


INPUTS = {"enable": 1, "where": 2, "data": 8}
OUTPUTS = ("count", "held", "parts", "late", "odd")


class Top(wiring.Component):
    """Ports round a component, or round its triplication."""

    def __init__(self, wrap):
        self.mixed = Mixed()
        self.wrapped = wrap(self.mixed)
        super().__init__({name: Out(member.shape) if member.flow == Out else In(member.shape)
                          for name, member in self.mixed.signature.members.items()})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.submodules.mixed = self.wrapped
        for name in INPUTS:
            m.d.comb += getattr(self.mixed, name).eq(getattr(self, name))
        for name in OUTPUTS:
            m.d.comb += getattr(self, name).eq(getattr(self.mixed, name))
        return m


def simulation(wrap, folder):
    top = Top(wrap)
    text = verilog_text([rtlil_text(top, "top")])
    if isinstance(top.wrapped, Triplicated):
        text += register_modules(top.wrapped.widths)
    folder.mkdir()
    (folder / "top.v").write_text(text)
    netlist, models, *_ = rtl_gates(folder / "top.v", "top", folder)
    return LaneSimulation(netlist, models, list(INPUTS), OUTPUTS), top


@pytest.fixture(scope="module", params=["data", "control"])
def both(request, tmp_path_factory):
    """Plain, triplicated, and the wrapper of the latter."""
    folder = tmp_path_factory.mktemp(request.param)
    logic = request.param == "control"
    plain, _ = simulation(lambda part: part, folder / "plain")
    tripled, top = simulation(lambda part: Triplicated(part, logic=logic), folder / "tripled")
    return plain, tripled, top.wrapped


def stimulus(clocks, seed=3):
    random = np.random.default_rng(seed)
    return spread(random.integers(0, 2, (clocks, sum(INPUTS.values()))))


def test_the_triplicated_component_does_what_the_component_does(both):
    plain, tripled, _ = both
    values = stimulus(200)
    found = []
    for one in (plain, tripled):
        one.run(values[:3], reset=True)
        found.append(one.run(values)[0])
    # Registers without reset hold the same once they were written.
    assert (found[0][60:] == found[1][60:]).all()


def test_every_register_has_three_copies(both):
    plain, tripled, wrapped = both
    assert len(tripled.registers) == 3 * len(plain.registers)
    assert sum(wrapped.registers.values()) == len(plain.registers)


def test_a_flip_of_any_register_is_right_again_after_the_next_clock_and_not_seen(both):
    _, tripled, _ = both
    values = stimulus(40)
    for number in range(len(tripled.registers)):
        tripled.run(values[:3], reset=True)
        tripled.run(values)
        flip = Faults(np.array([5]), np.array([number]), np.array([1], np.uint64))
        watched = np.arange(len(tripled.registers))
        outputs, differs = tripled.run(values[:10], faults=flip, watched=watched)
        assert not (differs[5:] & np.uint64(1)).any(), tripled.registers[number].path
        lane, reference = (outputs >> np.uint64(k) & np.uint64(1) for k in (0, REFERENCE))
        assert (lane == reference).all(), tripled.registers[number].path


def test_without_triplication_a_flip_stays_or_is_seen(both):
    plain, _, _ = both
    values = stimulus(40)
    seen = 0
    for number in range(len(plain.registers)):
        plain.run(values[:3], reset=True)
        plain.run(values)
        flip = Faults(np.array([5]), np.array([number]), np.array([1], np.uint64))
        outputs, _ = plain.run(values[:10], faults=flip)
        lane, reference = (outputs >> np.uint64(k) & np.uint64(1) for k in (0, REFERENCE))
        seen += bool((lane != reference).any())
    assert seen > len(plain.registers) / 2


def test_a_mismatch_is_told_for_as_long_as_it_lasts(tmp_path):
    class Told(wiring.Component):
        def __init__(self):
            super().__init__({"i": In(4), "write": In(1), "o": Out(4), "mismatch": Out(1)})

        def elaborate(self, platform):
            m = Module()
            inner = Module()
            held = Signal(4, name="held")
            with inner.If(self.write):
                inner.d.sync += held.eq(self.i)
            inner.d.comb += self.o.eq(held)
            m.submodules.part = self.part = Triplicated(inner, logic=False)
            m.d.comb += self.mismatch.eq(self.part.mismatch)
            return m

    told = Told()
    text = verilog_text([rtlil_text(told, "top")]) + register_modules(told.part.widths)
    (tmp_path / "top.v").write_text(text)
    netlist, models, *_ = rtl_gates(tmp_path / "top.v", "top", tmp_path)
    run = LaneSimulation(netlist, models, ["i", "write"], ["mismatch"])
    values = spread(np.zeros((8, 5)))
    run.run(values, reset=True)
    flip = Faults(np.array([2]), np.array([0]), np.array([ALL]))
    outputs, _ = run.run(values, faults=flip)
    assert outputs[:, 0].tolist() == [0, 0, int(ALL), 0, 0, 0, 0, 0]
    assert LANES == 64


def test_only_registers_of_the_one_clock_are_triplicated():
    class Other(Elaboratable):
        def elaborate(self, platform):
            m = Module()
            m.domains.other = ClockDomain()
            m.d.other += Signal(name="far").eq(1)
            return m

    with pytest.raises(ValueError, match="registers of domain 'other' cannot be triplicated"):
        Fragment.get(Triplicated(Other(), logic=False), None)


def test_the_logic_of_a_foreign_instance_is_not_built_again():
    class Foreign(Elaboratable):
        def elaborate(self, platform):
            m = Module()
            m.submodules.part = Instance("full_adder", o_sum=Signal())
            return m

    with pytest.raises(ValueError, match="an instance of full_adder cannot be built again"):
        Fragment.get(Triplicated(Foreign(), logic=True), None)


def test_only_modules_in_use_are_written():
    text = register_modules({FIRST: {8}, KEPT: {8}, HELD: {4}, PASSED: set(), VOTER: {3}})
    names = [line.split("(")[0] for line in text.splitlines() if line.startswith("module")]
    kinds = [MINORITY, "tmr_first_8", "tmr_kept_8", "tmr_held_4", "tmr_voter_3"]
    assert names == [f"module {kind}" for kind in kinds]


def test_registers_of_one_name_or_none_have_copies_of_their_own():
    class Unnamed(Elaboratable):
        def __init__(self):
            self.o = Signal()

        def elaborate(self, platform):
            m = Module()
            first, second = Signal(2), Signal(3)
            same = [Signal(name="same"), Signal(name="same")]
            m.d.sync += [first.eq(first + 1), second.eq(second + 1)]
            m.d.sync += [part.eq(~part) for part in same]
            m.d.comb += self.o.eq(first.any() ^ second.any() ^ same[0] ^ same[1])
            return m

    component = Triplicated(Unnamed(), logic=True)
    fragment = Fragment.get(component, None)
    names = [name for _, name, _ in fragment.subfragments]
    assert len(set(names)) == len(names) == 4 * 3
    assert sorted(component.registers.values()) == [1, 1, 2, 3]


def test_a_reader_of_all_copies_outvotes_a_transient_on_one(tmp_path):
    """A strobe behind one voter follows a transient on it, the majority of three does not."""

    class Strobed(Elaboratable):
        def __init__(self):
            self.strobe = Signal()

        def elaborate(self, platform):
            m = Module()
            held = Signal(reset_less=True)
            m.d.sync += held.eq(0)
            m.d.comb += self.strobe.eq(held)
            return m

    class Both(wiring.Component):
        alone: Out(1)
        voted: Out(1)

        def __init__(self):
            self.part = Triplicated(Strobed(), logic=True)
            super().__init__()

        def elaborate(self, platform):
            m = Module()
            m.submodules.part = self.part
            copies = self.part.copies(self.part.component.strobe)
            a, b, c = copies
            m.d.comb += [self.alone.eq(a), self.voted.eq((a & b) | (a & c) | (b & c))]
            return m

    top = Both()
    text = verilog_text([rtlil_text(top, "top")]) + register_modules(top.part.widths)
    (tmp_path / "top.v").write_text(text)
    netlist, models, *_ = rtl_gates(tmp_path / "top.v", "top", tmp_path)
    nets = voter_nets(netlist, models)
    chip = LaneSimulation(netlist, models, [], ["alone", "voted"], tuple(nets))
    chip.run(np.zeros((3, 0), np.uint64))
    seen = []
    for place in range(len(nets)):
        where = np.array([1]), np.array([len(chip.registers) + place]), np.array([1], np.uint64)
        faults = Faults(*where)
        seen.append((chip.run(np.zeros((3, 0), np.uint64), faults=faults)[0] & 1).any(axis=0))
    assert len(nets) == 3
    assert sum(bool(alone) for alone, _ in seen) == 1
    assert not any(bool(voted) for _, voted in seen)


def test_logic_that_is_there_once_has_no_copies():
    with pytest.raises(ValueError, match="held: the logic that makes it is there once"):
        Triplicated(Mixed(), logic=False).copies(Signal(name="held"))
