"""Options that several commands have, and the files that they name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hexcoder.console import add_events, add_number, add_seed
from hexcoder.errors import InputError
from hexcoder.studies.seeds.links import parse_links

if TYPE_CHECKING:
    from hexcoder.models.data.sample import Sample
    from hexcoder.models.decoder import Decoder
    from hexcoder.models.evaluation.physics import AnyDecoder
    from hexcoder.network.schema import Network
    from hexcoder.sensor.encoders import AnyEncoder


def add_trained(parser: argparse.ArgumentParser) -> None:
    """What :func:`load_trained` reads."""
    parser.add_argument("network", type=Path)
    add_events(parser, required=True)
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")


def add_drawn(parser: argparse.ArgumentParser, seed: str) -> None:
    """What :func:`load_drawn` reads; ``seed`` says what the seed draws."""
    add_trained(parser)
    add_number(parser, "--count", "events drawn (default 512)", least=2, default=512)
    add_seed(parser, 1, seed)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_links(parser: argparse.ArgumentParser, default: str) -> None:
    """``--links``."""
    text = f"numbers of links, such as 2,3,5 (default: {default})"
    parser.add_argument("--links", type=parse_links, default=default, metavar="LIST", help=text)


def load_any_trained(arguments: argparse.Namespace) -> tuple[AnyEncoder, AnyDecoder, Sample]:
    """What the options of :func:`add_trained` name; what sends frames may have no decoder.

    InputError if a file is missing or lacks something, a network's input is no image of the
    sensor, or the decoder does not fit.
    """
    # Imported late: torch takes seconds to load.
    from hexcoder.models.data.sample import read_sample
    from hexcoder.models.evaluation.physics import conditions_of, load_decoder_of
    from hexcoder.network.schema import Network
    from hexcoder.sensor.encoders import load_encoder
    from hexcoder.sensor.front_end import sensor_image_order

    path = arguments.network
    encoder = load_encoder(path)
    if isinstance(encoder, Network) and sensor_image_order(encoder) is None:
        raise InputError(
            f"{path}: key 'input' = {list(encoder.input.shape)} of type {encoder.input.type} is "
            "no image of the sensor; valid are [4, 4, 3] and [8, 8, 1] of a type such as UQ(1,7)"
        )
    decoder = load_decoder_of(encoder, path, arguments.decoder)
    sample = read_sample(arguments.events, conditions_of(decoder), arguments.columns)
    return encoder, decoder, sample


def load_trained(arguments: argparse.Namespace) -> tuple[Network, Decoder, Sample]:
    """As :func:`load_any_trained`; InputError for what is not made of layers."""
    from hexcoder.models.decoder import Decoder
    from hexcoder.network.schema import Network

    encoder, decoder, sample = load_any_trained(arguments)
    if not isinstance(encoder, Network):
        raise InputError(f"{arguments.network}: this is for encoders made of layers")
    assert isinstance(decoder, Decoder)
    return encoder, decoder, sample


def load_drawn(arguments: argparse.Namespace) -> tuple[Network, Decoder, Sample]:
    """As :func:`load_trained`, with at most ``--count`` of the events that are not empty.

    They are drawn by ``--seed`` and keep the file's order. InputError if there are fewer than two.
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
