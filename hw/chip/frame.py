"""The output frame: counter, code of the sum and data on as many links as are in use."""

from amaranth.hdl import Cat, Const, Module, Mux, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

COUNTER_BITS, SUM_CODE_BITS = 5, 9
WORD_BITS = 32
LINK_COUNT_BITS = 4


class FrameFormatter(wiring.Component):
    """Fill the links from the first: counter, sum, then the data's lowest bits.

    On n links the data field has 18 + 32 (n - 1) bits; a frame fills at most ``words`` of them,
    and links beyond those in use send zero.

    Parameters
    ----------
    data_bits : int
        Bits of ``data``.
    words : int
        Link words of the largest frame; word l is ``frame[32*l +: 32]``.

    Raises
    ------
    ValueError
        If a frame of one word could not hold counter and sum, or the data does not fit.
    """

    def __init__(self, data_bits: int, words: int):
        room = words * WORD_BITS - COUNTER_BITS - SUM_CODE_BITS
        if words < 1 or data_bits > room:
            raise ValueError(f"{data_bits} bits of data do not fit {words} words of 32 bits")
        self.data_bits, self.words = data_bits, words
        super().__init__(
            {
                "counter": In(unsigned(COUNTER_BITS)),
                "sum_code": In(unsigned(SUM_CODE_BITS)),
                "data": In(unsigned(data_bits)),
                "links": In(unsigned(LINK_COUNT_BITS)),
                "frame": Out(unsigned(words * WORD_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frame = Const(0, len(self.frame))
        for used in range(1, self.words + 1):
            field = used * WORD_BITS - COUNTER_BITS - SUM_CODE_BITS
            data = Cat(self.data, Const(0, max(field - self.data_bits, 0)))[:field]
            whole = Cat(data, self.sum_code, self.counter)
            # Link 0 has the highest word.
            words = [whole.word_select(used - 1 - link, WORD_BITS) for link in range(used)]
            words.append(Const(0, (self.words - used) * WORD_BITS))
            is_used = self.links >= used if used == self.words else self.links == used
            frame = Mux(is_used, Cat(*words), frame)
        m.d.comb += self.frame.eq(frame)
        return m
