"""Physics of a frozen network: EMD and telescope loss, beside baselines at equal bits."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.train import Baseline, Figures, Physics
from hexcoder.models.codec.decoder import CodecDecoder, decoded_fractions, load_codec_decoder
from hexcoder.models.decoder import Decoder, load_decoder
from hexcoder.network.golden import evaluate
from hexcoder.network.packing import signed_fields
from hexcoder.network.schema import Network
from hexcoder.sensor.baselines import best_choice_baseline, best_choice_for_bits, standard_baselines
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import decode, encode_frames
from hexcoder.sensor.conditions import condition_features
from hexcoder.sensor.events import load_events
from hexcoder.sensor.front_end import (
    SUM_CODE_BITS,
    bits_per_event,
    normalise,
    sensor_image_order,
)
from hexcoder.sensor.metrics import Summary, charge_fractions, earth_movers_distance, telescope_loss
from hexcoder.sensor.places import Places, load_places


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Events as they come back.

    Parameters
    ----------
    latents : int64 array (n, latents)
    fractions : float64 array (n, 48)
        Zero where the event is empty: the 9-bit sum tells the receiver.
    """

    latents: np.ndarray
    fractions: np.ndarray


@dataclass(frozen=True, slots=True)
class Flips:
    """Bits of every frame that arrive wrong, drawn anew for each; the sum's code is spared.

    Parameters
    ----------
    bits : int
    seed : int
    """

    bits: int = 0
    seed: int = 0

    def of(self, frames: np.ndarray, first: int = 0) -> np.ndarray:
        """Frames, bits (n, width), with bits from ``first`` on flipped."""
        random = np.random.default_rng(self.seed)
        order = random.random((len(frames), frames.shape[1] - first)).argsort(axis=1)
        flipped = frames.copy()
        flipped[:, first:] ^= (order < self.bits).astype(frames.dtype)
        return flipped


NO_FLIPS = Flips()


def _flipped_latents(network: Network, latents: np.ndarray, flips: Flips) -> np.ndarray:
    type_ = network.output.type
    places = np.arange(type_.width)
    bits = (latents[:, :, None] >> places & 1).reshape(len(latents), -1)
    words = flips.of(bits).reshape(*latents.shape, type_.width) @ (1 << places)
    return signed_fields(words, type_.width, type_.signed)


def reconstruct(
    network: Network,
    decoder: Decoder,
    events: np.ndarray,
    places: Places | None = None,
    flips: Flips = NO_FLIPS,
) -> Reconstruction:
    """Encode energies (n, 48) with the golden model and decode them."""
    order = sensor_image_order(network)
    if order is None:
        raise InputError(
            f"network {network.name}: its input {list(network.input.shape)} of type "
            f"{network.input.type} is no image of the sensor; valid are [4, 4, 3] and [8, 8, 1] "
            "of a type that holds 0 to 2"
        )
    latents = evaluate(network, normalise(events, network.input.type, order))
    if latents.shape[1] != decoder.latents:
        raise InputError(
            f"the decoder takes {decoder.latents} latents; network {network.name} gives "
            f"{latents.shape[1]}"
        )
    if flips.bits:
        latents = _flipped_latents(network, latents, flips)
    return Reconstruction(latents, decode_latents(decoder, latents, events, places))


def decode_latents(
    decoder: Decoder, latents: np.ndarray, events: np.ndarray, places: Places | None = None
) -> np.ndarray:
    """What the receiver makes of latents.

    Parameters
    ----------
    latents : int array (n, latents)
    events : int array (n, 48), ADC counts
        The energies that the latents came from; of these the receiver knows what the decoder is
        conditioned on, and by the code of the sum, which are empty.
    places : Places, optional
        Of the events' sensors, where the decoder is told them.

    Returns
    -------
    float64 array (n, 48)
        Charge fractions; zero for an empty event.
    """
    conditions = condition_features(decoder.conditions, events, places)
    return decoder.decode(latents, conditions) * (events.sum(axis=1) > 0)[:, None]


