"""The chip's golden model against the reference chip's emulator, and by itself."""

from pathlib import Path

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.sensor.chip.configuration import KEEP_BITS, data_field_bits, read_configuration
from hexcoder.sensor.chip.golden import (
    bunch_counters,
    chip_network,
    decode,
    encode,
    input_words,
    kept_bits,
    link_words,
)
from hexcoder.sensor.chip.link_words import read_link_words

VECTORS = Path(__file__).parents[4] / "shared" / "econ-t" / "vectors"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the reference chip's vectors are not at ../shared/econ-t/vectors"
)


@needs_vectors
def test_all_words_of_the_orbit_equal_the_chip_s_emulator():
    configuration = read_configuration(VECTORS / "AE" / "init.yaml")
    words = read_link_words(VECTORS / "testInput.csv", 12)
    expected = read_link_words(VECTORS / "AE" / "testOutput.csv")
    found = link_words(chip_network(configuration), words, configuration, expected.shape[1])
    assert found.shape == (3564, 13)
    assert (found == expected).all()


def yaml_text(**changes):
    lines = ["ConfigAlgo:", "  Global:", "    alg_high_density: 1", "Cal:"]
    lines += [f"  {k}: 2048" for k in range(48)]
    lines += ["Mux:", *[f"  {k}: {k}" for k in range(48)], "Encoder:"]
    for register in range(12):
        lines.append(f"  {register}:")
        lines += [f"    weights_byte{byte}: {register + byte}" for byte in range(0, 144, 16)]
    lines += ["FormatterBuffer:", "  Global:", "    active_etxs: 0x1f"]
    lines.append("    keep_auto_encoder_bits: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")
    text = "\n".join(lines) + "\n"
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new, 1)
    return text


def read(tmp_path, **changes):
    (tmp_path / "init.yaml").write_text(yaml_text(**changes))
    return read_configuration(tmp_path / "init.yaml")


def test_a_configuration_is_read_lowest_bits_first(tmp_path):
    found = read(tmp_path)
    assert found.links == 5
    assert found.keep_mask == (1 << KEEP_BITS) - 1
    assert found.parameters & (1 << 128) - 1 == 0
    assert found.parameters >> 128 & (1 << 128) - 1 == 16
    assert found.parameters >> 1072 & (1 << 128) - 1 == 1


OLDER = {
    "algorithm": ("ConfigAlgo:\n  Global:\n    alg_high_density: 1",
                  "Algorithm:\n  Global:\n    density: 0\n    select: 4"),
    "links": ("    active_etxs: 0x1f\n", ""),
    "mask": ("keep_auto_encoder_bits: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
             "mask_ae: 0xe00700380_1c00e00700380_1c00e0070\n    mask_ae2: 0x0381"),
}  # fmt: skip


def test_the_older_form_means_the_same(tmp_path):
    found = read(tmp_path, **OLDER)
    assert not found.high_density
    assert found.keep_mask == 0xE007003801C00E007003801C00E00700381
    assert found.parameters == read(tmp_path).parameters


@pytest.mark.parametrize(("kept", "links"), [(48, 2), (80, 3), (112, 4), (144, 5)])
def test_where_the_links_are_not_said_they_are_those_that_the_kept_bits_need(tmp_path, kept, links):
    mask = (1 << kept) - 1
    masks = f"mask_ae: {mask >> 16:#x}\n    mask_ae2: {mask & 0xFFFF:#x}"
    assert read(tmp_path, **OLDER | {"mask": (OLDER["mask"][0], masks)}).links == links


def test_another_algorithm_than_the_autoencoder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"'Algorithm.Global.select' = 2"):
        read(tmp_path, **OLDER, other=("select: 4", "select: 2"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  7: 7\n", "  7: 48\n", "'Mux.7' = 48: valid are 0 to 47"),
        ("  3: 2048", "  3: [", "not valid YAML: line 10: expected"),
        ("  3: 2048", "  3: 2001-99-99", "key 'Cal.3' = '2001-99-99' is not an integer"),
        ("  3: 2048", f"  3: {'[' * 3000}", "not valid YAML"),
        ("  3: 2048", "  3: 4096", "'Cal.3' = 4096: valid are 0 to 4095"),
        ("  3: 2048", "  3: much", "'Cal.3' = 'much' is not an integer"),
        ("active_etxs: 0x1f", "active_etxs: 0x1d", "links in use start at link 0"),
        ("active_etxs: 0x1f", "other: 1", "'FormatterBuffer.Global.active_etxs' is missing"),
        ("weights_byte128: 128", "weights_byte128: 281474976710656", "valid are 0 to 2814749767"),
        ("ConfigAlgo:", "ConfigAlgo: [", "not valid YAML"),
    ],
)
def test_a_bad_configuration_is_one_line(tmp_path, old, new, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, change=(old, new))
    assert message in str(caught.value)
    assert "init.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A,B\n", "no words"),
        ("A,B\n12,xy\n", "line 2: words are hexadecimal"),
        ("A,B\n12,34\n12\n", "line 3"),
        ("A\n1ffffffff\n", "line 2: needs 1 or more words of 32 bits"),
    ],
)
def test_bad_link_words_are_one_line(tmp_path, text, message):
    path = tmp_path / "words.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_link_words(path)


def test_the_header_row_may_be_left_out(tmp_path):
    path = tmp_path / "words.csv"
    rows = "9145cb96,0000000a\na2e417a2,00000001\n"
    for header in ("", "RX_DATA_0,RX_DATA_1\n"):
        path.write_text(header + rows)
        assert read_link_words(path).tolist() == [[0x9145CB96, 10], [0xA2E417A2, 1]]


@pytest.mark.parametrize("high_density", [True, False])
def test_a_code_stands_for_the_middle_of_the_energies_that_give_it(high_density):
    codes = np.arange(128)
    values = decode(codes, high_density)
    assert (encode(values, high_density) == codes).all()
    drop = 8 if high_density else 2
    assert (np.diff(values) >= drop).all()


def test_energies_that_are_sent_come_back_as_their_codes():
    energies = np.random.default_rng(1).integers(0, 5000, (20, 48))
    words = input_words(energies)
    assert (words[0] >> 28 == 9).all()
    assert (words[1:] >> 28 == 10).all()
    codes = np.stack([words >> shift & 127 for shift in (21, 14, 7, 0)], axis=-1)
    assert (codes.reshape(20, 48) == encode(energies, True)).all()


def test_the_counter_follows_the_published_sequence():
    starts = np.zeros((40, 1), np.int64)
    starts[:] = 0xA << 28
    starts[0] = 0x9 << 28
    assert bunch_counters(starts).tolist() == [31, *range(1, 16), *range(16), *range(8)]


@pytest.mark.parametrize(
    ("links", "bits"), [(1, 18), (2, 50), (3, 82), (4, 114), (5, 146), (9, 146)]
)
def test_the_data_field_grows_by_32_bits_a_link(links, bits):
    assert data_field_bits(links) == bits


@pytest.mark.parametrize(("number", "width"), [(29, 5), (73, 2)])
def test_latents_of_more_bits_than_the_reference_chip_s_are_all_kept(number, width):
    """A frame on five links takes 146 bits."""
    latents = [(1 << width) - 1] * number
    ones = (1 << number * width) - 1
    assert kept_bits(latents, width, ones) == ones


def test_kept_bits_keep_their_order():
    assert kept_bits([0b101, 0b011], 3, 0b110101) == 0b0111
    assert kept_bits([-1, 0], 3, 0b001111) == 0b0111
