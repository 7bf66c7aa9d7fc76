"""An adaptive code with its tables behind I2C: loaded, changed under way, and hit by upsets."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hexcoder.config import Chip, Pipeline
from hexcoder.errors import InputError
from hexcoder.gen.build import build
from hexcoder.gen.codec.loadable import table_values, word_bits
from hexcoder.gen.compiler import Settings
from hexcoder.network.modules import Stimulus
from hexcoder.sensor.codec.codec import Codec, Mode
from hexcoder.sensor.encoders import frames_of
from hexcoder.tb.chip.configurations import check_loaded
from hexcoder.tb.chip.driver import ChipDriver
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.chip.simulated_bus import SimulatedBus
from hexcoder.tb.chip.targets import Target
from hexcoder.tb.chip.vectors import chip_fields, stream
from hexcoder.tb.i2c.timing import FASTEST
from hexcoder.tb.modules import LoadableCode, modules_under_test
from hexcoder.tb.upsets.campaign import Places
from hexcoder.tb.upsets.flips import Campaign, load_random, run_campaign
from hexcoder.tb.upsets.statistics import lasting, not_corrected
from tests.codecs import random_codec, small_events
from tests.folders import lasting_folder

pytestmark = pytest.mark.xdist_group("loadable code")


@cache
def small_code() -> Codec:
    """Two steps, three modes, two tables, cells one by one."""
    codec = random_codec(4, (1, 2, 4))
    tables = [codec.tables[0], (*codec.tables[0][1:], codec.tables[0][0])]
    modes = [Mode(shift=3, factor=4, table=0), Mode(shift=3, factor=4, table=1),
             Mode(shift=5, factor=5, table=1)]  # fmt: skip
    return codec.model_copy(
        update={"tables": tuple(tables), "modes": tuple(modes), "fraction_bits": 5,
                "frame_bits": 147}
    )  # fmt: skip


@cache
def design() -> Path:
    folder = lasting_folder() / "rtl"
    pipeline = Pipeline(code_places=("normalised", "values", "codes"))
    chip = Chip(weights="loadable", update="shadow", triplicated=True)
    build(small_code(), Settings(chip=chip, pipeline=pipeline), folder)
    return folder


@cache
def lanes() -> ChipLanes:
    chip = ChipLanes.of_rtl(design(), design().parent / "lanes", transients=True)
    chip.reset()
    return chip


def module() -> LoadableCode:
    (found,) = modules_under_test(small_code(), design())
    assert isinstance(found, LoadableCode)
    return found


def values_of(codec: Codec) -> dict[str, list[int]]:
    return table_values(codec.tables, word_bits(small_code()))


def test_tables_drawn_at_random_give_the_golden_frames():
    blocks = module().stimulus(Stimulus(5, 1200, small_events(150, 3), sets=12))
    verdict = check_loaded(lanes(), chip_fields(design()), module(), blocks)
    assert verdict.comparison.passed, verdict.comparison.line()
    assert verdict.configurations == 13
    assert verdict.comparison.vectors > 1500


@pytest.mark.parametrize(("field", "bit"), [("lengths_0", 8), ("words_0", 1), ("words_1", 1)])
def test_a_table_that_is_not_the_golden_model_s_is_seen(field, bit):
    case = next(module().stimulus(Stimulus(5, 100, small_events(50, 3))))
    driver = ChipDriver(SimulatedBus(lanes().run, FASTEST, words=48), chip_fields(design()))
    for change in (bit, 0):
        values = values_of(small_code())
        values[field][0] ^= change
        driver.load(values, verify=False)
        found = stream(lanes().run, case.inputs, lanes().pins.latency)
        assert (found.words == module().expected(case)).all() == (not change)


def test_tables_change_between_two_events_and_never_in_one():
    chip = lanes()
    old = small_code()
    new = module().drawn(np.random.default_rng(8))
    assert old.tables != new.tables
    ChipDriver(SimulatedBus(chip.run, FASTEST, words=48), chip_fields(design())).load(
        values_of(old), verify=False
    )
    random, sent, valid, came = np.random.default_rng(4), [], [], []

    def next_events(clocks):
        return np.ones(clocks, bool), small_events(clocks + 3, int(random.integers(1 << 30)))[3:]

    def seen(given, answer):
        sent.append(given.words)
        valid.append(answer.valid)
        came.append(answer.words)

    bus = SimulatedBus(chip.run, FASTEST, events=next_events, seen=seen, words=48)
    driver = ChipDriver(bus, chip_fields(design()))
    driver.load(values_of(new), verify=True)
    driver.status()
    latency = chip.pins.latency
    words = np.concatenate(sent)[:-latency]
    found, ok = np.concatenate(came)[latency:], np.concatenate(valid)[latency:]
    # The first clocks' outputs are of events before them.
    words, found, ok = words[latency:], found[latency:], ok[latency:]
    is_old, is_new = (
        (found == frames_of(codec, words)[:, ::-1]).all(axis=1) for codec in (old, new)
    )
    assert ok.all()
    assert (is_old | is_new).all()
    assert is_old.any()
    assert is_new.any()
    last_old = np.flatnonzero(is_old & ~is_new).max()
    assert np.flatnonzero(is_new & ~is_old).min() > last_old


def test_every_flip_of_its_registers_is_right_again_after_the_next_clock(tmp_path):
    chip = lanes()
    places = Places.of(chip)
    loaded = load_random(chip, design(), 1)
    made = Campaign(lanes, loaded, "code", 1, 630)
    flips = run_campaign(made, tmp_path / "flips.jsonl", 1, lambda done: None)
    assert {places.targets[flip.place] for flip in flips} == set(Target)
    assert not_corrected(flips, places) == []
    assert lasting(flips, places) == []


def test_another_code_s_design_is_refused():
    code = small_code()
    wider = code.model_copy(update={"tables": (*code.tables, code.tables[0])})
    with pytest.raises(InputError, match=r"'lengths_2' has 0 bits, network .* needs 4"):
        modules_under_test(wider, design())
