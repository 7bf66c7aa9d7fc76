"""Which bits of the latents are kept on fewer links."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from scipy.stats import spearmanr

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder, save_decoder
from hexcoder.models.evaluation.physics import decode_latents, reconstruct
from hexcoder.network.schema import save_network
from hexcoder.sensor.events import write_events
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.geometry import distances
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance
from hexcoder.studies.seeds.keep import (
    bit_patterns,
    choose_masks,
    mean_table,
    receiver,
    sliced_transport,
    uniform_masks,
)
from hexcoder.studies.seeds.keep_stage import keep_bits, mask_text
from tests.commands import run_room
from tests.networks import sensor_network

UNSIGNED, SIGNED = FixedPoint.parse("UQ(1,3)"), FixedPoint.parse("SQ(1,3)")
CHIP = FixedPoint.parse("UQ(1,8)")


@pytest.mark.parametrize("type_", [UNSIGNED, SIGNED])
@pytest.mark.parametrize("mask", [0b1111, 0b1100, 0b0110, 0b1001, 0])
def test_middle_is_the_mean_of_all_values_that_share_the_kept_bits(type_, mask):
    table = mean_table(mask, type_, None)
    values = range(type_.minimum, type_.maximum + 1)
    for value in values:
        same = [other for other in values if (other & 15 & mask) == (value & 15 & mask)]
        assert table[value & 15] == pytest.approx(sum(same) / len(same))


def test_mean_is_over_what_was_seen_and_falls_back_to_the_middle():
    seen = np.array([0, 0, 1, 5])
    table = mean_table(0b1100, UNSIGNED, seen)
    assert table[:4].tolist() == [pytest.approx(1 / 3)] * 4
    assert table[4:8].tolist() == [5.0] * 4
    assert table[8:].tolist() == [9.5] * 4 + [13.5] * 4
    negative = mean_table(0b1000, SIGNED, bit_patterns(np.array([-8, -1, 3]), SIGNED))
    assert negative.tolist() == [3.0] * 8 + [-4.5] * 8


def test_all_bits_restore_each_latent():
    latents = np.random.default_rng(1).integers(-8, 8, (50, 3))
    patterns = bit_patterns(latents, SIGNED)
    assert (patterns >= 0).all()
    for seen in (None, patterns[:5]):
        restored = receiver([15, 15, 15], SIGNED, seen).restore(patterns)
        assert (restored == latents).all()


@pytest.mark.parametrize(("bits", "top"), [(48, 3), (80, 5), (112, 7), (144, 9), (200, 9)])
def test_uniform_choice_is_the_chips(bits, top):
    masks = uniform_masks(16, CHIP, bits)
    assert masks == (int("1" * top + "0" * (9 - top), 2),) * 16


def test_mask_has_the_bits_of_latent_k_from_9k_upwards():
    masks = [0] * 16
    masks[0], masks[2] = 0b100000001, 0b1
    text = mask_text(masks, 9)
    assert len(text) == 36
    assert int(text, 16) == 1 | 1 << 8 | 1 << 18


def test_sliced_transport_stays_below_the_exact_distance_and_ranks_like_it():
    events = generate_events(200, seed=6)
    true = charge_fractions(events)
    noise = (
        np.random.default_rng(7).gamma(0.6, 1.0, true.shape) * np.geomspace(0.01, 1, 200)[:, None]
    )
    predicted = charge_fractions(true + noise * true.mean())
    sliced, exact = sliced_transport(true, predicted), earth_movers_distance(true, predicted)
    assert (sliced <= exact + 1e-9).all()
    assert spearmanr(sliced, exact).statistic > 0.98


@pytest.mark.parametrize(("first", "second"), [(0, 1), (12, 28), (5, 40)])
def test_sliced_transport_of_single_tcs_is_their_distance_seen_from_all_sides(first, second):
    one = np.eye(48)[[first]]
    other = np.eye(48)[[second]]
    # The mean of |cos| over directions is 2 / pi; twelve of them come within 1 %.
    expected = distances()[first, second] * 2 / np.pi
    assert sliced_transport(one, other)[0] == pytest.approx(expected, rel=0.01)


def _first_latent_decides(values):
    share = values[..., :1] / 15
    return share * np.eye(48)[0] + (1 - share) * np.eye(48)[15]


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(15, (0b1100, 0, 0)), (7, (0b0110, 0, 0))],
    ids=["whole range", "top bit never set"],
)
def test_search_keeps_the_bits_that_matter(largest, expected):
    random = np.random.default_rng(8)
    latents = random.integers(0, 16, (600, 3))
    latents[:, 0] %= largest + 1
    seen, patterns = latents[:300], latents[300:]
    chosen = choose_masks(
        patterns, seen, UNSIGNED, _first_latent_decides(patterns), _first_latent_decides, [2, 4]
    )
    assert chosen[2] == expected
    assert sum(mask.bit_count() for mask in chosen[4]) == 4
    assert all(few & many == few for few, many in zip(chosen[2], chosen[4], strict=True))


def test_search_takes_the_cheaper_bit_at_each_step():
    # Against the same search written plainly: every candidate measured anew at every step.
    random = np.random.default_rng(9)
    latents = np.minimum(random.geometric(0.2, (240, 4)), 15)
    seen, patterns = latents[:120], latents[120:]
    weights = random.random((4, 48)) ** 4

    def decode(values):
        return charge_fractions(values @ weights + 0.1)

    fractions = decode(patterns)
    masks = [15] * 4
    for _ in range(6):
        options = []
        for latent, mask in enumerate(masks):
            ends = {mask & -mask, 1 << (mask.bit_length() - 1)} if mask else set()
            for bit in ends:
                trial = [*masks[:latent], mask & ~bit, *masks[latent + 1 :]]
                values = receiver(trial, UNSIGNED, seen).restore(patterns)
                options.append((sliced_transport(fractions, decode(values)).mean(), trial))
        masks = min(options, key=lambda option: option[0])[1]
    found = choose_masks(patterns, seen, UNSIGNED, fractions, decode, [10])[10]
    assert found == tuple(masks)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network with more bits than two links carry, its decoder and events."""
    folder = tmp_path_factory.mktemp("keep")
    network = sensor_network(latents=16)
    torch.manual_seed(2)
    decoder = Decoder(16, network.output.type, (16,), ("sum",))
    save_network(network, folder / "network.json")
    save_decoder(decoder, folder / "decoder.safetensors")
    events = generate_events(240, seed=4)
    events[5] = 0
    write_events(folder / "events.csv", events)
    return folder, network, decoder, events


