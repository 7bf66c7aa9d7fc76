"""Flips of every class of register in a small chip, with and without triplication."""

import json
from functools import partial

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.tb.__main__ import main
from hexcoder.tb.chip.targets import Target
from hexcoder.tb.upsets.campaign import WINDOW_CLOCKS, Outcome, Places, run_batch
from hexcoder.tb.upsets.flips import (
    Campaign,
    find_moments,
    load_random,
    one_batch,
    random_words,
    run_campaign,
)
from hexcoder.tb.upsets.statistics import interval, lasting, not_corrected, statistics
from tests.tb.chip.chips import design, lanes
from tests.tb.chip.encoders import plain_design, plain_lanes

pytestmark = pytest.mark.xdist_group("chip")


def campaign(triplicated, flips, seed=1):
    """Of a chip with triplication, or of a small design without."""
    opened = partial(lanes, False, True) if triplicated else plain_lanes
    loaded = load_random(opened(), design(False, True) if triplicated else plain_design(), 5)
    return Campaign(opened, loaded, f"{triplicated}", seed, flips)


def run(made, folder):
    folder.mkdir(exist_ok=True)
    return run_campaign(made, folder / "flips.jsonl", 1, lambda done: None)


def test_every_flip_of_a_triplicated_register_is_right_again_after_the_next_clock(tmp_path):
    places = Places.of(lanes(False, True))
    flips = run(campaign(True, 630), tmp_path / "flips")
    assert not_corrected(flips, places) == []
    assert {places.targets[flip.place] for flip in flips} == set(Target)
    # A transient reaches the frames of one event, or a register that votes again.
    assert lasting(flips, places) == []


@pytest.mark.parametrize(
    "shadow", [False, pytest.param(True, marks=pytest.mark.long)], ids=["flag", "shadow"]
)
def test_no_transient_in_control_lasts(shadow):
    """Strobe, command, commit and what writes the bank: each copy has logic of its own."""
    chip = lanes(shadow, True)
    places = Places.of(chip)
    loaded = load_random(chip, design(shadow, True), 1)
    kinds = (Target.GATE, Target.VOTER)
    moments = find_moments(chip, loaded, 1)
    for number in range(12):
        flips = one_batch(chip, places, moments, 1, number, kinds)
        assert {places.targets[flip.place] for flip in flips} == set(kinds)
        assert lasting(flips, places) == []


def test_a_transient_that_all_copies_take_is_seen():
    """Written by one strobe, all three copies of a command register would keep it."""
    chip = lanes(False, True)
    places = Places.of(chip)
    loading = [
        number
        for number, register in enumerate(chip.simulation.registers)
        if any("loading_copy" in name for name in chip.held_names(register))
    ]
    assert len(loading) == 3
    loaded = load_random(chip, design(False, True), 1)
    moment = find_moments(chip, loaded, 1)[0]
    # All three copies at once is what one gate before them would do.
    state = moment.state.copy()
    state[loading] ^= np.uint64(1)
    chip.simulation.state = state
    words = random_words(chip.pins, np.random.default_rng(1), WINDOW_CLOCKS)
    voter = places.targets.index(Target.VOTER)
    flips = run_batch(chip, places, [voter], words, moment.scl, moment.sda)
    assert [flip.outcome for flip in lasting(flips, places)] == [Outcome.HUNG]


def test_without_triplication_the_same_flips_do_harm(tmp_path):
    places = Places.of(plain_lanes())
    flips = run(campaign(False, 630), tmp_path / "flips")
    classes = statistics(flips, places).classes
    assert classes["settings"].outcomes["wrong until reloaded"].flips > 0
    assert classes["pipeline"].outcomes["wrong data for an event"].flips > 0
    assert classes["control"].outcomes["hung"].flips > 0
    assert len(not_corrected(flips, places)) > 100


def test_a_campaign_goes_on_where_it_stopped_and_a_seed_gives_the_same(tmp_path):
    whole = run(campaign(False, 189), tmp_path / "whole")
    record = tmp_path / "whole" / "flips.jsonl"
    lines = record.read_text().splitlines()
    # Stopped in the middle of writing the third batch.
    record.write_text("\n".join([*lines[:3], lines[3][:20]]))
    assert run(campaign(False, 189), tmp_path / "whole") == whole
    assert run(campaign(False, 189, seed=2), tmp_path / "other") != whole


def test_intervals_are_those_of_clopper_and_pearson():
    # Rule of three: no hit in n leaves 1 - (alpha/2)^(1/n) above.
    assert interval(0, 100) == (0.0, pytest.approx(1 - 0.025 ** (1 / 100)))
    assert interval(100, 100) == (pytest.approx(0.025 ** (1 / 100)), 1.0)
    low, high = interval(10, 40)
    assert (low, high) == (pytest.approx(0.1269, abs=1e-4), pytest.approx(0.4120, abs=1e-4))


def test_the_command_writes_outcomes_and_a_picture_and_goes_on(tmp_path, capsys):
    folder = plain_design()
    arguments = ["flips", str(folder), "--flips", "126", "--results", str(tmp_path)]
    assert main(arguments) == 0
    found = json.loads((tmp_path / "flips.json").read_text())
    assert json.loads(capsys.readouterr().out) == found
    assert (found["flips"], found["triplicated"], found["state"]) == (126, False, "RTL")
    assert found["registers_not_corrected"] > 0
    assert b"cross-section" in (tmp_path / "flips.svg").read_bytes()
    # The elaboration and the batches are there.
    made = (tmp_path / "work" / "rtl_gates.json").stat().st_mtime_ns
    assert main(arguments) == 0
    assert (tmp_path / "work" / "rtl_gates.json").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no_such"], r"no_such/metrics.json: no such file"),
        (["no_such", "--flips", "0"], "--flips = 0: it must be 1 or more"),
    ],
)
def test_what_cannot_be_flipped_is_said_in_a_line(arguments, line):
    with pytest.raises(InputError, match=line):
        main(["flips", *arguments])
