"""Events in words: gathered from a narrow port, and handed out to one."""

# Amaranth types its blocks as generators, and a slice as what may also join pins of a board.
# pyright: reportGeneralTypeIssues=false, reportOperatorIssue=false, reportArgumentType=false

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


def words_of(bits: int, word_bits: int) -> int:
    """Words that hold so many bits; ValueError if there is nothing to hold."""
    if bits < 1 or word_bits < 1:
        raise ValueError(f"an event and a word have bits: got {bits} and {word_bits}")
    return -(-bits // word_bits)


class WordInput(wiring.Component):
    """Gather the words of an event, the lowest bits first.

    Parameters
    ----------
    event_bits, word_bits : int

    Attributes
    ----------
    word, strobe : In
        A word, and whether it is taken at the clock's next edge.
    start : In(1)
        The word is the first of an event: what was gathered before it is dropped.
    hold : In(1)
        The last word of an event has to wait.
    ready : Out(1)
        A word would be taken; while it is low, none is.
    event, event_valid : Out
        A whole event, in the clock behind its last word; zeros in all other clocks, so that what
        reads it stays still.

    Raises
    ------
    ValueError
        If event or word has no bits.
    """

    def __init__(self, event_bits: int, word_bits: int):
        self.words = words_of(event_bits, word_bits)
        super().__init__(
            {
                "word": In(unsigned(word_bits)),
                "strobe": In(1),
                "start": In(1),
                "hold": In(1),
                "ready": Out(1),
                "event": Out(unsigned(event_bits)),
                "event_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last = self.words - 1
        gathered = Signal(self.words * len(self.word), reset_less=True)
        place = Signal(range(self.words))
        number = Mux(self.start, 0, place)
        m.d.comb += [
            self.ready.eq(~((place == last) & self.hold)),
            self.event.eq(Mux(self.event_valid, gathered, 0)),
        ]
        m.d.sync += self.event_valid.eq(0)
        with m.If(self.strobe & self.ready):
            m.d.sync += [
                gathered.eq(Cat(gathered, self.word)[len(self.word) :]),
                self.event_valid.eq(number == last),
                place.eq(Mux(number == last, 0, number + 1)),
            ]
        return m


class WordOutput(wiring.Component):
    """Hand an event out in words, the lowest bits first.

    An event that comes while words are left takes their place.

    Parameters
    ----------
    event_bits, word_bits : int

    Attributes
    ----------
    event, event_valid : In
    take : In(1)
        The word has been seen: the next one follows at the clock's next edge.
    word, valid : Out
        A word, and whether there is one; the last word's bits above the event are zero.
    first : Out(1)
        It is the first of an event.

    Raises
    ------
    ValueError
        If event or word has no bits.
    """

    def __init__(self, event_bits: int, word_bits: int):
        self.words = words_of(event_bits, word_bits)
        super().__init__(
            {
                "event": In(unsigned(event_bits)),
                "event_valid": In(1),
                "take": In(1),
                "word": Out(unsigned(word_bits)),
                "valid": Out(1),
                "first": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self.words + 1))
        kept = Signal(self.words * len(self.word), reset_less=True)
        m.d.comb += [
            self.word.eq(kept),
            self.valid.eq(left != 0),
            self.first.eq(left == self.words),
        ]
        with m.If(self.event_valid):
            m.d.sync += [kept.eq(self.event), left.eq(self.words)]
        with m.Elif(self.take & self.valid):
            m.d.sync += [kept.eq(kept >> len(self.word)), left.eq(left - 1)]
        return m
