"""Physics of a frozen network: EMD and telescope loss, beside baselines at equal bits."""

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.metrics.train import Baseline, CodeMode, Figures, Physics, TrainedCode
from hexcoder.models.codec.decoder import CodecDecoder, decoded_fractions, load_codec_decoder
from hexcoder.models.decoder import Decoder, load_decoder
from hexcoder.network.golden import evaluate
from hexcoder.network.packing import signed_fields
from hexcoder.network.schema import Network
from hexcoder.sensor.baselines import best_choice_baseline, best_choice_for_bits, standard_baselines
from hexcoder.sensor.classical.method import Classical, energies_of, frames_of
from hexcoder.sensor.codec.codec import Codec
from hexcoder.sensor.codec.golden import Coded, decode, encode, pack
from hexcoder.sensor.codec.golden import plain_fractions as plain_of_code
from hexcoder.sensor.conditions import condition_features
from hexcoder.sensor.encoders import AnyEncoder, FrameEncoder, described, plain_fractions
from hexcoder.sensor.encoders import frames_of as encoder_frames
from hexcoder.sensor.front_end import (
    SUM_CODE_BITS,
    bits_per_event,
    normalise,
    sensor_image_order,
)
from hexcoder.sensor.metrics import Summary, charge_fractions, earth_movers_distance, telescope_loss
from hexcoder.sensor.places import Places

AnyDecoder = Decoder | CodecDecoder | None
"""Of a network's latents, or of a code's frames; frames can be read without one."""


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


def _more(ours: np.ndarray, other: np.ndarray) -> tuple[float | None, float | None]:
    """Mean of paired differences of EMD, and half of its 95 % interval, by the central limit."""
    differences = (other - ours)[~np.isnan(other - ours)]
    if len(differences) < 2:
        return None, None
    error = 1.96 * differences.std(ddof=1) / np.sqrt(len(differences))
    return float(differences.mean()), float(error)


def classical_methods(bits: float) -> list[Classical]:
    """The methods that fit into ``bits``: the largest best choice, and STC4."""
    found = []
    with suppress(ValueError):
        kept = best_choice_for_bits(bits)
        found.append(Classical(name=f"best_choice_{kept}", method="best_choice", kept=kept))
    found.append(Classical(name="super_trigger_cells", method="super_trigger_cells"))
    return [method for method in found if method.frame_bits <= bits]


def evaluate_baselines(events: np.ndarray, bits: float, found: np.ndarray) -> list[Baseline]:
    """The same figures for threshold, BC and STC, and for the largest BC that fits ``bits``.

    Energies are exact, as in the published figures, and as they are sent where the method fits.

    Parameters
    ----------
    events : int array (n, 48)
    bits : float
        Of the encoder that they are held against.
    found : float array (n, 48)
        What comes back from it: differences are taken event by event.
    """
    ours, rows = earth_movers_distance(events, found), {}

    def add(name: str, energies: np.ndarray, taken: float) -> None:
        more, error = _more(ours, earth_movers_distance(events, energies))
        rows[name] = Baseline(
            name=name,
            **figures(events, energies).model_dump(),
            bits_per_event=taken,
            emd_more=more,
            emd_more_error=error,
        )

    baselines = list(standard_baselines())
    # Where not even one trigger cell fits, the standard baselines have to do.
    with suppress(ValueError):
        baselines.append(best_choice_baseline(best_choice_for_bits(bits)))
    for baseline in baselines:
        add(baseline.name, baseline.reconstruct(events), baseline.bits(events))
    for method in classical_methods(bits):
        name = "STC4" if method.kept is None else f"best choice {method.kept}"
        energies = energies_of(method, frames_of(method, events))
        add(f"{name}, as sent", energies, method.frame_bits)
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


def read_frames(
    encoder: FrameEncoder, decoder: CodecDecoder | None, frames: np.ndarray
) -> np.ndarray:
    """Charge fractions (n, 48) of frames, by a learned decoder if there is one."""
    if decoder is not None and isinstance(encoder, Codec):
        return decoded_fractions(encoder, decoder, decode(encoder, frames))
    return plain_fractions(encoder, frames)


