"""A small chip in simulation: its registers over I2C, link words in, link words out."""

from dataclasses import replace

import numpy as np
import pytest

from hexcoder.errors import CheckFailed
from hexcoder.hw.chip import register_map as at
from hexcoder.network.modules import Stimulus
from hexcoder.sensor.chip.golden import link_words
from hexcoder.sensor.generator import generate_events
from hexcoder.tb.chip import vectors
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.driver import ChipDriver, NotAcknowledged
from hexcoder.tb.chip.pins import Clocks
from hexcoder.tb.chip.simulated_bus import SimulatedBus
from hexcoder.tb.chip.vectors import chip_fields, stream
from hexcoder.tb.i2c.timing import FAST_MODE_PLUS, FASTEST
from hexcoder.tb.modules import Chip, field_values
from tests.networks import sensor_network
from tests.tb.chip.chips import design, events, lanes, random_configuration

pytestmark = pytest.mark.xdist_group("chip")

KINDS = {
    "flag, tripled": (False, True),
    "shadow": (True, False),
    "shadow, tripled": (True, True),
    "flag": (False, False),
}
"""Shadow registers, triplication: the first two have each of both once."""


@pytest.fixture(
    params=[
        pytest.param(kind, id=name, marks=[pytest.mark.long] if place > 1 else [])
        for place, (name, kind) in enumerate(KINDS.items())
    ]
)
def kind(request):
    return request.param


def driver_of(chip, kind, timing=FASTEST, **options):
    return ChipDriver(SimulatedBus(chip.run, timing, **options), chip_fields(design(*kind)))


def test_every_link_word_is_the_golden_model_s_with_any_registers(kind):
    chip = lanes(*kind)
    driver = driver_of(chip, kind)
    driver.identify()
    network, configuration = random_configuration(np.random.default_rng(1))
    driver.load(field_values(configuration), verify=False)
    for links in (1, 2, 3, 4, 5, 7):
        driver.load({"links": [links]}, verify=False)
        words = events(links, 60)
        found = stream(chip.run, words, chip.pins.latency)
        expected = link_words(network, words, replace(configuration, links=links), 5)
        assert found.valid.all()
        assert (found.words == expected).all(), links


def test_a_sum_of_zero_and_full_scale_are_the_golden_model_s(kind):
    chip = lanes(*kind)
    network, configuration = random_configuration(np.random.default_rng(9))
    configuration = replace(configuration, calibration=(0,) * 24 + (4095,) * 24)
    driver_of(chip, kind).load(field_values(configuration), verify=False)
    words = events(3, 12)
    # Positions 24 and on are at full scale, or all cells are: codes of all ones, or zero.
    words[4:8] = 0xA << 28
    words[8:] = (0xA << 28) + (1 << 28) - 1
    configuration_zero = replace(configuration, calibration=(0,) * 48)
    found = stream(chip.run, words, chip.pins.latency)
    assert (found.words == link_words(network, words, configuration, 5)).all()
    driver_of(chip, kind).load({"calibration": [0] * 48})
    found = stream(chip.run, words, chip.pins.latency)
    assert (found.words == link_words(network, words, configuration_zero, 5)).all()


def test_registers_are_read_back_and_control_says_what_it_is(kind):
    shadow, triplicated = kind
    chip = lanes(*kind)
    driver = driver_of(chip, kind, FAST_MODE_PLUS)
    values = {"keep_mask": [0x15A5A], "links": [5], "high_density": [1]}
    driver.load(values)
    status = driver.status()
    assert (status.loading, status.shadow, status.triplicated) == (False, shadow, triplicated)
    with pytest.raises(CheckFailed, match=r"reads back 0x5a, written was 0x5b"):
        driver.verify({"keep_mask": [0x15A5B]})


def test_only_the_command_register_of_control_takes_a_byte(kind):
    transport = driver_of(lanes(*kind), kind).transport
    transport.write(at.CONTROL_COMMAND, b"\x04")
    for register in {at.CONTROL + k for k in range(at.CONTROL_SIZE)} - {at.CONTROL_COMMAND}:
        with pytest.raises(NotAcknowledged, match=f"register {register:#06x}"):
            transport.write(register, b"\x55")


def test_clearing_the_counters_does_not_end_loading():
    driver = driver_of(lanes(False, True), (False, True))
    driver.transport.write(at.CONTROL_COMMAND, bytes([at.COMMAND_LOAD]))
    driver.transport.write(at.CONTROL_COMMAND, bytes([at.COMMAND_CLEAR]))
    assert driver.status().loading
    driver.transport.write(at.CONTROL_COMMAND, bytes([0]))
    assert not driver.status().loading


