"""What a trained network is and how well events come back from it."""

from pathlib import Path

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.metrics.train import Example, PhysicsMetrics, TrainedLayer
from hexcoder.models.codec.decoder import load_codec_decoder
from hexcoder.models.data.labelled import SAMPLES, load_samples
from hexcoder.models.data.sample import read_sample
from hexcoder.models.decoder import load_decoder
from hexcoder.models.encoder.hardware_cost import adder_bits
from hexcoder.models.evaluation.answers import answer, figures_of, reconstruct_shares
from hexcoder.models.evaluation.physics import evaluate_baselines, evaluate_events
from hexcoder.network.integers import int_array
from hexcoder.network.kinds.linear import Linear
from hexcoder.network.kinds.requantise import Requantise
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext
from hexcoder.sensor.encoders import FrameEncoder, load_encoder
from hexcoder.sensor.events import load_events
from hexcoder.sensor.front_end import bits_per_event
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance

EXAMPLES = 6


def _examples(events: np.ndarray, found: np.ndarray) -> list[Example]:
    """Events across the range of EMD, before and after, of charge fractions as they come back."""
    distance = earth_movers_distance(events, found)
    ranked = np.argsort(distance)[: int((~np.isnan(distance)).sum())]
    if not len(ranked):
        return []
    places = np.linspace(0.05, 0.95, EXAMPLES) * (len(ranked) - 1)
    chosen = ranked[places.astype(int)]
    fractions = charge_fractions(events)
    return [
        Example(
            event=event,
            emd=float(distance[event]),
            sum_adc=int(events[event].sum()),
            true=[round(float(value), 6) for value in fractions[event]],
            reconstructed=[round(float(value), 6) for value in found[event]],
        )
        for event in dict.fromkeys(chosen.tolist())
    ]


def _structure(network: Network) -> list[TrainedLayer]:
    rows = []
    for context in network.contexts():
        row: dict[str, object] = {
            "name": context.name,
            "kind": context.layer.kind,
            "output_shape": list(context.output_shape),
            "output_type": str(context.output_type),
        }
        if isinstance(context, WeightedContext):
            weights = context.layer.weight_array()
            row |= {
                "weights": int(weights.size),
                "weights_zero": int((weights == 0).sum()),
                "weight_type": str(context.layer.weight_type),
                "activation": context.layer.activation,
                "rounding": context.layer.rounding,
                "overflow": context.layer.overflow,
            }
        elif isinstance(context.layer, Linear):
            weights = int_array(context.layer.weights)
            low, high = int(weights.min()), int(weights.max())
            row |= {
                "weights": int(weights.size),
                "weights_zero": int((weights == 0).sum()),
                "weight_type": str(FixedPoint.holding(low, high, context.layer.fraction_bits)),
            }
        elif isinstance(context.layer, Requantise):
            row |= {
                "activation": "relu" if context.layer.minimum == 0 else "none",
                "rounding": context.layer.rounding,
                "overflow": context.layer.overflow,
            }
        rows.append(TrainedLayer.model_validate(row))
    return rows


def measure(
    kind: str, network_path: Path, decoder_path: Path, held_out_path: Path
) -> PhysicsMetrics:
    """Evaluate a network with its decoder on events that were kept back.

    ``kind`` is the config's 'network.kind'.
    """
    network = load_encoder(network_path)
    if not isinstance(network, Network):
        return _measure_frames(network, decoder_path, held_out_path)
    samples = held_out_path.with_name(SAMPLES)
    if not held_out_path.is_file():
        figures_there = None
        kept_back = load_samples(samples) if samples.is_file() else None
        if kept_back is not None:
            if kind == "encoder":
                decoder = load_decoder(decoder_path)
                found = reconstruct_shares(network, decoder, kept_back.inputs)
            else:
                found = answer(network, kept_back.inputs)
            if kind == "trees":
                kind = "regressor" if kept_back.answers.dtype.kind == "f" else "classifier"
            figures_there = figures_of(kind, found, kept_back.answers)
        return PhysicsMetrics(
            task=figures_there,
            parameters=network.parameters(),
            layers=_structure(network),
            input_type=" ".join(str(one.type) for one in network.inputs_by_name.values()),
            input_shape=list(next(iter(network.inputs_by_name.values())).shape),
        )
    decoder = load_decoder(decoder_path)
    held_out = read_sample(held_out_path, decoder.conditions)
    found = evaluate_events(network, decoder, held_out.events, held_out.places)
    return PhysicsMetrics(
        adder_bits=adder_bits(network),
        parameters=network.parameters(),
        layers=_structure(network),
        input_type=str(network.input.type),
        input_shape=list(network.input.shape),
        physics=found.physics,
        baselines=evaluate_baselines(held_out.events, bits_per_event(network), found.fractions),
        examples=_examples(held_out.events, found.fractions),
    )


def _measure_frames(
    encoder: FrameEncoder, decoder_path: Path, held_out_path: Path
) -> PhysicsMetrics:
    events = load_events(held_out_path)
    decoder = load_codec_decoder(decoder_path) if decoder_path.is_file() else None
    found = evaluate_events(encoder, decoder, events)
    return PhysicsMetrics(
        code=found.code,
        physics=found.physics,
        baselines=evaluate_baselines(events, encoder.frame_bits, found.fractions),
        examples=_examples(events, found.fractions),
    )
