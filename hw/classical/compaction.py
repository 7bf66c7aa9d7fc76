"""What is flagged moves to the front."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportAssignmentType=false

from amaranth.hdl import Cat, Const, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.hw.counts import counts_before


class Compaction(wiring.Component):
    """Flagged words in their order, without gaps; zeros behind them.

    A word moves by the number of words before it that are not flagged, one bit of that number a
    stage, the lowest first: two words never meet (Warren, Hacker's Delight, 2nd ed., 7-4).

    Parameters
    ----------
    words, width : int
        Word k is ``data[k*width +: width]``.
    room : int
        Words that go out; no more than those may be flagged.
    """

    def __init__(self, words: int, width: int, room: int):
        if width < 1 or not 1 <= room <= words:
            raise ValueError(
                f"a compaction needs words with bits and room for 1 to all: got {words} of {width} "
                f"bits, room for {room}"
            )
        self.words, self.width, self.room = words, width, room
        super().__init__(
            {
                "data": In(unsigned(words * width)),
                "flags": In(unsigned(words)),
                "packed": Out(unsigned(room * width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        gaps = counts_before(m, ~self.flags, "gaps")
        level: list[Value] = []
        for place in range(self.words):
            # The word and how far it has to go travel together.
            fields = Cat(self.data.word_select(place, self.width), gaps[place])
            level.append(fields & self.flags[place].replicate(len(fields)))
        step = 1
        while step < self.words:
            moved = []
            for place in range(self.words):
                here = level[place]
                stays = Cat(here[: self.width], here[self.width + 1 :])
                if len(here) > self.width:
                    stays = stays & (~here[self.width]).replicate(len(stays))
                arrives: Value = Const(0, 1)
                if place + step < self.words:
                    other = level[place + step]
                    arrives = Cat(other[: self.width], other[self.width + 1 :])
                    arrives = arrives & other[self.width].replicate(len(arrives))
                size = max(len(stays), len(arrives))
                word = Signal(unsigned(size), name=f"word_{step}_{place}")
                m.d.comb += word.eq(stays | arrives)
                moved.append(word)
            level, step = moved, 2 * step
        m.d.comb += self.packed.eq(Cat(word[: self.width] for word in level[: self.room]))
        return m