def load_decoder_of(encoder: AnyEncoder, network: Path, given: Path | None) -> AnyDecoder:
    """The decoder in a file given, or in the one that belongs to a network's file.

    What sends frames needs none.

    Raises
    ------
    InputError
        If a network has none, or one of other latents.
    """
    if not isinstance(encoder, Network):
        file = given or optional_decoder(network)
        return load_codec_decoder(file) if file else None
    file = given or find_decoder(network)
    decoder, latents = load_decoder(file), math.prod(encoder.output.shape)
    if decoder.latents != latents:
        raise InputError(
            f"{file}: the decoder takes {decoder.latents} latents; {network} gives {latents}"
        )
    return decoder


def conditions_of(decoder: AnyDecoder) -> tuple[str, ...]:
    """What a decoder is told of events beside their frames."""
    return tuple(decoder.conditions) if isinstance(decoder, Decoder) else ()


def bits_of(encoder: AnyEncoder) -> int:
    """Bits that an encoder sends for an event, those of the sum among them."""
    return bits_per_event(encoder) if isinstance(encoder, Network) else encoder.frame_bits


def received_fractions(
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    events: np.ndarray,
    places: Places | None = None,
    flips: Flips = NO_FLIPS,
) -> np.ndarray:
    """Charge fractions, float64 (n, 48), that come back of events, int (n, 48)."""
    if isinstance(encoder, Network):
        if not isinstance(decoder, Decoder):
            raise InputError(f"network {encoder.name}: its decoder is none of latents")
        return reconstruct(encoder, decoder, events, places, flips).fractions
    if isinstance(decoder, Decoder):
        raise InputError(f"{described(encoder)}: its decoder is one of latents")
    if isinstance(encoder, Codec):
        return decoded_fractions(encoder, decoder, _sent(encoder, events, flips)[1])
    return read_frames(encoder, None, flips.of(encoder_frames(encoder, events)))


def _sent(codec: Codec, events: np.ndarray, flips: Flips) -> tuple[Coded, Coded]:
    """What a code makes of events, and what is received of it."""
    coded = encode(codec, events)
    return coded, decode(codec, flips.of(pack(codec, coded), SUM_CODE_BITS))


def _filled(codec: Codec, events: np.ndarray, coded: Coded, received: Coded) -> TrainedCode:
    """How a code fills its frames: which modes it takes, what it cuts."""
    plain = figures(events, plain_of_code(codec, received))
    shares = np.bincount(coded.modes, minlength=len(codec.modes)) / max(len(events), 1)
    modes = [
        CodeMode(**mode.model_dump(), share=float(share))
        for mode, share in zip(codec.modes, shares, strict=True)
    ]
    return TrainedCode(
        payload_bits=codec.payload_bits,
        symbols=codec.symbols.count,
        tables=len(codec.tables),
        modes=modes,
        mean_fill_bits=float(np.minimum(coded.used, codec.payload_bits).mean()),
        events_cut=int((coded.used > codec.payload_bits).sum()),
        emd_plain=plain.emd_mean,
    )


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Physics of an encoder, its events, int (n, 48), and what came back, float64 (n, 48).

    ``code`` says how a code filled its frames; None for what is none.
    """

    physics: Physics
    events: np.ndarray
    fractions: np.ndarray
    code: TrainedCode | None = None


def evaluate_events(
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    events: np.ndarray,
    places: Places | None = None,
    flips: Flips = NO_FLIPS,
) -> Evaluated:
    """Physics of an encoder on events, int (n, 48).

    What sends frames is decoded plainly where it has no decoder; a network needs one.
    """
    code = None
    if isinstance(encoder, Codec) and not isinstance(decoder, Decoder):
        coded, received = _sent(encoder, events, flips)
        fractions = decoded_fractions(encoder, decoder, received)
        code = _filled(encoder, events, coded, received)
    else:
        fractions = received_fractions(encoder, decoder, events, places, flips)
    physics = physics_of(encoder.name, bits_of(encoder), events, fractions)
    return Evaluated(physics, events, fractions, code)
