from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.golden import evaluate
from hexcoder.sensor.front_end import (
    bits_per_event,
    encode_frames,
    floor_log2,
    normalise,
    sum_code,
)
from hexcoder.sensor.geometry import image_order
from tests.networks import sensor_network

ENERGIES = st.lists(st.integers(0, 2**22 - 1), min_size=48, max_size=48)


@given(st.integers(0, 2**28))
def test_floor_log2_is_the_bit_length_less_one(value):
    assert floor_log2(np.array([value]))[0] == max(value.bit_length() - 1, 0)


@given(st.integers(0, 48 * (2**22 - 1)))
def test_sum_code_is_raw_up_to_15_and_truncates_above(value):
    code = int(sum_code(np.array([value]))[0])
    exponent, mantissa = code >> 4, code & 15
    low = mantissa if exponent == 0 else (16 + mantissa) << (exponent - 1)
    step = 1 if exponent == 0 else 1 << (exponent - 1)
    assert low <= value < low + step
    assert code < 512


@given(ENERGIES, st.integers(0, 10))
def test_normalised_energies_are_fractions_of_the_sum_s_power_of_two(energies, fraction_bits):
    type_ = FixedPoint(False, 1, fraction_bits)
    found = normalise(np.array([energies]), type_, np.arange(48))[0]
    total = sum(energies)
    for energy, value in zip(energies, found, strict=True):
        scale = Fraction(2) ** (max(total.bit_length() - 1, 0))
        assert value == Fraction(energy) / scale * 2**fraction_bits // 1
        assert 0 <= value <= type_.maximum


def test_an_empty_event_is_all_zero():
    energies = np.zeros((1, 48), dtype=int)
    assert not normalise(energies, FixedPoint.parse("UQ(1,7)"), image_order((8, 8, 1))).any()
    frame = encode_frames(sensor_network(), energies)
    assert frame[0, -1] == 0


def test_the_frame_is_the_latents_and_above_them_the_code_of_the_sum():
    network = sensor_network()
    energies = np.random.default_rng(1).integers(0, 4000, (20, 48))
    image = normalise(energies, network.input.type, image_order((4, 4, 3)))
    frames = encode_frames(network, energies)
    latents = evaluate(network, image)
    assert np.array_equal(frames[:, :-1], latents & 127)
    assert np.array_equal(frames[:, -1], sum_code(energies.sum(axis=1)))


@pytest.mark.parametrize(("latents", "bits"), [(3, 9 + 3 * 7), (16, 9 + 16 * 7)])
def test_bits_per_event_count_the_sum_and_all_latents(latents, bits):
    assert bits_per_event(sensor_network(latents=latents)) == bits
