"""The encoder of a code under test, and the check of a code against itself."""

import pytest

from hexcoder.network.modules import Stimulus
from hexcoder.sensor import frame_check as check
from hexcoder.sensor.codec.golden import Coded, decode, encode, encode_frames
from hexcoder.sensor.frame_check import check_codec
from hexcoder.sensor.frames import FrameModule, frame_words
from tests.codecs import SHAPES, random_codec, small_events


@pytest.mark.parametrize("shape", SHAPES)
def test_every_code_reads_what_it_wrote_and_writes_what_it_read(shape):
    codec = random_codec(6, shape)
    found = check_codec(codec, small_events(100, 1), 1500, 3)
    assert found.passed, found.line()
    assert found.vectors > 3000


def test_a_decoder_that_is_wrong_is_noticed(monkeypatch):
    codec = random_codec(6)

    def wrong(codec, frames):
        found = decode(codec, frames)
        values = found.values.copy()
        values[:, 3] ^= values[:, 3] == 5
        return Coded(found.sums, found.modes, values, found.used)

    monkeypatch.setattr(check, "decode", wrong)
    found = check_codec(codec, None, 500, 3)
    assert not found.passed
    assert found.first_mismatch is not None
    assert (found.first_mismatch.layer, found.first_mismatch.element) == ("values", 3)


def test_words_are_those_of_the_port_the_frame_s_first_bit_highest():
    codec = random_codec(1)
    frames = encode_frames(codec, small_events(5, 1))
    words, widths = frame_words(frames), FrameModule(codec).output_widths
    for frame, row in zip(frames, words.tolist(), strict=True):
        port, low = 0, 0
        for word, width in zip(row, widths, strict=True):
            port |= word << low
            low += width
        assert format(port, f"0{codec.frame_bits}b") == "".join(map(str, frame))


def test_the_stimulus_has_events_that_only_just_fit_and_such_that_do_not():
    codec = random_codec(12)
    blocks = list(FrameModule(codec).stimulus(Stimulus(1, 2000, small_events(20, 1))))
    assert {block.kind for block in blocks} == {"edge", "event", "random"}
    left = codec.payload_bits - encode(codec, blocks[-1].inputs).used
    assert (left < 0).any()
    assert left[left >= 0].min() <= 1
    assert (left < 0).mean() <= 0.5
