import csv
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder, save_decoder
from hexcoder.models.evaluation.physics import decode_latents, reconstruct
from hexcoder.models.layers.noise import flip_weights
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network, save_network
from hexcoder.sensor.events import write_events
from hexcoder.sensor.front_end import normalise, sensor_image_order
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.metrics import earth_movers_distance
from hexcoder.studies.radiation.faults import (
    STORED,
    Injector,
    _with_variants,
    fault_sites,
    flip_bit,
)
from hexcoder.studies.radiation.flips import Increase, estimated_distance, measure
from hexcoder.studies.radiation.report import Origin, protection, summarise, write_report
from tests.networks import WEIGHTED, fixed_point_types, inputs_of, networks, sensor_network

ORIGIN = Origin(network="sensor", file="events.csv", seed=5)


def _flipped_by_text(value, type_, bit):
    """A flip as a person does it: write the bits down, invert one, read them back."""
    digits = list(format(value % 2**type_.width, f"0{type_.width}b"))
    digits[-1 - bit] = "1" if digits[-1 - bit] == "0" else "0"
    number = int("".join(digits), 2)
    return number - 2**type_.width if type_.signed and digits[0] == "1" else number


def _network_with_flip(network, site, fault):
    """The network with a bit of its file changed, element by element in nested lists."""
    value = network.model_dump(mode="json", exclude_none=True)
    numbers = value["layers"][site.index]["weights" if site.fault_class == "weight" else "biases"]
    *path, last = site.position(fault)
    for index in path:
        numbers = numbers[index]
    numbers[last] = _flipped_by_text(numbers[last], site.type, int(site.bits[fault]))
    return Network.model_validate(value)


def _latents_by_hand(network, inputs, site, fault):
    """Evaluate with one fault, the plain way: change the file, or stop at the register."""
    if site.fault_class in STORED:
        return evaluate(_network_with_flip(network, site, fault), inputs)
    values = inputs.reshape(-1, *network.input.shape)
    place, bit = (slice(None), *site.position(fault)), int(site.bits[fault])

    def struck(tensor):
        tensor = tensor.copy()
        tensor[place] = [_flipped_by_text(int(v), site.type, bit) for v in tensor[place]]
        return tensor

    if site.index < 0:
        return evaluate(network, struck(values))
    for index, context in enumerate(network.contexts()):
        values = context.golden(values)
        if index == site.index:
            values = struck(values)
    return values.reshape(len(inputs), -1)


@given(fixed_point_types(), st.data())
def test_a_flip_inverts_one_bit_of_the_stored_word(type_, data):
    value = data.draw(st.integers(type_.minimum, type_.maximum))
    bit = data.draw(st.integers(0, type_.width - 1))
    found = int(flip_bit(np.array([value]), type_, bit)[0])
    assert found == _flipped_by_text(value, type_, bit)
    assert int(flip_bit(np.array([found]), type_, bit)[0]) == value


@given(networks(kinds=WEIGHTED), st.integers(0, 1000))
def test_injection_equals_the_golden_model_of_a_network_with_that_bit_flipped(network, seed):
    random = np.random.default_rng(seed)
    inputs = inputs_of(network, 5, seed)
    injector = Injector(network, inputs)
    assert np.array_equal(injector.latents, evaluate(network, inputs))
    for site in fault_sites(network):
        faults = random.choice(len(site), min(len(site), 3), replace=False)
        found = injector.latents_with(site, faults)
        for fault, latents in zip(faults, found, strict=True):
            expected = _latents_by_hand(network, inputs, site, int(fault))
            assert np.array_equal(latents, expected), (site.fault_class, site.layer, fault)