def test_a_count_is_not_read_in_two_halves():
    """Its high byte moves between two reads; what is returned was once there."""

    class Counting:
        def __init__(self):
            self.count = 0x06F0

        def read(self, register, size):
            found = []
            for place in range(register, register + size):
                self.count += 5
                shift = 8 * (place == at.CONTROL_CORRECTED + 1)
                is_count = at.CONTROL_CORRECTED <= place < at.CONTROL_MISALIGNED
                found.append(self.count >> shift & 0xFF if is_count else 0)
            return bytes(found)

    counting = Counting()
    for _ in range(300):
        low = counting.count
        assert low <= ChipDriver(counting, {}).status().corrected <= counting.count


def test_a_field_that_is_not_there_is_named():
    driver = driver_of(lanes(False, True), (False, True))
    with pytest.raises(ValueError, match="no field 'mux': there are parameters, multiplexer"):
        driver.load({"mux": [1]})


def test_events_are_invalid_from_reset_until_registers_are_loaded(kind):
    chip = lanes(*kind)
    chip.reset(seed=5)
    words = events(1, 12)
    assert not stream(chip.run, words, chip.pins.latency).valid.any()
    driver = driver_of(chip, kind)
    assert driver.status().loading
    _, configuration = random_configuration(np.random.default_rng(3))
    driver.load(field_values(configuration), verify=False)
    assert stream(chip.run, words, chip.pins.latency).valid.all()


def test_without_a_shadow_a_write_outside_of_loading_is_not_acknowledged():
    chip = lanes(False, True)
    driver = driver_of(chip, (False, True))
    _, configuration = random_configuration(np.random.default_rng(3))
    driver.load(field_values(configuration), verify=False)
    with pytest.raises(NotAcknowledged, match="register 0x8000 was not acknowledged"):
        driver.transport.write(0x8000, b"\x05")
    driver.verify({"multiplexer": list(configuration.multiplexer)})


def test_no_event_is_computed_with_a_mix_of_old_and_new_registers(kind):
    shadow, _ = kind
    chip = lanes(*kind)
    old_network, old = random_configuration(np.random.default_rng(21))
    new_network, new = random_configuration(np.random.default_rng(22))
    driver_of(chip, kind).load(field_values(old), verify=False)
    chip.run(Clocks(np.zeros(8, bool), np.zeros((8, 12), np.int64), *[np.ones(8, np.uint8)] * 2))
    sent, valid, came = [], [], []
    random = np.random.default_rng(4)

    def next_events(clocks):
        words = events(int(random.integers(1 << 30)), clocks)
        return np.ones(clocks, bool), words

    def seen(given, answer):
        sent.append(given.words)
        valid.append(answer.valid)
        came.append(answer.words)

    driver = driver_of(chip, kind, events=next_events, seen=seen)
    driver.load(field_values(new), verify=False)
    driver.status()
    words, ok, found = (np.concatenate(parts) for parts in (sent, valid, came))
    words, ok, found = (
        words[: -chip.pins.latency],
        ok[chip.pins.latency :],
        found[chip.pins.latency :],
    )
    data = 0xFFFFFFFF
    first, *rest = (link_words(n, words, c, 5) for n, c in ((old_network, old), (new_network, new)))
    # The counter depends on all bunch crossings, also those before: left out here.
    second = rest[0]
    mask = np.array([data >> 5, data, data, data, data])
    is_old = ((found & mask) == (first & mask)).all(axis=1)
    is_new = ((found & mask) == (second & mask)).all(axis=1)
    assert (is_old | is_new | ~ok).all()
    assert is_old[ok].any()
    assert is_new[ok].any()
    # Old, then perhaps invalid, then new: never back.
    assert not (
        np.flatnonzero(is_new & ok & ~is_old).min() < np.flatnonzero(is_old & ok & ~is_new)
    ).any()
    assert bool((~ok).any()) == (not shadow)