def figures(true: np.ndarray, predicted: np.ndarray) -> Figures:
    """How well events (n, 48) come back, in any unit of charge."""
    distance = earth_movers_distance(true, predicted)
    kept = ~np.isnan(distance)
    summary = Summary.of(distance)
    loss = telescope_loss(charge_fractions(true[kept]), charge_fractions(predicted[kept]))
    # Without an event that counts there is no figure: null, because JSON has no NaN.
    is_measured = summary.counted > 0
    return Figures(
        emd_mean=summary.mean if is_measured else None,
        emd_median=summary.median if is_measured else None,
        emd_standard_deviation=summary.standard_deviation if is_measured else None,
        events_counted=summary.counted,
        events_left_out=summary.left_out,
        telescope_loss=float(loss.mean()) if len(loss) else None,
    )


def physics_of(name: str, bits: int, events: np.ndarray, fractions: np.ndarray) -> Physics:
    """Physics of an encoder, of the charge fractions (n, 48) that come back from its frames."""
    found = figures(events, fractions).model_dump()
    return Physics(network=name, **found, bits_per_event=bits)


def evaluate_network(
    network: Network,
    decoder: Decoder,
    events: np.ndarray,
    places: Places | None = None,
    flips: Flips = NO_FLIPS,
) -> Physics:
    """Physics of a network on events.

    Parameters
    ----------
    events : int array (n, 48), ADC counts
    """
    fractions = reconstruct(network, decoder, events, places, flips).fractions
    return physics_of(network.name, bits_per_event(network), events, fractions)


def evaluate_codec(
    codec: Codec, decoder: CodecDecoder | None, events: np.ndarray, flips: Flips = NO_FLIPS
) -> Physics:
    """Physics of an adaptive code: events, int (n, 48), are packed, and decoded from their bits."""
    received = decode(codec, flips.of(encode_frames(codec, events), SUM_CODE_BITS))
    fractions = decoded_fractions(codec, decoder, received)
    return physics_of(codec.name, codec.frame_bits, events, fractions)


def evaluate_baselines(events: np.ndarray, bits: float) -> list[Baseline]:
    """The same figures for threshold, BC and STC, and for the largest BC that fits ``bits``."""
    baselines = list(standard_baselines())
    # Where not even one trigger cell fits, the standard baselines have to do.
    with suppress(ValueError):
        baselines.append(best_choice_baseline(best_choice_for_bits(bits)))
    rows = {}
    for baseline in baselines:
        found = figures(events, baseline.reconstruct(events)).model_dump()
        bits = baseline.bits(events)
        rows[baseline.name] = Baseline(name=baseline.name, **found, bits_per_event=bits)
    return list(rows.values())


def find_decoder(network: Path) -> Path:
    """The decoder that belongs to a network file: beside it, or in train/ beside it."""
    found = optional_decoder(network)
    if found is None:
        raise InputError(
            f"{network}: no decoder beside it (train/decoder.safetensors or decoder.safetensors); "
            "give one with --decoder FILE"
        )
    return found


def optional_decoder(network: Path) -> Path | None:
    """As :func:`find_decoder`; None where there is none, as of a code that needs none."""
    places = (
        network.parent / "train" / "decoder.safetensors",
        network.parent / "decoder.safetensors",
        network.with_name(f"{network.stem}.decoder.safetensors"),
    )
    return next((place for place in places if place.is_file()), None)


def evaluate_files(
    network: Network | Codec,
    decoder: Path | None,
    events: Path,
    columns: str | None = None,
    flips: Flips = NO_FLIPS,
) -> Physics:
    """As :func:`evaluate_network` or :func:`evaluate_codec`, with files.

    A codec without a decoder is decoded plainly; a network needs one.
    """
    if isinstance(network, Codec):
        learned = load_codec_decoder(decoder) if decoder else None
        return evaluate_codec(network, learned, load_events(events, columns), flips)
    assert decoder is not None
    loaded = load_decoder(decoder)
    places = load_places(events, loaded.conditions)
    return evaluate_network(network, loaded, load_events(events, columns), places, flips)
