"""Small chips for tests: a network with 4x4x3 inputs whose weights lie in registers."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from hexcoder.config import Chip
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.parameters import with_random_parameters
from hexcoder.network.schema import Network
from hexcoder.sensor.chip.configuration import ChipConfiguration
from hexcoder.tb.chip.pins import read_pins
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.modules import packed_parameters
from hexcoder.tb.upsets.flips import random_words
from tests.folders import lasting_folder
from tests.networks import sensor_network

LATENT_BITS = 21


@functools.cache
def design(shadow: bool, triplicated: bool) -> Path:
    """Folder of a compiled chip."""
    folder = lasting_folder()
    chip = Chip(weights="loadable", update="shadow" if shadow else "flag", triplicated=triplicated)
    build(sensor_network(), Settings(chip=chip), folder / "rtl")
    return folder / "rtl"


@functools.cache
def lanes(shadow: bool, triplicated: bool) -> ChipLanes:
    """Its RTL in 64 lanes, reset; what transients would invert is there for who wants it."""
    folder = design(shadow, triplicated)
    chip = ChipLanes.of_rtl(folder, folder.parent / "lanes", transients=True)
    chip.reset()
    return chip


def random_configuration(
    random: np.random.Generator, links: int = 5
) -> tuple[Network, ChipConfiguration]:
    """A network with weights of its own, and the registers that give the chip these."""
    network = with_random_parameters(sensor_network(), random)
    configuration = ChipConfiguration(
        tuple(random.permutation(48).tolist()),
        tuple(random.integers(0, 4096, 48).tolist()),
        bool(random.integers(0, 2)),
        links,
        int(random.integers(0, 1 << LATENT_BITS)),
        packed_parameters(network),
    )
    return network, configuration


def events(seed: int, clocks: int) -> np.ndarray:
    """Link words, bunch crossing 0 first."""
    pins = read_pins(design(False, False))
    words = random_words(pins, np.random.default_rng(seed), clocks)
    words[0] ^= 0x3 << 28
    return words
