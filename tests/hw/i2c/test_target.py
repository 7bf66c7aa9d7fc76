from itertools import pairwise

import numpy as np
import pytest
from amaranth.sim import Simulator

from hexcoder.hw.i2c.glitch_filter import GlitchFilter, spike_clocks
from hexcoder.hw.i2c.target import ALL_BITS, I2cTarget, State
from hexcoder.tb.i2c.bank import BASE, READABLE, WRITABLE, reset_values
from hexcoder.tb.i2c.bus import Faults, I2cController, Spike, decode
from hexcoder.tb.i2c.simulation import build_i2c_simulation, write_bank
from hexcoder.tb.i2c.timing import FAST_MODE, FAST_MODE_PLUS, FASTEST, STANDARD_MODE, I2cTiming

DEVICE = 0x2A
IDLE = 20
MODES = {"100kHz": STANDARD_MODE, "400kHz": FAST_MODE, "1MHz": FAST_MODE_PLUS, "4MHz": FASTEST}


@pytest.fixture(scope="module")
def simulation(tmp_path_factory):
    return build_i2c_simulation(tmp_path_factory.mktemp("i2c"))


class Bus:
    """A recorded run of transfers: what each was answered and wrote."""

    def __init__(self, simulation, transfers, device=DEVICE, resets=()):
        ends = np.cumsum([IDLE, *(len(t.scl) for t in transfers)])
        idle = np.ones(IDLE, dtype=np.uint8)
        scl = np.concatenate([idle, *(t.scl for t in transfers), idle])
        sda = np.concatenate([idle, *(t.sda for t in transfers), idle])
        reset = np.zeros(len(scl), dtype=np.uint8)
        reset[[0, *(IDLE + clock for clock in resets)]] = 1
        self.recording = simulation.run(scl, sda, reset, device)
        self.spans = list(pairwise(ends))
        self.answers = [
            decode(transfer, self.recording.bus_sda[first:last])
            for transfer, (first, last) in zip(transfers, self.spans, strict=True)
        ]

    def writes(self, place):
        first, last = self.spans[place]
        clocks = first + np.flatnonzero(self.recording.write[first:last])
        registers, values = self.recording.register[clocks], self.recording.write_data[clocks]
        return list(zip(registers.tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize("mode", MODES)
def test_bytes_are_written_and_read_back_in_every_mode(simulation, mode):
    controller = I2cController(MODES[mode])
    data = [0x00, 0xFF, 0xA5, 0x01]
    transfers = [controller.write(DEVICE, BASE + 3, data), controller.read(DEVICE, BASE + 3, 4)]
    bus = Bus(simulation, transfers)
    assert bus.writes(0) == [(BASE + 3 + place, value) for place, value in enumerate(data)]
    assert bus.answers[0].acknowledged == [True] * 7
    assert bus.answers[1].acknowledged == [True] * 4
    assert bus.answers[1].data == data
    assert bus.writes(1) == []


def test_data_may_be_set_up_as_late_as_fast_mode_plus_allows(simulation):
    controller = I2cController(I2cTiming(20, 20, 18, 11, 11, 11, 20))
    transfers = [controller.write(DEVICE, BASE, [0x5A]), controller.read(DEVICE, BASE, 1)]
    assert Bus(simulation, transfers).answers[1].data == [0x5A]


def test_sda_answers_six_clocks_after_the_fall_of_scl(simulation):
    transfer = I2cController(FAST_MODE).write(DEVICE, BASE, [])
    recording = Bus(simulation, [transfer]).recording
    fall = IDLE + transfer.high[7, 1] + 1
    assert np.flatnonzero(recording.sda_low)[0] == fall + 6


@pytest.mark.parametrize("repeated_start", [True, False])
def test_a_read_follows_its_register_address_with_or_without_a_stop(simulation, repeated_start):
    controller = I2cController(FAST_MODE_PLUS)
    read = controller.read(DEVICE, BASE + 40, 2, repeated_start=repeated_start)
    assert Bus(simulation, [read]).answers[0].data == reset_values()[BASE + 40 : BASE + 42].tolist()


def test_the_register_address_moves_on_with_each_byte(simulation):
    controller = I2cController(FASTEST)
    transfers = [
        controller.write(DEVICE, BASE, [1, 2]),
        controller.read_on(DEVICE, 2),
        controller.read_on(DEVICE, 1),
    ]
    answers = Bus(simulation, transfers).answers
    assert answers[1].data + answers[2].data == reset_values()[BASE + 2 : BASE + 5].tolist()


def test_the_register_address_wraps(simulation):
    controller = I2cController(FASTEST)
    recording = Bus(simulation, [controller.read(DEVICE, 0xFFFF, 2)]).recording
    assert recording.register[recording.read == 1].tolist() == [0xFFFF, 0]


def test_only_its_own_address_is_answered(simulation):
    controller = I2cController(FASTEST)
    others = [address for address in range(128) if address != DEVICE]
    bus = Bus(simulation, [controller.write(address, BASE, [1]) for address in others])
    assert not bus.recording.sda_low.any()
    assert not bus.recording.active.any()
    assert bus.recording.writes() == []


@pytest.mark.parametrize("device", [0x00, 0x07, 0x78, 0x7F])
def test_reserved_addresses_are_never_answered(simulation, device):
    controller = I2cController(FASTEST)
    transfers = [controller.write(device, BASE, [1]), controller.read_on(device, 1)]
    bus = Bus(simulation, transfers, device=device)
    assert not bus.recording.sda_low.any()


@pytest.mark.parametrize("device", [0x08, 0x77])
def test_the_outermost_free_addresses_are_answered(simulation, device):
    transfer = I2cController(FASTEST).write(device, BASE, [1])
    assert Bus(simulation, [transfer], device=device).answers[0].acknowledged == [True] * 4


def test_a_byte_for_no_register_is_not_acknowledged_and_changes_nothing(simulation):
    controller = I2cController(FASTEST)
    last = BASE + WRITABLE - 1
    transfers = [controller.write(DEVICE, last, [7, 8, 9]), controller.read_on(DEVICE, 1)]
    bus = Bus(simulation, transfers)
    assert bus.answers[0].acknowledged == [True, True, True, True, False, False]
    assert bus.writes(0) == [(last, 7)]
    assert bus.answers[1].data == [reset_values()[last + 1]]


def test_ones_are_read_where_there_is_no_register(simulation):
    read = I2cController(FASTEST).read(DEVICE, BASE + READABLE - 1, 3)
    expected = [reset_values()[BASE + READABLE - 1], 0xFF, 0xFF]
    assert Bus(simulation, [read]).answers[0].data == expected


@pytest.mark.parametrize("cut", ["stop_after_bit", "start_after_bit"])
def test_a_cut_in_any_bit_writes_whole_bytes_only(simulation, cut):
    controller = I2cController(FASTEST)
    # While the target acknowledges it holds SDA: there can be no START or STOP.
    cuts = [bits for bits in range(46) if bits % ALL_BITS != ALL_BITS - 1]
    transfers = []
    for bits in cuts:
        faults = Faults(**{cut: bits})
        transfers.append(controller.write(DEVICE, BASE, [0x3C, 0xC3], faults))
        transfers.append(controller.read(DEVICE, BASE + 5, 1))
    bus = Bus(simulation, transfers)
    for place, bits in enumerate(cuts):
        whole_bytes = max(0, bits // ALL_BITS - 3)
        written = bus.writes(2 * place) + bus.writes(2 * place + 1)
        assert written == [(BASE, 0x3C), (BASE + 1, 0xC3)][:whole_bytes], bits
        assert bus.answers[2 * place + 1].acknowledged == [True] * 4, bits
        assert bus.answers[2 * place + 1].data == [reset_values()[BASE + 5]], bits


def test_a_start_is_understood_where_no_stop_was_sent(simulation):
    controller = I2cController(FASTEST)
    transfers = [
        controller.write(DEVICE, BASE, [1], Faults(no_stop=True)),
        controller.write(DEVICE, BASE, [2, 3], Faults(end_after_bit=40)),
        controller.read(DEVICE, BASE, 2),
    ]
    bus = Bus(simulation, transfers)
    assert bus.recording.writes() == [(BASE, 1), (BASE, 2)]
    assert bus.answers[2].data == [2, reset_values()[BASE + 1]]


def _spiked(controller, line, length, places):
    """A write with a spike in each bit, at clocks after the rise of SCL."""
    high = I2cController(controller.timing).write(DEVICE, BASE, [0x96]).high
    spikes = [Spike(line, int(first) + place, length) for first, _ in high for place in places]
    return controller.write(DEVICE, BASE, [0x96], Faults(spikes=spikes))


@pytest.mark.parametrize("line", ["scl", "sda"])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_spikes_of_up_to_50_ns_are_ignored_in_every_bit(simulation, line, length):
    controller = I2cController(FAST_MODE_PLUS)
    # In the middle of SCL's high time and of the low time before.
    bus = Bus(simulation, [_spiked(controller, line, length, [4, -12])])
    assert bus.writes(0) == [(BASE, 0x96)]
    assert bus.answers[0].acknowledged == [True] * 4


@pytest.mark.parametrize("line", ["scl", "sda"])
def test_a_pulse_longer_than_a_spike_is_seen(simulation, line):
    controller = I2cController(FAST_MODE)
    bus = Bus(simulation, [_spiked(controller, line, 4, [10]), controller.clear()])
    assert bus.recording.writes() == []


@pytest.mark.parametrize("bits", range(0, 36, 5))
def test_a_reset_in_mid_transfer_ends_it(simulation, bits):
    controller = I2cController(FAST_MODE_PLUS)
    write = controller.write(DEVICE, BASE, [0x11])
    for clock in write.high[bits] - [9, 5]:
        reset = int(clock)
        transfers = [write, controller.read(DEVICE, BASE, 1)]
        bus = Bus(simulation, transfers, resets=[reset])
        first, last = bus.spans[0]
        assert not bus.recording.sda_low[first + reset + 1 : last].any()
        assert bus.writes(0) == []
        assert bus.answers[1].acknowledged == [True] * 4
        assert bus.answers[1].data == [reset_values()[BASE]]


def test_a_read_ends_with_the_byte_that_is_not_acknowledged(simulation):
    controller = I2cController(FASTEST)
    transfers = [
        controller.write(DEVICE, BASE, [0, 0, 0]),
        controller.read(DEVICE, BASE, 2, Faults(no_stop=True)),
        controller.clear(),
    ]
    bus = Bus(simulation, transfers)
    assert bus.answers[1].data == [0, 0]
    first, last = bus.spans[2]
    assert not bus.recording.sda_low[first:last].any()
    assert bus.recording.read.sum() == 2


def test_active_and_reading_say_what_the_target_is_addressed_for(simulation):
    controller = I2cController(FAST_MODE_PLUS)
    read = controller.read(DEVICE, BASE, 1)
    recording = Bus(simulation, [read]).recording
    for bit, (_, end) in enumerate(read.high):
        addressed = bit % 27 > 7 or 9 <= bit < 27
        assert recording.active[IDLE + end] == addressed, bit
        assert recording.reading[IDLE + end] == (bit >= 35), bit
    assert not recording.active[-1]


ILLEGAL = [*((code, 0) for code in range(len(State), 8)), *((5, n) for n in range(10, 16))]


@pytest.mark.parametrize(("state", "bits"), ILLEGAL)
def test_an_illegal_state_becomes_idle_and_lets_go_of_sda(state, bits):
    target = I2cTarget()

    async def bench(context):
        await context.tick().repeat(3)
        for signal, value in (
            (target.state.as_value(), state), (target.bits, bits), (target.sda_low, 1),
            (target.active, 1),
        ):  # fmt: skip
            context.set(signal, value)
        await context.tick()
        assert context.get(target.state) == State.IDLE
        assert context.get(target.bits) == 0
        assert context.get(target.sda_low) == 0
        assert context.get(target.active) == 0

    simulator = Simulator(target)
    simulator.add_clock(25e-9)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_start_is_understood_after_any_upset():
    target = I2cTarget()
    clear = I2cController(FASTEST).clear()
    levels = list(zip(clear.scl.tolist(), clear.sda.tolist(), strict=True))
    start = clear.sda.argmin()
    started = []

    async def bench(context):
        context.set(target.mapped, 1)
        for upset in range(1 << 8):
            for signal, value in (
                (target.state.as_value(), upset & 7),
                (target.bits, upset >> 3 & 15),
                (target.reading, upset >> 7),
                (target.sda_low, 1),
            ):
                context.set(signal, value)
            states = set()
            for clock, (scl, sda) in enumerate(levels):
                context.set(target.scl, scl)
                context.set(target.sda, sda & (1 - context.get(target.sda_low)))
                await context.tick()
                if clock >= start:
                    states.add(context.get(target.state))
            started.append(State.ADDRESS in states)
            assert context.get(target.sda_low) == 0

    simulator = Simulator(target)
    simulator.add_clock(25e-9)
    simulator.add_testbench(bench)
    simulator.run()
    assert started == [True] * 256


@pytest.mark.parametrize("spike", [0, 1, 3])
def test_a_glitch_filter_hands_on_pulses_longer_than_a_spike_and_delays_both_edges(spike):
    glitch_filter = GlitchFilter(spike)
    pulses = [0] * 8
    for length in range(1, 8):
        pulses += [1] * length + [0] * 8
    pulses += [1] * 8
    for length in range(1, 8):
        pulses += [0] * length + [1] * 8
    expected = np.array(pulses)
    edges = np.flatnonzero(np.diff(expected, prepend=-1))
    for first, last in pairwise(edges):
        if last - first <= spike:
            expected[first:last] ^= 1
    seen = []

    async def bench(context):
        for level in pulses:
            context.set(glitch_filter.i, level)
            seen.append(context.get(glitch_filter.o))
            await context.tick()

    simulator = Simulator(glitch_filter)
    simulator.add_clock(25e-9)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen[spike:] == expected[: len(expected) - spike].tolist()


@pytest.mark.parametrize(
    ("period_ns", "samples"), [(25, 3), (24.95, 3), (26, 2), (50, 2), (51, 1), (10, 6)]
)
def test_a_spike_of_50_ns_touches_so_many_samples(period_ns, samples):
    # Count the edges at 0, T, 2T, ... in [0, 50] ns, the worst place for the spike.
    assert sum(edge * period_ns <= 50 for edge in range(20)) == samples
    assert spike_clocks(period_ns, 50) == samples


def test_the_verilog_is_the_same_on_every_run(tmp_path):
    for name in ("a.v", "b.v"):
        write_bank(I2cTarget(), tmp_path / name)
    assert (tmp_path / "a.v").read_bytes() == (tmp_path / "b.v").read_bytes()