def test_an_injection_into_the_wrong_channel_is_caught(monkeypatch):
    network = sensor_network()
    inputs = inputs_of(network, 20)
    site = next(s for s in fault_sites(network) if s.fault_class == "weight")
    faults = np.arange(site.type.width * 2)

    def agrees():
        found = Injector(network, inputs).latents_with(site, faults)
        expected = [_latents_by_hand(network, inputs, site, int(fault)) for fault in faults]
        return np.array_equal(found, expected)

    def beside(*arguments):
        varied, channels = _with_variants(*arguments)
        return varied, 1 - channels

    assert agrees()
    monkeypatch.setattr("hexcoder.studies.radiation.faults._with_variants", beside)
    assert not agrees()


def test_every_bit_is_a_site_once_and_constant_ones_are_none():
    network = sensor_network()
    layers = list(network.layers)
    layers[0] = layers[0].model_copy(update={"output_fraction_bits": [4, 1]})
    network = network.model_copy(update={"layers": tuple(layers)})
    counts = {site.label: len(site) for site in fault_sites(network)}
    # 16 cells of 3x3x3x2 weights of 4 bits; UQ(1,4) at 2x2 places keeps 5 bits in one channel and
    # 2 in the other; latents SQ(2,5).
    assert counts == {
        "input": 48 * 6, "conv weight": 54 * 4, "conv bias": 2 * 4, "conv output": 4 * (5 + 2),
        "latent weight": 24 * 4, "latent output": 3 * 7,
    }  # fmt: skip
    for site in fault_sites(network):
        assert len(set(zip(site.elements.tolist(), site.bits.tolist(), strict=True))) == len(site)


def test_image_elements_without_a_trigger_cell_are_no_sites():
    network = Network.model_validate(
        {
            "name": "chip",
            "input": {"shape": [8, 8, 1], "type": "UQ(1,7)"},
            "layers": [
                {"kind": "flatten"},
                {
                    "kind": "dense", "weights": [[1] * 64], "weight_type": "UQ(1,0)",
                    "output_type": "UQ(1,3)",
                },
            ],
        }
    )  # fmt: skip
    struck = np.unique(fault_sites(network)[0].elements)
    assert struck.tolist() == np.flatnonzero(sensor_image_order(network) >= 0).tolist()
    assert len(struck) == 48


@pytest.fixture(scope="module")
def study():
    """A small network with an untrained decoder that tells latents apart, and events."""
    torch.manual_seed(3)
    network = sensor_network()
    decoder = Decoder(3, network.output.type, (16,), ("sum",))
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter *= 3
    events = generate_events(60, seed=2)
    return network, decoder, Sample(events[events.sum(axis=1) > 0][:24], None)


@pytest.fixture(scope="module")
def campaign(study):
    return measure(*study, seed=5)


def test_exact_increases_equal_an_evaluation_of_the_flipped_network(study, campaign):
    network, decoder, sample = study
    events = sample.events
    before = earth_movers_distance(events, reconstruct(network, decoder, events).fractions)
    assert campaign.emd_mean == pytest.approx(before.mean())
    checked = 0
    for number, site in enumerate(campaign.sites):
        if site.fault_class not in STORED:
            continue
        exact = ~np.isnan(campaign.exact) & (campaign.owner == number)
        for fault in np.flatnonzero(exact)[:6]:
            changed = _network_with_flip(network, site, campaign.place[fault])
            after = earth_movers_distance(events, reconstruct(changed, decoder, events).fractions)
            increase = after - before
            assert campaign.exact[fault] == pytest.approx(increase.mean(), abs=1e-5)
            error = increase.std(ddof=1) / np.sqrt(len(events))
            assert campaign.exact_standard_error[fault] == pytest.approx(error, abs=1e-5)
            checked += 1
    assert checked >= 12


def test_register_flips_cost_what_an_evaluation_by_hand_says(study, campaign):
    network, decoder, sample = study
    events = sample.events
    inputs = normalise(events, network.input.type, sensor_image_order(network))
    before = earth_movers_distance(events, reconstruct(network, decoder, events).fractions)
    for number, site in enumerate(campaign.sites):
        if site.fault_class in STORED:
            continue
        fault = np.flatnonzero(~np.isnan(campaign.exact) & (campaign.owner == number))[0]
        latents = _latents_by_hand(network, inputs, site, int(campaign.place[fault]))
        after = earth_movers_distance(events, decode_latents(decoder, latents, events))
        assert campaign.exact[fault] == pytest.approx((after - before).mean(), abs=1e-5)


