"""The scoreboard: every output of a module against the golden model, and where it first differs."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from hexcoder.metrics.difference import Difference
from hexcoder.network.comparison import Comparison
from hexcoder.network.modules import ModuleUnderTest, Vectors
from hexcoder.network.packing import pack, unpack, words_for
from hexcoder.tb.rtl.design import Design
from hexcoder.tb.rtl.verilated import RESET, VALID, Simulation
from hexcoder.tb.verdict import LINK, Verdict
from hexcoder.tools import ToolFailed

RESET_CLOCKS = 4
WAVE_MARGIN = 8
"""Clocks that a waveform shows before the event and after its output."""


def _flags(count: int, flags: int) -> np.ndarray:
    return np.full((count, 1), flags, dtype=np.uint32)


def _records(
    design: Design, vectors: Iterable[Vectors], taken: deque[Vectors]
) -> Iterator[np.ndarray]:
    """Reset, every vector as soon as it may come, clocks to flush; ``taken`` gets the vectors."""
    words = words_for(sum(design.input_widths))
    noise = np.random.default_rng(0).integers(0, 1 << 32, (RESET_CLOCKS, words), dtype=np.uint32)
    # Events during reset must not come out; without a register there is nothing to reset.
    in_reset = RESET | (VALID if design.latency else 0)
    yield np.concatenate([_flags(RESET_CLOCKS, in_reset), noise], axis=1)
    for block in vectors:
        taken.append(block)
        packed = pack(block.inputs, design.input_widths)
        rows = np.concatenate([_flags(len(packed), VALID), packed], axis=1)
        if (clocks := design.interval) > 1:
            # Between events the data are another event's, without valid.
            rows = np.repeat(np.roll(rows, -1, axis=0), clocks, axis=0)
            rows[:, 0] = 0
            rows[::clocks, 0], rows[::clocks, 1:] = VALID, packed
        yield rows
    if design.latency:
        rest = np.zeros((design.latency, words), dtype=np.uint32)
        yield np.concatenate([_flags(design.latency, 0), rest], axis=1)


def _aligned(
    design: Design, answers: Iterator[np.ndarray], early: list[int]
) -> Iterator[np.ndarray]:
    """Answers from the first vector's output on; before it, out_valid must be low.

    The very first clock is not looked at: no edge has reset anything yet. ``early`` gets the
    number of clocks, a block, in which out_valid was high.
    """
    skip = RESET_CLOCKS + design.latency
    seen = 0
    for block in answers:
        head = block[max(0, min(1 - seen, len(block))) : max(0, skip - seen)]
        early.append(int(np.count_nonzero(head[:, 0])))
        yield block[max(0, skip - seen) :]
        seen += len(block)


def compare(
    simulation: Simulation,
    module: ModuleUnderTest,
    make_vectors: Callable[[], Iterable[Vectors]],
    progress: Callable[[int], None] = lambda done: None,
    waveform: Path | None = None,
    traced: Callable[[], Simulation] | None = None,
) -> Verdict:
    """Run all vectors through a compiled simulation, as fast as the module takes them.

    ``module`` has the golden answers, ``make_vectors`` gives the same vectors each time it is
    called, ``progress`` gets the number of vectors done. A waveform round the first mismatch is
    made by the simulation that ``traced`` builds.
    """
    design = simulation.design
    taken: deque[Vectors] = deque()
    started = time.perf_counter()
    answers = simulation.clocks(_records(design, make_vectors(), taken), False, None)
    early: list[int] = []
    done, mismatches, first = 0, 0, None
    by_kind: dict[str, int] = {}
    pending = np.zeros((0, 1 + words_for(sum(design.output_widths))), dtype=np.uint32)
    for block in _aligned(design, answers, early):
        pending = np.concatenate([pending, block])
        while taken and len(pending) >= len(taken[0].inputs) * design.interval:
            vectors = taken.popleft()
            size = len(vectors.inputs)
            clocks = size * design.interval
            block, pending = pending[:clocks], pending[clocks:]
            answer = block[:: design.interval]
            packed = pack(module.expected(vectors), design.output_widths)
            wrong = (answer[:, 1:] != packed).any(axis=1) | (answer[:, 0] != VALID)
            # Nothing may come between answers.
            flags = block[:, 0].reshape(size, design.interval)
            wrong |= (flags[:, 1:] != 0).any(axis=1)
            if not done and any(early):
                # What came before the first event's output was due, came for it.
                wrong[:1] = True
            mismatches += int(wrong.sum())
            if first is None and wrong.any():
                first = done + int(np.argmax(wrong))
            by_kind[vectors.kind] = by_kind.get(vectors.kind, 0) + size
            done += size
            progress(done)
    seconds = time.perf_counter() - started
    difference = None
    if first is not None:
        difference = _locate_with_waveform(
            simulation, module, make_vectors, first, waveform, traced
        )
    comparison = Comparison(
        link=LINK,
        module=module.name,
        vectors=done,
        mismatches=mismatches,
        valid_errors=sum(early),
        first_mismatch=difference,
    )
    return Verdict(comparison, design.latency, seconds, by_kind)


def _locate_with_waveform(
    simulation: Simulation,
    module: ModuleUnderTest,
    make_vectors: Callable[[], Iterable[Vectors]],
    event: int,
    waveform: Path | None,
    traced: Callable[[], Simulation] | None,
) -> Difference:
    """As :func:`locate`; where no traced simulation can be built, the place without a picture."""
    if waveform is not None and traced is not None:
        waveform.parent.mkdir(parents=True, exist_ok=True)
        try:
            return locate(traced(), module, make_vectors, event, waveform)
        except ToolFailed as error:
            print(f"no waveform: {error}", file=sys.stderr)
    return locate(simulation, module, make_vectors, event, None)


def _until(vectors: Iterable[Vectors], last: int) -> Iterator[Vectors]:
    """Vectors up to and with event ``last``."""
    seen = 0
    for block in vectors:
        if seen > last:
            return
        kept = last + 1 - seen
        answers = None if block.answers is None else block.answers[:kept]
        yield Vectors(block.kind, block.inputs[:kept], answers=answers)
        seen += len(block.inputs)


def locate(
    simulation: Simulation,
    module: ModuleUnderTest,
    make_vectors: Callable[[], Iterable[Vectors]],
    event: int,
    waveform: Path | None,
) -> Difference:
    """Run again up to a wrong event, watch every layer, and name the first that differs.

    The waveform, where one is asked for, covers the event and ``WAVE_MARGIN`` clocks round it.
    """
    design = simulation.design
    taken: deque[Vectors] = deque()
    entered = RESET_CLOCKS + event * design.interval
    trace = None
    if waveform is not None:
        first = max(0, entered - WAVE_MARGIN)
        trace = (waveform, first, entered + design.latency + WAVE_MARGIN)
    # What comes behind the event must be the same too: a fault may let it disturb the output.
    behind = (design.latency + WAVE_MARGIN) // design.interval + 1
    records = _records(design, _until(make_vectors(), event + behind), taken)
    wanted = {entered + watched.latency for watched in design.watched} | {entered + design.latency}
    rows: dict[int, np.ndarray] = {}
    clock = 0
    for block in simulation.clocks(records, True, trace):
        for at in [at for at in wanted if clock <= at < clock + len(block)]:
            rows[at] = block[at - clock]
        clock += len(block)
    *_, wrong = _until(taken, event)
    inputs = wrong.inputs[-1]
    outputs = module.expected(wrong)[-1]
    name, element, expected, actual = _first_difference(
        design, module, inputs, outputs, rows, entered
    )
    return Difference(
        layer=name,
        element=element,
        event=event,
        expected=expected,
        actual=actual,
        kind=wrong.kind,
        input=inputs.tolist(),
        waveform=str(waveform) if waveform else None,
    )


def _first_difference(
    design: Design,
    module: ModuleUnderTest,
    inputs: np.ndarray,
    outputs: np.ndarray,
    rows: dict[int, np.ndarray],
    entered: int,
) -> tuple[str, int, int, int]:
    """Layer, element, expected and actual value of the first difference in one event."""
    golden = module.golden_layers(inputs[None])
    output_words = words_for(sum(design.output_widths))
    low = 1 + output_words
    for watched in design.watched:
        count = words_for(watched.elements * watched.type.width)
        words = rows[entered + watched.latency][None, low : low + count]
        low += count
        raw = unpack(words, [watched.type.width] * watched.elements)[0]
        actual = watched.values(raw)
        for element in np.flatnonzero(actual != golden[watched.name][0]):
            if element not in watched.not_built:
                value = golden[watched.name][0, element]
                return watched.name, int(element), int(value), int(actual[element])
    final = rows[entered + design.latency]
    if final[0] != VALID:
        return "out_valid", 0, 1, int(final[0])
    frame = unpack(final[None, 1 : 1 + output_words], design.output_widths)[0]
    masks = (1 << np.array(design.output_widths, dtype=np.int64)) - 1
    wanted = outputs & masks
    names = [port.name for port in module.outputs for _ in range(port.elements)]
    for element in np.flatnonzero(frame != wanted):
        name = names[element]
        return name, int(element), int(wanted[element]), int(frame[element])
    return "out_valid", 0, 0, 1
