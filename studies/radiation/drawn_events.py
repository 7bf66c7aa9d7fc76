"""Inputs of studies that need a network, its decoder and some events that are not empty."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from models.data.sample import Sample
from models.decoder import Decoder, load_decoder
from models.evaluation.physics import find_decoder
from network.schema import Network, load_network
from sensor.events import load_events
from sensor.front_end import sensor_image_order
from sensor.places import load_places


def load_pair(path: Path, decoder: Path | None) -> tuple[Network, Decoder]:
    """A network and its decoder, which fit each other.

    Parameters
    ----------
    path : Path
        A network.json whose input is an image of the sensor.
    decoder : Path, optional
        Default: the one that lies beside the network.

    Raises
    ------
    InputError
        If a file is missing or the two do not fit.
    """
    network = load_network(path)
    if sensor_image_order(network) is None:
        raise InputError(
            f"{path}: key 'input' = {list(network.input.shape)} of type {network.input.type} is "
            "no image of the sensor; valid are [4, 4, 3] and [8, 8, 1] of a type such as UQ(1,7)"
        )
    file = decoder or find_decoder(path)
    loaded = load_decoder(file)
    latents = int(np.prod(network.output.shape))
    if loaded.latents != latents:
        raise InputError(
            f"{file}: the decoder takes {loaded.latents} latents; {path} gives {latents}"
        )
    return network, loaded


def draw_events(path: str, decoder: Decoder, count: int, seed: int) -> Sample:
    """Draw events that are not empty from a file, in the file's order.

    Parameters
    ----------
    path : str
        CSV of energies, with the columns that the decoder is to be told.
    decoder : Decoder
    count : int
        At most so many; all where the file has no more.
    seed : int

    Returns
    -------
    Sample of at least two events

    Raises
    ------
    InputError
        If ``count`` is below 2, the seed negative, or the file has fewer than two such events.
    """
    if count < 2:
        raise InputError(f"--count = {count}: it must be 2 or more")
    if seed < 0:
        raise InputError(f"--seed = {seed}: it must be 0 or more")
    sample = Sample(load_events(path), load_places(path, decoder.conditions))
    full = np.flatnonzero(sample.events.sum(axis=1) > 0)
    if len(full) < 2:
        raise InputError(f"{path}: {len(full)} events are not empty; at least 2 are needed")
    if len(full) > count:
        full = np.sort(np.random.default_rng(seed).choice(full, count, replace=False))
    return sample.rows(full)