def test_equal_latents_are_decoded_once_without_changing_any_figure(study, monkeypatch):
    network, decoder, sample = study
    events = sample.events
    inputs = normalise(events, network.input.type, sensor_image_order(network))
    injector = Injector(network, inputs)
    site = fault_sites(network)[1]
    latents = injector.latents_with(site, np.arange(40))
    increase = Increase(decoder, sample, injector.latents, estimated_distance)
    merged = increase(latents)
    monkeypatch.setattr(
        "hexcoder.studies.radiation.flips._distinct",
        lambda rows: (np.arange(len(rows)), np.arange(len(rows))),
    )
    assert np.allclose(merged, increase(latents), atol=1e-5)
    unchanged = (latents == injector.latents).all(axis=-1)
    assert unchanged.any()
    assert not merged[unchanged].any()


def test_the_estimate_ranks_bits_as_exact_emd_does(campaign):
    agreement = summarise(campaign, ORIGIN).estimate_against_exact
    assert agreement.pearson > 0.99
    assert agreement.spearman > 0.97


def test_ranks_run_from_one_within_stored_bits_and_within_registers(campaign):
    for name in ("stored", "register"):
        members = campaign.group(name)
        rank, estimate = campaign.rank[members], campaign.estimate[members]
        assert sorted(rank) == list(range(1, len(rank) + 1))
        assert (np.diff(estimate[np.argsort(rank)]) <= 0).all()


def test_the_curve_of_protection_ends_at_everything_and_counts_on_other_events():
    # Bit 0 costs on one half of the events only: protecting it first buys nothing on the other.
    halves = np.array([[4.0, 0.0], [1.0, 1.0], [0.0, 4.0]])
    curve = protection(halves)
    assert curve.tolist() == pytest.approx([0.0, 0.0, 0.2, 1.0])
    assert protection(-halves) is None


def test_the_same_seed_gives_the_same_files(study, campaign, tmp_path):
    again = measure(*study, seed=5)
    for found, folder in ((campaign, "a"), (again, "b")):
        write_report(found, ORIGIN, tmp_path / folder)
    for name in ("flips.json", "flips.csv", "flips.md", "flips.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "flips.csv", "flips.json", "flips.md", "flips.svg",
    ]  # fmt: skip


def test_a_report_that_fails_leaves_the_last_one(campaign, tmp_path, monkeypatch):
    write_report(campaign, ORIGIN, tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    written = []

    def full(path, *arguments, **options):
        written.append(path)
        if len(written) == 3:
            raise OSError("no space left")
        with open(path, "w") as stream:
            stream.write("half")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="no space"):
        write_report(campaign, ORIGIN, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    network, decoder, sample = study
    events = sample.events
    place = tmp_path_factory.mktemp("flips")
    save_network(network, place / "network.json")
    save_decoder(decoder, place / "decoder.safetensors")
    write_events(place / "events.csv", events)
    return place


def _main(*arguments):
    from hexcoder.studies.__main__ import main

    return main([str(a) for a in arguments])


def test_the_command_writes_a_row_for_every_bit(folder, capsys):
    call = ["flips", folder / "network.json", "--events", folder / "events.csv", "--count", 12]
    _main(*call, "--json", "-o", folder / "found")
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((folder / "found" / "flips.json").read_text())
    assert printed["events"] == 12
    rows = list(csv.DictReader((folder / "found" / "flips.csv").read_text().splitlines()))
    assert len(rows) == printed["flips"]
    assert {row["class"] for row in rows} == {"weight", "bias", "input", "output"}
    worst = printed["classes"]["output"]["worst"]
    (row,) = [
        r for r in rows
        if (r["class"], r["layer"], r["element"], r["bit"])
        == ("output", worst["layer"], str(worst["element"]), str(worst["bit"]))
    ]  # fmt: skip
    assert float(row["exact_emd_increase"]) == pytest.approx(worst["emd_increase"], rel=1e-5)
    assert "# Bits to protect: sensor" in (folder / "found" / "flips.md").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--count", 1], "--count = 1"),
        (["--seed", -2], "--seed = -2"),
        (["--decoder", "none.safetensors"], "none.safetensors: no such file"),
        (["-o", "events.csv"], "is a file"),
    ],
)
def test_bad_options_are_named(folder, options, message, monkeypatch):
    from hexcoder.errors import InputError

    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match=message):
        _main("flips", "network.json", "--events", "events.csv", *options)


