import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.hw.chip.bunch_counter import BunchCounter
from hexcoder.hw.chip.calibrated_energy import CalibratedEnergy
from hexcoder.hw.chip.frame import FrameFormatter
from hexcoder.hw.chip.keep_mask import KeepMask
from hexcoder.hw.chip.link_input import LinkInput
from hexcoder.hw.chip.multiplexer import Multiplexer
from hexcoder.sensor.chip.configuration import data_field_bits
from hexcoder.sensor.chip.golden import bunch_counters, decode, kept_bits
from tests.hw.circuits import outputs_of


def packed(values, width):
    return sum(int(value) << (k * width) for k, value in enumerate(values))


@pytest.mark.parametrize("high_density", [False, True])
@pytest.mark.parametrize("factor", [0, 1, 2047, 2048, 2049, 4095])
def test_every_code_is_decoded_and_calibrated_as_the_golden_model_does(high_density, factor):
    codes = np.arange(128)
    inputs = (
        {"code": int(code), "factor": factor, "high_density": int(high_density)} for code in codes
    )
    expected = decode(codes, high_density) * factor >> 11
    assert outputs_of(CalibratedEnergy(), inputs, "energy") == expected.tolist()


def test_no_calibrated_energy_needs_more_than_22_bits():
    assert decode(np.arange(128), True).max() * 4095 >> 11 < 1 << 22


@settings(max_examples=20)
@given(st.integers(2, 9), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_the_multiplexer_feeds_every_position_from_the_chosen_input(cells, width, seed):
    random = np.random.default_rng(seed)
    bits = (cells - 1).bit_length()
    values = random.integers(0, 1 << width, (10, cells))
    selects = random.integers(0, cells, (10, cells))
    inputs = (
        {"i": packed(v, width), "selects": packed(s, bits)}
        for v, s in zip(values, selects, strict=True)
    )
    expected = [packed(v[s], width) for v, s in zip(values, selects, strict=True)]
    assert outputs_of(Multiplexer(cells, width, bits), inputs, "o") == expected


@settings(max_examples=20)
@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_kept_bits_move_together_in_order(width, seed):
    random = np.random.default_rng(seed)
    rows = [(int(i), int(m)) for i, m in random.integers(0, 1 << width, (20, 2))]
    rows += [(int(random.integers(0, 1 << width)), mask) for mask in (0, (1 << width) - 1)]
    expected = [
        sum((i >> place & 1) << order for order, place in enumerate(
            place for place in range(width) if m >> place & 1
        ))
        for i, m in rows
    ]  # fmt: skip
    inputs = ({"i": i, "mask": m} for i, m in rows)
    assert outputs_of(KeepMask(width), inputs, "o") == expected


@pytest.mark.parametrize("bits", [72, pytest.param(144, marks=pytest.mark.long)])
def test_the_chip_s_mask_is_the_golden_model_s(bits):
    random = np.random.default_rng(2)
    latents = random.integers(0, 512, (12, bits // 9)).tolist()
    masks = [int.from_bytes(random.bytes(bits // 8), "little") for _ in latents]
    inputs = ({"i": packed(row, 9), "mask": mask} for row, mask in zip(latents, masks, strict=True))
    expected = [kept_bits(row, 9, mask) for row, mask in zip(latents, masks, strict=True)]
    assert outputs_of(KeepMask(bits), inputs, "o") == expected


@pytest.mark.parametrize("links", range(1, 14))
def test_a_frame_is_counter_sum_and_the_data_s_low_bits(links):
    random = np.random.default_rng(links)
    rows = [
        (int(random.integers(0, 32)), int(random.integers(0, 512)),
         int.from_bytes(random.bytes(18), "little"))
        for _ in range(5)
    ]  # fmt: skip
    inputs = ({"counter": c, "sum_code": s, "data": d, "links": links} for c, s, d in rows)
    used, field = min(links, 5), data_field_bits(links)
    expected = []
    for counter, code, data in rows:
        text = f"{counter:05b}{code:09b}{data & (1 << field) - 1:0{field}b}"
        words = [int(text[start : start + 32], 2) for start in range(0, 32 * used, 32)]
        expected.append(packed(words, 32))
    assert outputs_of(FrameFormatter(144, 5), inputs, "frame") == expected


def test_link_words_are_taken_apart_from_the_highest_code_on():
    word = 0xA << 28 | 1 << 21 | 2 << 14 | 3 << 7 | 4
    inputs = [{"words": packed([word, word], 32)}]
    codes = outputs_of(LinkInput(2), inputs, "codes")
    assert codes == [packed([1, 2, 3, 4] * 2, 7)]


@pytest.mark.parametrize(
    ("headers", "bc0", "misaligned"),
    [
        ((0xA, 0xA), 0, 0),
        ((0x9, 0x9), 1, 0),
        ((0x9, 0xA), 1, 1),
        ((0xA, 0x9), 0, 1),
        ((0xA, 0x5), 0, 1),
    ],
)
def test_links_that_disagree_on_the_bunch_crossing_are_misaligned(headers, bc0, misaligned):
    inputs = [{"words": packed([header << 28 for header in headers], 32)}]
    assert outputs_of(LinkInput(2), inputs, "is_bc0") == [bc0]
    assert outputs_of(LinkInput(2), inputs, "misaligned") == [misaligned]


def test_the_counter_is_31_at_bunch_crossing_0_and_counts_in_four_bits():
    starts = [k in (3, 40) for k in range(80)]
    words = np.array([[0x9 << 28 if start else 0xA << 28] for start in starts])
    inputs = ({"valid": 1, "is_bc0": int(start)} for start in starts)
    # Known in the clock after the word.
    _, *found = outputs_of(BunchCounter(), [*inputs, {"valid": 0}], "counter", clocked=True)
    assert found == bunch_counters(words).tolist()