def test_quoted_figures_follow_from_the_masks_and_tables_in_the_files(trained, tmp_path):
    _, network, decoder, events = trained
    result = keep_bits(network, decoder, Sample(events, None), (2, 4), 3, tmp_path, print)
    found = result.as_json()
    assert found == json.loads((tmp_path / "keep.json").read_text())
    type_ = network.output.type
    assert found["events"]["chosen_on"] == 119
    # The split written down once more.
    kept = np.flatnonzero(events.sum(axis=1) > 0)
    quoting = events[np.random.default_rng(3).permutation(kept)][119:]
    latents = reconstruct(network, decoder, quoting).latents
    tables = load_file(tmp_path / "keep.safetensors")
    two, four = found["links"]
    assert (two["bits"], four["bits"]) == (48, 112)
    patterns = bit_patterns(latents, type_)
    mask = int(two["mask"], 16)
    own = [mask >> type_.width * k & (1 << type_.width) - 1 for k in range(16)]
    assert [[b for b in reversed(range(type_.width)) if m >> b & 1] for m in own] == two[
        "kept_bits"
    ]
    # What is dropped cannot be seen by the receiver.
    received = tables["links_2"][np.arange(16), patterns]
    assert (received == tables["links_2"][np.arange(16), patterns & own]).all()
    distance = earth_movers_distance(quoting, decode_latents(decoder, received, quoting))
    assert np.nanmean(distance) == pytest.approx(two["emd"]["chosen"]["mean"])
    # All 112 bits fit on four links: nothing is lost.
    everything = earth_movers_distance(quoting, decode_latents(decoder, latents, quoting))
    for name in ("uniform_by_middles", "uniform", "chosen"):
        assert four["emd"][name]["mean"] == pytest.approx(np.nanmean(everything))


def test_too_few_events_are_refused(trained, tmp_path):
    _, network, decoder, events = trained
    with pytest.raises(InputError, match="at least 12"):
        keep_bits(network, decoder, Sample(events[:11], None), (2,), 0, tmp_path, print)


def test_command_writes_results_and_refuses_other_links(trained, tmp_path):
    folder = trained[0]

    def keep(*options):
        given = ["keep", folder / "network.json", "--events", folder / "events.csv"]
        return run_room("studies", *given, "-o", tmp_path, *options)

    done = keep("--links", "2")
    assert done.returncode == 0, done.stderr
    assert "2 links, 48 bits: EMD" in done.stdout
    assert (tmp_path / "keep.json").is_file()
    done = keep("--links", "2,7")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--links = '7': a number of links is one of 2, 3, 4, 5" in done.stderr