@given(fixed_point_types(), st.integers(0, 2**32 - 1))
def test_noise_stays_in_the_type_and_is_a_whole_number_of_flips(type_, seed):
    generator = torch.Generator().manual_seed(seed)
    random = np.random.default_rng(seed)
    integers = torch.tensor(random.integers(type_.minimum, type_.maximum + 1, (5, 7)))
    found = flip_weights(integers, type_, 0.3, generator)
    assert found.is_floating_point()
    assert torch.equal(found, found.round())
    assert type_.minimum <= found.min()
    assert found.max() <= type_.maximum
    assert torch.equal(flip_weights(integers, type_, 0.0, generator).long(), integers)
    inverted = flip_weights(integers, type_, 1.0, generator).long()
    assert torch.equal(inverted, type_.minimum + type_.maximum - integers)


def test_noise_flips_each_bit_as_often_as_the_rate_says_and_independently():
    type_, rate, count = FixedPoint.parse("SQ(2,6)"), 0.07, 200_000
    generator = torch.Generator().manual_seed(11)
    start = torch.randint(-128, 128, (count,), generator=generator)
    found = flip_weights(start, type_, rate, generator).long()
    words = ((found ^ start) & 255).numpy()
    bits = (words[:, None] >> np.arange(8)) & 1
    # Five standard deviations of a binomial count.
    band = 5 * np.sqrt(rate * (1 - rate) / count)
    assert np.abs(bits.mean(axis=0) - rate).max() < band
    pairs = (bits[:, :, None] * bits[:, None]).mean(axis=0)[np.triu_indices(8, 1)]
    assert np.abs(pairs - rate**2).max() < 5 * rate / np.sqrt(count)
    again = flip_weights(start, type_, rate, torch.Generator().manual_seed(12))
    same = flip_weights(start, type_, rate, torch.Generator().manual_seed(12))
    assert torch.equal(again, same)
    assert not torch.equal(again.long(), found)


def test_noise_refuses_what_is_no_rate_and_what_the_type_does_not_hold():
    type_, generator = FixedPoint.parse("UQ(1,2)"), torch.Generator()
    with pytest.raises(ValueError, match=r"rate = 1.5"):
        flip_weights(torch.tensor([1]), type_, 1.5, generator)
    with pytest.raises(ValueError, match="0 to 7"):
        flip_weights(torch.tensor([-1.0]), type_, 0.1, generator)


def test_a_decoder_that_is_told_the_layer_gets_it_from_the_file(folder, tmp_path, capsys):
    from hexcoder.sensor.events import load_events

    network = sensor_network()
    events = load_events(folder / "events.csv")
    save_network(network, tmp_path / "network.json")
    decoder = Decoder(3, network.output.type, (4,), ("sum", "layer"))
    save_decoder(decoder, tmp_path / "decoder.safetensors")
    write_events(tmp_path / "events.csv", events, {"layer": np.arange(len(events))})
    call = ["flips", tmp_path / "network.json", "--count", 4]
    _main(*call, "--events", tmp_path / "events.csv")
    assert "flips in 4 events each" in capsys.readouterr().out
    from hexcoder.errors import InputError

    with pytest.raises(InputError, match="no column 'layer'"):
        _main(*call, "--events", folder / "events.csv")
