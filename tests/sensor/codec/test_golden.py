"""The golden model against an encoder and a decoder of strings, written from docs/codec.md."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import (
    charges,
    classes,
    decode,
    encode,
    encode_frames,
    pack,
    plain_fractions,
    quantise,
)
from hexcoder.sensor.codec.prefix import canonical_words
from hexcoder.sensor.front_end import sum_code
from tests.codecs import SHAPES, random_codec, small_events


def plain_quantise(codec: Codec, charge: list[int], shift: int, factor: int) -> list[int]:
    """Cell by cell in fractions of a step, as the page has it."""
    one = 1 << codec.residue_bits
    values = [0] * 48
    for path in codec.paths:
        carried = 0
        for cell in path:
            scaled = charge[cell] * factor * one // (1 << shift)
            total = scaled + carried + one // 2
            values[cell] = total // one
            # What is left, from minus half a step to half a step, of it half, rounded down.
            carried = (total - values[cell] * one - one // 2) // 2
    return values


def plain_code(codec: Codec, table: int, values: list[int]) -> str:
    """The payload's bits as text, however many there are."""
    shape = codec.symbols
    lengths = codec.tables[table]
    words = [format(w, f"0{n}b") for w, n in zip(canonical_words(lengths), lengths, strict=True)]
    text = ""
    for group in shape.groups.tolist():
        symbol, behind = 0, ""
        for cell in group:
            value = values[cell]
            length = value.bit_length()
            if value < shape.direct:
                symbol = symbol * shape.classes + value
                continue
            bounded = min(length, shape.longest)
            symbol = symbol * shape.classes + shape.direct + bounded - shape.direct.bit_length()
            if length >= shape.longest:
                behind += "1" * (length - shape.longest)
                behind += "0" if length < codec.most_value_bits else ""
            behind += format(value, "b")[1:]
        text += words[symbol] + behind
    return text


def plain_frame(codec: Codec, energies: list[int]) -> tuple[str, int]:
    """Frame as text, and the mode."""
    total = sum(energies)
    leading = max(total.bit_length() - 1, 0)
    charge = [(energy << codec.fraction_bits) >> leading for energy in energies]
    codes = [
        plain_code(codec, mode.table, plain_quantise(codec, charge, mode.shift, mode.factor))
        for mode in codec.modes
    ]
    last = len(codes) - 1
    number = next((k for k, code in enumerate(codes) if len(code) <= codec.payload_bits), last)
    code = codes[number]
    head = format(int(sum_code(np.array([total]))[0]), "09b")
    head += format(number, f"0{codec.mode_bits}b") if codec.mode_bits else ""
    return (head + code)[: codec.frame_bits].ljust(codec.frame_bits, "0"), number


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_frames_are_those_of_the_page(shape, seed):
    codec, events = random_codec(seed, shape), small_events(24, seed)
    frames = encode_frames(codec, events)
    for frame, event in zip(frames, events.tolist(), strict=True):
        assert "".join(map(str, frame)) == plain_frame(codec, event)[0]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1))
def test_what_fits_comes_back_from_its_bits_alone(shape, seed):
    codec, events = random_codec(seed, shape), small_events(40, seed)
    coded = encode(codec, events)
    received = decode(codec, pack(codec, coded))
    assert (received.sums == sum_code(events.sum(axis=1))).all()
    assert (received.modes == coded.modes).all()
    fits = coded.used <= codec.payload_bits
    assert (received.values[fits] == coded.values[fits]).all()
    assert (received.used[fits] == coded.used[fits]).all()
    # Of what is cut, the cells before the cut are right, and the others are zero.
    for row in np.flatnonzero(~fits):
        got, sent = (
            v[row][codec.symbols.groups].reshape(-1) for v in (received.values, coded.values)
        )
        wrong = np.flatnonzero(got != sent)
        assert not got[wrong[0] :].any() if len(wrong) else True


def test_the_chosen_mode_is_the_first_that_fits():
    codec = random_codec(5)
    events = small_events(300, 5)
    coded = encode(codec, events)
    for row, event in enumerate(events.tolist()):
        assert coded.modes[row] == plain_frame(codec, event)[1]
    assert len(set(coded.modes.tolist())) > 1


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_any_bits_have_one_answer_within_range(shape, seed):
    codec = random_codec(seed, shape)
    frames = np.random.default_rng(seed).integers(0, 2, (400, codec.frame_bits))
    first, again = decode(codec, frames), decode(codec, frames)
    assert (first.values == again.values).all()
    most = max(codec.most_value_bits, codec.symbols.longest)
    assert 0 <= first.values.min() <= first.values.max() < 1 << most
    assert (first.values[first.modes >= len(codec.modes)] == 0).all()
    assert (first.used <= codec.payload_bits).all()
    fractions = plain_fractions(codec, first)
    assert np.allclose(fractions.sum(axis=1), first.sums > 0)


def test_the_largest_value_has_as_many_bits_as_are_reserved():
    for seed in range(40):
        codec = random_codec(seed)
        full = np.full((1, 48), (1 << codec.charge_bits) - 1)
        for mode in codec.modes:
            found = quantise(codec, full, mode.shift, mode.factor).max()
            assert int(found).bit_length() <= codec.value_bits(mode)


def test_rounding_errors_are_carried_so_that_sums_along_a_path_are_kept():
    codec = random_codec(1).model_copy(update={"residue_bits": 8, "paths": (tuple(range(48)),)})
    charge = np.random.default_rng(0).integers(0, 1 << codec.charge_bits, (200, 48))
    values = quantise(codec, charge, 6, 4)
    alone = (charge * 4 + 32) >> 6
    error, without = ((v - charge * 4 / 64).cumsum(axis=1) for v in (values, alone))
    assert error.std() < 0.8 * without.std()


def test_an_event_without_charge_is_all_zero_and_known_to_be():
    codec = random_codec(2)
    received = decode(codec, encode_frames(codec, np.zeros((1, 48), dtype=np.int64)))
    assert received.sums[0] == 0
    assert not received.values.any()
    assert not plain_fractions(codec, received).any()


def test_the_end_of_the_unary_length_is_left_out_where_nothing_longer_exists():
    codec = random_codec(3, (1, 2, 4)).model_copy(update={"fraction_bits": 6})
    longest = codec.most_value_bits
    values = np.array([[1 << (longest - 1), 1 << (longest - 2)] + [0] * 46])
    _, bits, behind = classes(codec, values)
    ones = longest - 4
    assert bits[0, 0] == ones + longest - 1
    assert bits[0, 1] == ones - 1 + 1 + longest - 2
    assert behind[0, 0] >> (longest - 1) == (1 << ones) - 1
    assert charges(codec, np.eye(48, dtype=np.int64)).max() == 1 << codec.fraction_bits