def test_a_mix_would_be_seen():
    """Without the invalid flag, the clocks of loading do hold frames of neither set."""
    chip = lanes(False, True)
    _, old = random_configuration(np.random.default_rng(21))
    new_network, new = random_configuration(np.random.default_rng(22))
    driver = driver_of(chip, (False, True))
    driver.load(field_values(old), verify=False)
    half = {"parameters": [new.parameters]}
    driver.transport.write(at.CONTROL_COMMAND, bytes([at.COMMAND_LOAD]))
    driver.transport.write(0, driver.fields["parameters"].to_bytes(half["parameters"])[:4])
    words = events(8, 30)
    found = stream(chip.run, words, chip.pins.latency)
    assert not found.valid.any()
    assert (found.words != link_words(new_network, words, new, 5)).any()
    driver.transport.write(at.CONTROL_COMMAND, bytes([0]))


def test_links_that_disagree_are_counted_and_the_count_can_be_cleared():
    chip = lanes(False, True)
    driver = driver_of(chip, (False, True))
    _, configuration = random_configuration(np.random.default_rng(3))
    driver.load(field_values(configuration), verify=False)
    driver.clear_counters()
    words = events(2, 40)
    words[[5, 11, 12], 3] ^= 0x3 << 28
    stream(chip.run, words, chip.pins.latency)
    assert driver.status().misaligned == 3
    driver.clear_counters()
    assert driver.status().misaligned == 0
    assert not driver.status().loading


def test_preset_registers_are_those_that_a_load_over_i2c_leaves(kind):
    chip = lanes(*kind)
    fields = chip_fields(design(*kind))
    network, configuration = random_configuration(np.random.default_rng(30))
    chip.reset(seed=7)
    chip.preset([field_values(configuration)], fields)
    words = events(4, 40)
    found = stream(chip.run, words, chip.pins.latency)
    assert found.valid.all()
    assert (found.words == link_words(network, words, configuration, 5)).all()
    driver_of(chip, kind).verify({"multiplexer": list(configuration.multiplexer)})


def test_what_is_preset_without_a_commit_lies_in_the_shadow_and_does_not_count():
    chip = lanes(True, False)
    fields = chip_fields(design(True, False))
    network, used = random_configuration(np.random.default_rng(31))
    _, other = random_configuration(np.random.default_rng(32))
    chip.preset([field_values(used)], fields)
    chip.preset([field_values(other)], fields, activate=False)
    words = events(6, 30)
    found = stream(chip.run, words, chip.pins.latency)
    assert (found.words == link_words(network, words, used, 5)).all()
    driver_of(chip, (True, False)).verify(field_values(other))


def test_sets_of_registers_in_lanes_and_a_fault_in_one_of_them(kind, monkeypatch):
    chip = lanes(*kind)
    fields = chip_fields(design(*kind))
    energies = generate_events(8, seed=1)
    module = Chip(sensor_network())
    stimulus = Stimulus(seed=3, count=50, events=energies, sets=5)
    verdict = check_loaded(chip, fields, module, module.stimulus(stimulus))
    assert verdict.comparison.passed
    assert (verdict.comparison.vectors, verdict.configurations) == (58, 6)
    stream_lanes = chip.stream

    def with_a_fault(words):
        valid, frames = stream_lanes(words)
        frames[2, 7, 1] ^= 1
        return valid, frames

    monkeypatch.setattr(chip, "stream", with_a_fault)
    found = check_loaded(chip, fields, module, module.stimulus(stimulus)).comparison
    first = found.first_mismatch
    assert found.mismatches == 1
    assert (first.configuration, first.event, first.element) == (3, 8 + 2 * 10 + 7, 1)


def test_a_file_s_words_are_compared_and_a_wrong_one_is_named(monkeypatch):
    chip = lanes(False, True)
    network, configuration = random_configuration(np.random.default_rng(40))
    monkeypatch.setattr(vectors, "chip_network", lambda configuration: network)
    words = events(8, 30)
    expected = link_words(network, words, configuration, 6)

    def verdict():
        fields = chip_fields(design(False, True))
        latency = chip.pins.latency
        return vectors.check_vectors(
            chip.run, fields, latency, words, configuration, expected, FASTEST
        )

    found = verdict()
    assert (found.bunch_crossings, found.mismatches, found.golden_mismatches) == (30, 0, 0)
    assert found.line() is None
    expected[11, 3] ^= 1
    expected[20, 0] ^= 1
    found = verdict()
    assert (found.mismatches, found.golden_mismatches) == (2, 2)
    first = found.first_mismatch
    assert (first.bunch_crossing, first.link) == (11, 3)
    assert first.expected == first.actual ^ 1 == first.golden ^ 1
    assert found.line().startswith("2 of 30 bunch crossings differ; first 11, link 3: expected ")
