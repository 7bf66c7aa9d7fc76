"""What studies of a trained network start from: it, its decoder, and events."""

from __future__ import annotations

import argparse
import math

import numpy as np

from hexcoder.errors import InputError
from models.data.sample import Sample, read_sample
from models.decoder import Decoder, load_decoder
from models.evaluation.physics import find_decoder
from network.schema import Network, load_network
from sensor.front_end import sensor_image_order


def load_trained(arguments: argparse.Namespace) -> tuple[Network, Decoder, Sample]:
    """What the options of :func:`studies.commands.options.add_trained` name.

    Raises
    ------
    InputError
        If a file is missing or lacks something, the network's input is no image of the sensor, or
        the decoder does not fit the network.
    """
    path = arguments.network
    network = load_network(path)
    if sensor_image_order(network) is None:
        raise InputError(
            f"{path}: key 'input' = {list(network.input.shape)} of type {network.input.type} is "
            "no image of the sensor; valid are [4, 4, 3] and [8, 8, 1] of a type such as UQ(1,7)"
        )
    file = arguments.decoder or find_decoder(path)
    decoder = load_decoder(file)
    latents = math.prod(network.output.shape)
    if decoder.latents != latents:
        raise InputError(
            f"{file}: the decoder takes {decoder.latents} latents; {path} gives {latents}"
        )
    return network, decoder, read_sample(arguments.events, decoder.conditions)


def load_drawn(arguments: argparse.Namespace) -> tuple[Network, Decoder, Sample]:
    """As :func:`load_trained`, with at most ``--count`` of the events that are not empty.

    They are drawn by ``--seed`` and keep the file's order.

    Raises
    ------
    InputError
        If fewer than two events are not empty, too.
    """
    network, decoder, sample = load_trained(arguments)
    full = np.flatnonzero(sample.events.sum(axis=1) > 0)
    if len(full) < 2:
        raise InputError(
            f"{arguments.events}: {len(full)} events are not empty; at least 2 are needed"
        )
    if len(full) > arguments.count:
        random = np.random.default_rng(arguments.seed)
        full = np.sort(random.choice(full, arguments.count, replace=False))
    return network, decoder, sample.rows(full)
