"""Components of the adaptive code against the golden model."""

import numpy as np
import pytest

from hexcoder.gen.codec.circuit import shape_of
from hexcoder.hw.codec.code_length import CodeLength, FirstFit
from hexcoder.hw.codec.coder import GroupCoder
from hexcoder.hw.codec.shape import Words
from hexcoder.hw.codec.step_chain import Multiples, StepChain
from hexcoder.sensor.codec.golden import classes, joined, quantise
from hexcoder.sensor.codec.prefix import canonical_words
from tests.codecs import SHAPES, random_codec
from tests.hw.circuits import outputs_of
from tests.hw.codec.packed import Packed


def packed(values, width):
    return sum(int(value) << (k * width) for k, value in enumerate(values))


def values_of(codec, count, seed):
    random = np.random.default_rng(seed)
    largest = 1 << random.integers(0, codec.most_value_bits + 1, (count, 48))
    return random.integers(0, largest)


@pytest.mark.parametrize("factor", [4, 5, 6, 7])
def test_every_charge_is_multiplied(factor):
    inputs = [{"charges": charge} for charge in range(64)]
    found = outputs_of(Multiples(1, 6, factor), inputs, "scaled")
    assert found == [charge * factor for charge in range(64)]


@pytest.mark.parametrize("seed", range(6))
def test_chains_quantise_as_the_golden_model_does(seed):
    codec = random_codec(seed)
    charge = np.random.default_rng(seed).integers(0, 1 << codec.charge_bits, (20, 48))
    for mode in codec.modes:
        bits, width = codec.value_bits(mode), codec.charge_bits + 3
        chain = StepChain(codec.paths, width, mode.shift, codec.residue_bits, bits)
        inputs = [{"scaled": packed(row * mode.factor, width)} for row in charge]
        wanted = quantise(codec, charge, mode.shift, mode.factor)
        assert outputs_of(chain, inputs, "values") == [packed(row, bits) for row in wanted]


@pytest.mark.parametrize("shape", SHAPES)
def test_lengths_are_compared_with_the_room_to_the_bit(shape):
    codec = random_codec(7, shape)
    values = values_of(codec, 30, 7)
    kinds, behind, _ = classes(codec, values)
    symbols = joined(codec, kinds)
    lengths = [np.array(t)[symbols].sum(axis=1) + behind.sum(axis=1) for t in codec.tables]
    # A room that just holds some of the events.
    room = int(lengths[0][3])
    bits = codec.most_value_bits
    component = CodeLength(shape_of(codec), bits, codec.tables, room)
    found = outputs_of(component, [{"values": packed(v, bits)} for v in values], "fits")
    wanted = [
        sum(int(length[event] <= room) << k for k, length in enumerate(lengths))
        for event in range(len(values))
    ]
    assert found == wanted
    assert len(set(wanted)) > 1


def test_the_first_mode_that_fits_is_chosen_and_the_last_where_none_does():
    found = outputs_of(FirstFit(5), [{"fits": fits} for fits in range(32)], "chosen")
    for fits, chosen in enumerate(found):
        first = next((mode for mode in range(5) if fits >> mode & 1), 4)
        assert chosen == 1 << first
    assert outputs_of(FirstFit(1), [{"fits": 0}, {"fits": 1}], "chosen") == [1, 1]


@pytest.mark.parametrize("shape", SHAPES)
def test_coders_write_word_and_what_is_behind_it(shape):
    codec = random_codec(3, shape)
    words = [Words.of(lengths, canonical_words(lengths)) for lengths in codec.tables]
    cells, bits = codec.symbols.cells, codec.most_value_bits
    coder = GroupCoder(shape_of(codec), cells, words)
    values = values_of(codec, 60, 11)
    group = codec.symbols.groups[0]
    kinds, behind_bits, behind = classes(codec, values)
    symbols = joined(codec, kinds)[:, 0]
    inputs, wanted = [], []
    for event, symbol in enumerate(symbols):
        table = event % len(words)
        text = "".join(map(str, words[table].bits[symbol]))
        for cell in group:
            width = behind_bits[event, cell]
            text += format(behind[event, cell], f"0{width}b") if width else ""
        inputs.append({"values": packed(values[event, group], bits), "table": 1 << table})
        wanted.append((int(text[::-1], 2), len(text)))
    assert outputs_of(coder, inputs, "code") == [code for code, _ in wanted]
    assert outputs_of(coder, inputs, "length") == [length for _, length in wanted]


@pytest.mark.parametrize(("fields", "room"), [(1, 9), (5, 23), (12, 40), (48, 100)])
def test_fields_are_joined_without_a_gap_and_cut_at_the_room(fields, room):
    random = np.random.default_rng(fields)
    longest = 6
    packer = Packed(fields, longest, room)
    inputs, wanted = [], []
    for _ in range(40):
        lengths = random.integers(0, longest + 1, fields)
        texts = ["".join(map(str, random.integers(0, 2, n))) for n in lengths]
        codes = [int(text[::-1], 2) if text else 0 for text in texts]
        inputs.append(
            {"codes": packed(codes, longest), "lengths": packed(lengths, longest.bit_length())}
        )
        whole = "".join(texts)[:room].ljust(room, "0")
        wanted.append(int(whole[::-1], 2))
    assert outputs_of(packer, inputs, "payload") == wanted


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="a residue needs at least 2 bits"):
        StepChain([(0,)], 8, 3, 1, 4)
    with pytest.raises(ValueError, match="a factor is 4 to 7"):
        Multiples(1, 4, 3)
