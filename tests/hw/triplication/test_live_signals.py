"""Signals that registers depend on, through conditions and selected parts too."""

from amaranth.hdl import Elaboratable, Fragment, Module, Signal

from hexcoder.hw.triplication.live_signals import live_signals


class Some(Elaboratable):
    def __init__(self):
        names = ("held", "value", "condition", "index", "unread", "shown", "behind", "parts")
        for name in names:
            setattr(self, name, Signal(4, name=name))

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = Module()
        inner.d.comb += self.value.eq(self.condition + 1)
        m.d.comb += [self.unread.eq(self.held), self.shown.eq(self.behind)]
        with m.If(self.condition[0]):
            m.d.sync += self.held.eq(self.value)
        m.d.sync += self.parts.bit_select(self.index, 1).eq(1)
        return m


def test_registers_their_conditions_and_what_is_wanted_are_live():
    some = Some()
    fragment = Fragment.get(some, None)
    fragment.subfragments = [
        (Fragment.get(part, None), name, place) for part, name, place in fragment.subfragments
    ]
    for wanted, more in (([], set()), ([some.shown], {"shown", "behind"})):
        found = live_signals(fragment, wanted)
        names = {name for name, signal in vars(some).items() if id(signal) in found}
        assert names == {"value", "condition", "index"} | more
