"""Protocol tests in cocotb, for module ``encoder_core`` or ``encoder`` of any design.

The simulator's process reads the network, the design's folder and the number of vectors of a test
from HEXCODER_NETWORK, HEXCODER_DESIGN and HEXCODER_VECTORS. Every test compares every output with
the golden model.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from hexcoder.network.modules import ModuleUnderTest, Stimulus
from hexcoder.network.packing import pack
from hexcoder.sensor.encoders import load_encoder
from hexcoder.sensor.events import load_events
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.stimulus import EncoderCore, EnergyModule
from hexcoder.tb.modules import module_under_test

RESET_CLOCKS = 3
SEED = 7
VECTORS = int(os.environ.get("HEXCODER_VECTORS", "400"))


def _load() -> ModuleUnderTest:
    network = load_encoder(os.environ["HEXCODER_NETWORK"])
    design = Path(os.environ["HEXCODER_DESIGN"])
    return module_under_test(network, design, os.environ["HEXCODER_MODULE"])


def _vectors(module: ModuleUnderTest, kind: str, count: int) -> np.ndarray:
    """``count`` vectors of one kind, or as many as there are."""
    path = os.environ.get("HEXCODER_EVENTS")
    columns = os.environ.get("HEXCODER_COLUMNS") or None
    events = load_events(path, columns)[:count] if path else generate_events(count, seed=SEED)
    blocks = [
        block.inputs
        for block in module.stimulus(Stimulus(SEED, count, events))
        if block.kind == kind
    ]
    return np.concatenate(blocks)[:count] if blocks else np.zeros((0, 0), dtype=np.int64)


def _as_integers(words: np.ndarray) -> list[int]:
    return [int.from_bytes(row.astype("<u4").tobytes(), "little") for row in words]


class Bench:
    """Drives one module and holds every clock of it against the golden model.

    ``expected`` is a queue of (clock, output): what must be valid, and when. The next event is
    taken at clock ``free`` or later.
    """

    def __init__(self, dut: object, module: ModuleUnderTest):
        self.dut, self.module = dut, module
        self.clock = 0
        self.expected: list[tuple[int, int, int]] = []
        self.checked = 0
        self.events = 0
        self.free = 0

    async def start(self) -> None:
        """Start the clock and hold the module in reset for a few clocks."""
        self.dut.rst.value = 1
        self.dut.in_valid.value = 0
        self.dut.in_data.value = 0
        Clock(self.dut.clk, 10, "ns").start(start_high=False)
        for _ in range(RESET_CLOCKS):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def step(self, data: int, *, valid: bool, output: int = 0, reset: bool = False) -> None:
        """One clock: drive, check the outputs, pass the rising edge.

        An event that comes sooner than the module takes one must not come out.
        """
        self.dut.in_data.value = data
        self.dut.in_valid.value = int(valid)
        self.dut.rst.value = int(reset)
        if valid and self.clock >= self.free:
            self.expected.append((self.clock + self.module.latency, output, self.events))
            self.events += 1
            self.free = self.clock + self.module.interval
        await ReadOnly()
        self._check()
        await FallingEdge(self.dut.clk)
        if reset:
            # Nothing that was inside comes out after the edge.
            self.expected.clear()
            self.free = 0
        self.clock += 1

    def _check(self) -> None:
        due = bool(self.expected) and self.expected[0][0] == self.clock
        valid = int(self.dut.out_valid.value)
        assert valid == due, f"clock {self.clock}: out_valid is {valid}, expected {int(due)}"
        if due:
            _, output, event = self.expected.pop(0)
            actual = int(self.dut.out_data.value)
            assert actual == output, self._explain(event, output, actual)
            self.checked += 1

    def expect(self, events: int) -> None:
        """Fail unless so many events have come out and been compared."""
        assert self.checked == events, f"{self.checked} of {events} events came out"

    def _explain(self, event: int, expected: int, actual: int) -> str:
        low = 0
        for element, width in enumerate(self.module.output_widths):
            mask = (1 << width) - 1
            wanted, found = expected >> low & mask, actual >> low & mask
            if wanted != found:
                return f"event {event}, output {element}: expected {wanted}, got {found}"
            low += width
        return f"event {event}: output differs"

    def encoded(self, inputs: np.ndarray) -> tuple[list[int], list[int]]:
        """Port values of inputs and of the outputs that the golden model gives for them."""
        outputs = self.module.golden(inputs)
        return (
            _as_integers(pack(inputs, self.module.input_widths)),
            _as_integers(pack(outputs, self.module.output_widths)),
        )

    async def stream(self, inputs: np.ndarray, gaps: Sequence[int] = ()) -> None:
        """Send events, with ``gaps[i]`` idle clocks of changing data before event i.

        While the module takes no event, the idle clocks may be valid too.
        """
        noise = np.random.default_rng(SEED)
        width = sum(self.module.input_widths)
        for place, (data, output) in enumerate(zip(*self.encoded(inputs), strict=True)):
            idle = max(0, self.free - self.clock) + (gaps[place] if place < len(gaps) else 0)
            for _ in range(idle):
                junk = int.from_bytes(noise.bytes((width + 7) // 8), "little") >> (-width % 8)
                too_soon = self.clock < self.free and bool(noise.integers(2))
                await self.step(junk, valid=too_soon)
            await self.step(data, valid=True, output=output)

    async def drain(self) -> None:
        """Idle until everything that is due has come out, and a little longer."""
        for _ in range(self.module.latency + 3):
            await self.step(0, valid=False)
        assert not self.expected, f"{len(self.expected)} events never came out"


async def _bench(dut: object) -> Bench:
    bench = Bench(dut, _load())
    await bench.start()
    return bench


async def _run_all(dut: object, inputs: np.ndarray, gaps: Sequence[int] = ()) -> None:
    bench = await _bench(dut)
    await bench.stream(inputs, gaps)
    await bench.drain()
    bench.expect(len(inputs))


@cocotb.test()
async def edge_events(dut: object) -> None:
    """All zero, all ones, extremes, and every element alone."""
    await _run_all(dut, _vectors(_load(), "edge", VECTORS))


@cocotb.test()
async def random_tensors(dut: object) -> None:
    """Tensors over the whole input range, one event per clock."""
    await _run_all(dut, _vectors(_load(), "random", VECTORS))


@cocotb.test()
async def detector_events(dut: object) -> None:
    """Events of the detector; sparse tensors where the input is no image of the sensor."""
    module = _load()
    events = _vectors(module, "event", VECTORS)
    if not len(events):
        whole = _vectors(module, "random", VECTORS)
        events = np.where(np.random.default_rng(SEED).random(whole.shape) < 0.2, whole, 0)
        events = np.clip(events, *module.network.input_bounds)
    await _run_all(dut, events)


@cocotb.test()
async def saturation(dut: object) -> None:
    """Inputs that drive sums to both ends of their range."""
    module = _load()
    assert isinstance(module, EncoderCore | EnergyModule)
    await _run_all(dut, module.saturating(VECTORS, SEED))


@cocotb.test()
async def gaps_in_valid(dut: object) -> None:
    """Idle clocks with changing data neither produce nor disturb outputs."""
    gaps = np.random.default_rng(SEED).integers(0, 5, VECTORS // 2).tolist()
    await _run_all(dut, _vectors(_load(), "random", VECTORS // 2), gaps)


@cocotb.test()
async def constant_latency(dut: object) -> None:
    """A lone event comes out after the stated number of clocks, whatever came before."""
    bench = await _bench(dut)
    inputs = _vectors(bench.module, "random", 12)
    for place in range(len(inputs)):
        await bench.stream(inputs[place : place + 1], gaps=[place])
        await bench.drain()
    bench.expect(len(inputs))


@cocotb.test()
async def first_event_after_reset(dut: object) -> None:
    """The clock on which reset is low for the first time may carry an event."""
    bench = await _bench(dut)
    inputs = _vectors(bench.module, "random", 8)
    for place in range(len(inputs)):
        for _ in range(2):
            await bench.step(0, valid=False, reset=True)
        await bench.stream(inputs[place : place + 1])
        await bench.drain()
    bench.expect(len(inputs))


@cocotb.test()
async def reset_in_mid_stream(dut: object) -> None:
    """Reset discards what is inside; events behind it come out right."""
    bench = await _bench(dut)
    inputs = _vectors(bench.module, "random", 60)
    data, outputs = bench.encoded(inputs)
    for place in range(0, 40, 10):
        await bench.stream(inputs[place : place + 10])
        in_reset = bool(bench.module.latency)
        await bench.step(data[place], valid=in_reset, output=outputs[place], reset=True)
    await bench.stream(inputs[40:])
    await bench.drain()
