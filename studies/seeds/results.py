"""What study.json holds."""

from __future__ import annotations

from hexcoder.metrics.train import Physics, TrainingEvents
from studies.record import Record
from studies.seeds.comparison import Comparison, EmdFigures
from studies.seeds.statistics import Bootstrap


class Seed(Record):
    """A training; ``failed`` says why it does not count."""

    seed: int
    failed: str | None = None


class CountedSeed(Physics, Seed):
    """A training that counts: its network's file and physics."""


class AcrossSeeds(Record):
    """Mean EMD of the trainings of a number of links: its mean, median, spread and best."""

    mean: float | None
    median: float | None
    standard_deviation: float | None
    """That of a sample, n - 1 in the denominator; null for one seed."""
    best: float | None
    seeds_counted: int
    seeds_failed: int


class SeedEmd(Record):
    """EMD over events of one seed."""

    seed: int
    emd: EmdFigures


class LinksRow(Record):
    """The trainings of a number of links; null where none of them counts."""

    links: int
    bits_per_event: float | None
    latent_type: str | None
    seeds: list[CountedSeed | Seed]
    emd: AcrossSeeds
    median_seed: SeedEmd | None
    best_seed: SeedEmd | None
    comparison: Comparison | None
    latents: int | None = None


class Study(Record):
    """The whole file."""

    name: str
    events: TrainingEvents
    bootstrap: Bootstrap
    seeds: list[int]
    links: list[LinksRow]
