"""The events of a config: read or generated, and split into training and held-out part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.config import Config, Network
from hexcoder.errors import InputError
from hexcoder.sensor.events import load_events, write_events
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.places import Places, load_places, place_columns


@dataclass(frozen=True, slots=True)
class Sample:
    """Events, int64 (n, 48), and the places of their sensors where the decoder is told them."""

    events: np.ndarray
    places: Places | None

    def rows(self, chosen: np.ndarray | slice) -> Sample:
        """Some of the events."""
        return Sample(self.events[chosen], self.places and self.places.rows(chosen))

    def joined(self, other: Sample) -> Sample:
        """These events and others behind them."""
        places = self.places.joined(other.places) if self.places and other.places else None
        return Sample(np.concatenate([self.events, other.events]), places)

    def write(self, path: Path) -> None:
        """As a CSV file that holds all of it."""
        write_events(path, self.events, self.places.columns if self.places else None)


def read_sample(path: Path, conditions: Sequence[str], columns: str | None = None) -> Sample:
    """Events of a file, with what a decoder is told of them."""
    return Sample(load_events(path, columns), load_places(path, conditions))


def _sample(config: Config) -> Sample:
    data, network = config.data, config.network
    conditions = network.decoder.conditions if isinstance(network, Network) else ()
    if data.events != "generated":
        events = load_events(data.events, data.columns)
        return Sample(events, load_places(data.events, conditions))
    if place_columns(conditions):
        raise InputError(
            f"config {config.name}: key 'network.decoder.conditions' = {list(conditions)} asks for "
            "a file of events with the sensor's place, but data.events is 'generated'"
        )
    return Sample(generate_events(data.count, seed=data.seed), None)


def split_sample(config: Config) -> tuple[Sample, Sample]:
    """Events for training and the held-out part, split by the data's seed.

    Raises
    ------
    InputError
        If the events cannot be read or split, or lack what the decoder is to be told.
    """
    data = config.data
    sample = _sample(config)
    events = sample.events
    held_out = round(len(events) * data.held_out)
    if held_out < 1 or held_out >= len(events):
        raise InputError(
            f"{data.events}: {len(events)} events cannot be split with data.held_out = "
            f"{data.held_out}; at least one must be held out and one trained on"
        )
    shuffled = sample.rows(np.random.default_rng(data.seed).permutation(len(events)))
    training, kept_back = shuffled.rows(slice(held_out, None)), shuffled.rows(slice(held_out))
    full = int(events.any(axis=1).sum())
    for part, what in ((training, "trained on"), (kept_back, "held out")):
        if not part.events.any():
            raise InputError(
                f"{data.events}: {full} of {len(events)} events hold any energy, and none of "
                f"those {what}; at least one is needed"
            )
    return training, kept_back


def split_events(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """The energies alone of :func:`split_sample`: int64 (n, 48), for training and held out."""
    training, held_out = split_sample(config)
    return training.events, held_out.events
