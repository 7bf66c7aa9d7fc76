"""Input link words: headers and the codes of the trigger cells."""

from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

WORD_BITS = 32
CODE_BITS, CODES_PER_WORD = 7, 4
HEADER_BC0, HEADER = 0x9, 0xA


class LinkInput(wiring.Component):
    """Take link words apart and see whether they belong to one bunch crossing.

    A word is a header of 4 bits, then four codes of 7 bits, the first in the highest place. The
    header says whether the word is of bunch crossing 0; all links have to say the same.

    Parameters
    ----------
    links : int
        Link l is ``words[32*l +: 32]``; code k, of ``codes[7*k +: 7]``, is code k % 4 of link
        k // 4.

    Raises
    ------
    ValueError
        If there is no link.
    """

    def __init__(self, links: int):
        if links < 1:
            raise ValueError(f"a chip has at least one input link: got {links}")
        self.links = links
        super().__init__(
            {
                "words": In(unsigned(links * WORD_BITS)),
                "codes": Out(unsigned(links * CODES_PER_WORD * CODE_BITS)),
                "is_bc0": Out(1),
                "misaligned": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        codes, starts, broken = [], [], []
        for link in range(self.links):
            word = self.words.word_select(link, WORD_BITS)
            for place in reversed(range(CODES_PER_WORD)):
                codes.append(word[place * CODE_BITS : (place + 1) * CODE_BITS])
            starts.append(word[28:32] == HEADER_BC0)
            broken.append((word[28:32] != HEADER_BC0) & (word[28:32] != HEADER))
        m.d.comb += [
            self.codes.eq(Cat(*codes)),
            self.is_bc0.eq(starts[0]),
            self.misaligned.eq(Cat(*broken).any() | (Cat(*starts).any() & ~Cat(*starts).all())),
        ]
        return m
