"""Ranks of registers in a circuit of named parts: the fewest bits that meet the clock."""

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

from amaranth.hdl import Module, Signal, Value, unsigned
from amaranth.lib.wiring import Member

from hexcoder.config import Clock, Pipeline
from hexcoder.errors import InputError
from hexcoder.hw.delay import Delay
from hexcoder.hw.interfaces import EventModule
from hexcoder.technology import Technology

ENERGIES = "energies"
"""Registers of the energies as they enter."""


def _segments(delays: list[float], places: list[str], cut: Iterable[str]) -> list[float]:
    """Sums of delays between the places that are cut."""
    segments, chosen = [delays[0]], set(cut)
    for place, delay in zip(places, delays[1:], strict=True):
        if place in chosen:
            segments.append(delay)
        else:
            segments[-1] += delay
    return segments


def places_for(
    name: str,
    bits: Mapping[str, int],
    delays: list[float],
    pipeline: Pipeline,
    clock: Clock,
    technology: Technology,
) -> list[str]:
    """Ranks of registers, in the order of the data.

    Those of ``code_places`` alone, if it says any and ``stages`` none. Otherwise, of the cuts that
    hold these and have as many segments as ``stages`` says, or any number for "auto" or none, those
    whose segments fit the clock; of these the fewest bits of registers, or with ``even`` the
    shortest longest segment. Where none fits, the one whose segments miss it by the least in all.

    Parameters
    ----------
    name : str
        Of what is cut, for messages.
    bits : mapping
        Bits that cross each place, in the order of the data.
    delays : list of float
        Estimates in ns of the logic before, between and behind the places.

    Raises
    ------
    InputError
        If there are more stages than places, or a place that there is not.
    """
    entry, places = [ENERGIES] * pipeline.energies, list(bits)
    named = pipeline.code_places or ()
    unknown = [place for place in named if place not in bits]
    if unknown:
        raise InputError(
            f"{name}: key 'pipeline.code_places': there is no place '{unknown[0]}'; valid "
            f"are {', '.join(places)}"
        )
    kept = [place for place in places if place in named]
    if pipeline.code_places is not None and pipeline.stages is None:
        return entry + kept
    room = clock.period_ns - clock.uncertainty_ns - clock.input_delay_ns - technology.register_ns
    counts = range(len(kept), len(places) + 1)
    if isinstance(pipeline.stages, int):
        if pipeline.stages - 1 not in counts:
            fewest = f"at least {len(kept) + 1} and " if kept else ""
            raise InputError(
                f"{name}: key 'pipeline.stages' = {pipeline.stages}: there are {fewest}at most "
                f"{len(places) + 1} stages"
            )
        counts = [pipeline.stages - 1]
    cuts = [
        list(cut)
        for count in counts
        for cut in combinations(places, count)
        if set(kept).issubset(cut)
    ]

    def rank(cut: list[str]) -> tuple[float, float]:
        segments = _segments(delays, places, cut)
        late = max(segments) if pipeline.even else sum(max(0.0, one - room) for one in segments)
        return late, sum(bits[place] for place in cut)

    return entry + min(cuts, key=rank)


class RankedModule(EventModule):
    """A module with a rank of registers at some of its places.

    Parameters
    ----------
    input_bits, output_bits : int
    ranks : collection of str

    Attributes
    ----------
    register_bits : dict
        By place, once it is elaborated.
    """

    def __init__(
        self,
        input_bits: int,
        output_bits: int,
        ranks: Collection[str],
        ports: Mapping[str, Member] | None = None,
    ):
        self.ranks, self.latency = frozenset(ranks), len(frozenset(ranks))
        self.register_bits: dict[str, int] = {}
        super().__init__(input_bits, output_bits, ports)

    def begun(self) -> Module:
        """A module in which the valid bit goes along."""
        m = Module()
        m.submodules.valid = valid = Delay(1, self.latency, reset=True)
        m.d.comb += [valid.i.eq(self.in_valid), self.out_valid.eq(valid.o)]
        return m

    def rank(self, m: Module, name: str, value: Value) -> Value:
        """Value behind the registers of a place, if it has any."""
        if name not in self.ranks:
            return value
        self.register_bits[name] = self.register_bits.get(name, 0) + len(value)
        place = f"{name}_{len(self.register_bits)}_{self.register_bits[name]}"
        return self.registered(m, place, value)

    def registered(self, m: Module, name: str, value: Value) -> Value:
        """Value behind registers of its own."""
        register = Signal(unsigned(len(value)), reset_less=True, name=name)
        m.d.sync += register.eq(value)
        return register
