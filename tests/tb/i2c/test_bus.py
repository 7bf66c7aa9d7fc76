"""The controller's model and the reference, on cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.tb.i2c.bus import Faults, I2cController, Spike, decode
from hexcoder.tb.i2c.reference import BusReference, bus_events, filtered
from hexcoder.tb.i2c.timing import FAST_MODE, FASTEST, I2cTiming

DEVICE = 0x2A


def _symbols(transfer):
    """START, STOP and the bits at SCL's rises, read clock by clock."""
    levels = list(zip(transfer.scl.tolist(), transfer.sda.tolist(), strict=True))
    found = []
    for (scl_before, sda_before), (scl, sda) in zip([(1, 1), *levels], levels, strict=False):
        if scl and not scl_before:
            found.append(sda)
        elif scl and scl_before and sda != sda_before:
            found.append("P" if sda else "S")
    return found


def _bits(*data):
    return [int(bit) for byte in data for bit in f"{byte:08b}1"]


def test_a_write_is_start_address_register_data_stop():
    transfer = I2cController(FASTEST).write(DEVICE, 0x1234, [0xA5])
    # The STOP's own rise of SCL, with SDA low, comes before it.
    assert _symbols(transfer) == ["S", *_bits(DEVICE << 1, 0x12, 0x34, 0xA5), 0, "P"]
    assert transfer.acknowledges.tolist() == [8, 17, 26, 35]
    assert len(transfer.data) == 0


def test_a_read_repeats_the_start_and_acknowledges_all_bytes_but_the_last():
    transfer = I2cController(FASTEST).read(DEVICE, 0x1234, 2)
    released = [1] * 8
    expected = ["S", *_bits(DEVICE << 1, 0x12, 0x34), 1, "S", *_bits(DEVICE << 1 | 1)]
    assert _symbols(transfer) == [*expected, *released, 0, *released, 1, 0, "P"]
    assert transfer.acknowledges.tolist() == [8, 17, 26, 35]
    assert transfer.data[:, 0].tolist() == [36, 45]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (Faults(stop_after_bit=3), ["S", 0, 1, 0, 0, "P"]),
        (Faults(start_after_bit=3), ["S", 0, 1, 0, 1, "S"]),
        (Faults(end_after_bit=3), ["S", 0, 1, 0]),
        (Faults(stop_after_bit=0), ["S", 0, "P"]),
    ],
)
def test_a_cut_comes_after_its_bit(faults, expected):
    assert _symbols(I2cController(FASTEST).write(DEVICE, 0, [], faults)) == expected


def test_a_spike_inverts_its_clocks_only():
    clean = I2cController(FAST_MODE).write(DEVICE, 0, [])
    spike = Faults(spikes=[Spike("sda", 100, 3)])
    spiked = I2cController(FAST_MODE).write(DEVICE, 0, [], spike)
    assert np.flatnonzero(clean.sda != spiked.sda).tolist() == [100, 101, 102]
    assert (clean.scl == spiked.scl).all()


def test_jitter_is_the_same_for_the_same_seed_and_only_lengthens():
    plain = I2cController(FASTEST).write(DEVICE, 0, [1])
    first, again = (I2cController(FASTEST, 3, seed=5).write(DEVICE, 0, [1]) for _ in range(2))
    assert (first.scl == again.scl).all()
    assert len(first.scl) > len(plain.scl)
    assert _symbols(first) == _symbols(plain)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=4), st.booleans())
def test_what_a_target_pulls_is_decoded(data, acknowledged):
    transfer = I2cController(FASTEST, 2).read(DEVICE, 0, len(data))
    sda = transfer.sda.copy()
    zeros = [] if not acknowledged else transfer.acknowledges.tolist()
    for byte, places in zip(data, transfer.data, strict=True):
        zeros += [bit for place, bit in enumerate(places) if not byte >> (7 - place) & 1]
    for first, last in transfer.high[zeros]:
        sda[first : last + 1] = 0
    answer = decode(transfer, sda)
    assert answer.data == data
    assert answer.acknowledged == [acknowledged] * 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: I2cTiming(6, 6, 6, 6, 6, 6, 6),
        lambda: I2cTiming(6, 0, 1, 6, 6, 6, 6),
        lambda: Faults(stop_after_bit=1, end_after_bit=2),
        lambda: I2cController(FASTEST).write(DEVICE, 0, [], Faults(stop_after_bit=28)),
    ],
)
def test_what_cannot_be_driven_is_refused(make):
    with pytest.raises(ValueError, match=r"must be|cut"):
        make()


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60), st.integers(0, 4))
def test_a_level_is_known_once_enough_samples_agree(samples, spike_clocks):
    level, expected = 0, []
    for end in range(1, len(samples) + 1):
        window = samples[max(0, end - spike_clocks - 1) : end]
        if len(window) == spike_clocks + 1 and len(set(window)) == 1:
            level = window[0]
        expected.append(level)
    assert filtered(np.array(samples, dtype=np.uint8), spike_clocks).tolist() == expected


def _reference(transfers, writable=(0x10, 0x11)):
    """All that the reference expects of transfers on a bus without a target's pulls."""
    mask = np.zeros(1 << 16, dtype=bool)
    mask[list(writable)] = True
    values = np.arange(1 << 16).astype(np.uint8)
    reference = BusReference(DEVICE, values, np.ones(1 << 16, dtype=bool), mask)
    idle = np.ones(10, dtype=np.uint8)
    scl = np.concatenate([idle, *(t.scl for t in transfers), idle])
    sda = np.concatenate([idle, *(t.sda for t in transfers), idle])
    events = bus_events(filtered(scl, 0), filtered(sda, 0))
    return reference, [reference.frame(frame) for frame in events.frames]


def test_the_reference_writes_what_is_writable_and_moves_on_with_it():
    controller = I2cController(FASTEST)
    reference, (expected,) = _reference([controller.write(DEVICE, 0x10, [7, 8, 9])])
    assert [strobe[:2] for strobe in expected.writes] == [(0x10, 7), (0x11, 8)]
    acknowledges = [bit for bit, pull in enumerate(expected.pulls) if pull]
    assert acknowledges == [8, 17, 26, 35, 44]
    assert reference.pointer == 0x12
    assert reference.values[0x10:0x13].tolist() == [7, 8, 0x12]


def test_the_reference_sends_bytes_until_one_is_not_acknowledged():
    controller = I2cController(FASTEST)
    reference, (_, expected) = _reference([controller.read(DEVICE, 0x50, 2)])
    assert [register for register, _ in expected.reads] == [0x50, 0x51]
    sent = [int("".join(str(1 - p) for p in expected.pulls[n : n + 8]), 2) for n in (9, 18)]
    assert sent == [0x50, 0x51]
    assert reference.pointer == 0x52


@pytest.mark.parametrize("bits", range(27, 36))
def test_the_reference_writes_no_byte_that_was_cut(bits):
    faults = Faults(stop_after_bit=bits)
    _, (expected,) = _reference([I2cController(FASTEST).write(DEVICE, 0x10, [7], faults)])
    assert expected.writes == []


@pytest.mark.parametrize("device", [0, DEVICE ^ 1, 0x7F])
def test_the_reference_is_silent_for_other_addresses(device):
    _, (expected,) = _reference([I2cController(FASTEST).write(device, 0x10, [7])])
    assert not any(expected.pulls)
    assert expected.active_from is None
