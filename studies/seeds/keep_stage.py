"""Chosen keep masks of a trained network beside the uniform ones, on events kept apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from hexcoder.errors import InputError
from hexcoder.files import write_json, write_whole
from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder
from hexcoder.models.evaluation.physics import decode_latents, reconstruct
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import SUM_CODE_BITS
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance
from hexcoder.studies.record import Record
from hexcoder.studies.seeds.keep import (
    Receiver,
    bit_patterns,
    choose_masks,
    receiver,
    uniform_masks,
)
from hexcoder.studies.seeds.links import DATA_BITS, WIDEST_LATENT_BITS
from hexcoder.studies.seeds.statistics import (
    BOOTSTRAP,
    Bootstrap,
    Interval,
    mean_interval,
    paired_difference,
)

DECIDING_EVENTS = 512
"""Most events whose loss decides on a bit: more only take longer."""
LEAST_EVENTS = 12


class KeptBits(Record):
    """The mask for a number of links, and EMD of the methods beside it by name."""

    links: int
    bits: int
    bits_per_event: int
    mask: str
    kept_bits: list[list[int]]
    uniform_bits: int
    chosen_by: str
    emd: dict[str, Interval]
    chosen_minus_uniform_emd: Interval


class Keep(Record):
    """What keep.json holds."""

    network: str
    latent_type: str
    events: dict[str, int]
    bootstrap: Bootstrap
    all_bits_emd: Interval
    links: list[KeptBits]


@dataclass(frozen=True, slots=True)
class _Part:
    """Events with their latents' bit patterns, int (n, latents)."""

    decoder: Decoder
    sample: Sample
    patterns: np.ndarray

    @property
    def events(self) -> np.ndarray:
        """Energies, int (n, 48)."""
        return self.sample.events

    def split(self, *places: int) -> list[_Part]:
        """Parts before, between and behind places."""
        rows = np.split(np.arange(len(self.events)), places)
        return [_Part(self.decoder, self.sample.rows(row), self.patterns[row]) for row in rows]

    def decode(self, values: np.ndarray) -> np.ndarray:
        """Latents float (trials, n, latents) of these events to fractions (trials, n, 48)."""
        trials, count, latents = values.shape
        repeated = self.sample.rows(np.tile(np.arange(count), trials))
        stacked = values.reshape(-1, latents)
        fractions = decode_latents(self.decoder, stacked, repeated.events, repeated.places)
        return fractions.reshape(trials, count, -1)

    def emd(self, received: Receiver) -> np.ndarray:
        """Earth mover's distance (n,) with a receiver's latents, half pitches."""
        fractions = self.decode(received.restore(self.patterns)[None])
        return earth_movers_distance(self.events, fractions[0])


def keep_bits(
    network: Network,
    decoder: Decoder,
    sample: Sample,
    links: Sequence[int],
    seed: int,
    folder: Path,
    progress: Callable[[int, int], None],
) -> Keep:
    """Choose masks on one half of events and quote them on the other.

    Of the first half, a third decides on bits; a third shows whether the outcome is certainly
    better than the uniform choice, which is taken otherwise; and a third, in the end all of it,
    makes the receiver's tables. Writes keep.json, with masks and EMD, and keep.safetensors, with
    the tables. Empty events are left out; the seed is that of the split.

    InputError if there are too few events, or the latents are too wide.
    """
    type_ = network.output.type
    places = np.flatnonzero(sample.events.sum(axis=1) > 0)
    if len(places) < LEAST_EVENTS:
        raise InputError(
            f"--events: {len(places)} events that are not empty; choosing bits takes at least "
            f"{LEAST_EVENTS}"
        )
    if type_.width > WIDEST_LATENT_BITS:
        raise InputError(
            f"network {network.name}: its latents of type {type_} have {type_.width} bits; "
            f"choosing bits takes at most {WIDEST_LATENT_BITS}"
        )
    shuffled = sample.rows(np.random.default_rng(seed).permutation(places))
    latents = reconstruct(network, decoder, shuffled.events, shuffled.places).latents
    patterns = bit_patterns(latents, type_)
    choosing, quoting = _Part(decoder, shuffled, patterns).split(len(places) // 2)
    third = len(choosing.events) // 3
    deciding, validating, seen = choosing.split(min(third, DECIDING_EVENTS), 2 * third)
    budgets = {n: min(DATA_BITS[n], patterns.shape[1] * type_.width) for n in sorted(links)}
    chosen = choose_masks(
        deciding.patterns,
        seen.patterns,
        type_,
        charge_fractions(deciding.events),
        deciding.decode,
        list(budgets.values()),
        progress,
    )
    rows, tables = [], {}
    for number, bits in budgets.items():
        uniform, masks = uniform_masks(patterns.shape[1], type_, bits), chosen[bits]
        greedy, usual = (
            validating.emd(receiver(each, type_, seen.patterns)) for each in (masks, uniform)
        )
        is_better = paired_difference(greedy, usual).high < 0
        best = receiver(masks if is_better else uniform, type_, choosing.patterns)
        tables[f"links_{number}"] = best.tables
        emd = {
            "uniform_by_middles": quoting.emd(receiver(uniform, type_, None)),
            "uniform": quoting.emd(receiver(uniform, type_, choosing.patterns)),
            "chosen": quoting.emd(best),
        }
        row = KeptBits(
            links=number,
            bits=best.bits,
            bits_per_event=SUM_CODE_BITS + best.bits,
            mask=mask_text(best.masks, type_.width),
            kept_bits=[_bits(mask) for mask in best.masks],
            uniform_bits=sum(mask.bit_count() for mask in uniform),
            chosen_by="greedy" if is_better else "uniform",
            emd={name: mean_interval(values) for name, values in emd.items()},
            chosen_minus_uniform_emd=paired_difference(emd["chosen"], emd["uniform"]),
        )
        rows.append(row)
    everything = receiver([(1 << type_.width) - 1] * patterns.shape[1], type_, None)
    result = Keep(
        network=network.name,
        latent_type=str(type_),
        events={
            "chosen_on": len(choosing.events),
            "quoted_on": len(quoting.events),
            "deciding": len(deciding.events),
            "seed": seed,
        },
        bootstrap=BOOTSTRAP,
        all_bits_emd=mean_interval(quoting.emd(everything)),
        links=rows,
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "keep.safetensors", save(tables))
    write_json(folder / "keep.json", result.as_json())
    return result


def _bits(mask: int) -> list[int]:
    """Positions of a latent's kept bits, from the highest."""
    return [bit for bit in reversed(range(mask.bit_length())) if mask >> bit & 1]


def mask_text(masks: Sequence[int], width: int) -> str:
    """The chip's keep mask in hexadecimal: bit ``width * k + b`` is bit b of latent k."""
    joined = sum(mask << (width * latent) for latent, mask in enumerate(masks))
    return f"{joined:0{-(-len(masks) * width // 4)}x}"
