"""What a trained network is and how well events come back from it."""

from pathlib import Path

import numpy as np

from hexcoder.metrics.train import Example, PhysicsMetrics, TrainedLayer
from hexcoder.models.data.sample import Sample, read_sample
from hexcoder.models.decoder import Decoder, load_decoder
from hexcoder.models.encoder.hardware_cost import adder_bits
from hexcoder.models.evaluation.physics import evaluate_baselines, evaluate_network, reconstruct
from hexcoder.network.schema import Network, load_network
from hexcoder.network.weighted import WeightedContext
from hexcoder.sensor.front_end import bits_per_event
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance

EXAMPLES = 6


def _examples(network: Network, decoder: Decoder, sample: Sample) -> list[Example]:
    """Events across the range of EMD, before and after."""
    events = sample.events
    found = reconstruct(network, decoder, events, sample.places)
    distance = earth_movers_distance(events, found.fractions)
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
            reconstructed=[round(float(value), 6) for value in found.fractions[event]],
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
        rows.append(TrainedLayer.model_validate(row))
    return rows


def measure(network_path: Path, decoder_path: Path, held_out_path: Path) -> PhysicsMetrics:
    """Evaluate a network with its decoder on events that were kept back."""
    network, decoder = load_network(network_path), load_decoder(decoder_path)
    held_out = read_sample(held_out_path, decoder.conditions)
    return PhysicsMetrics(
        adder_bits=adder_bits(network),
        parameters=network.parameters(),
        layers=_structure(network),
        input_type=str(network.input.type),
        input_shape=list(network.input.shape),
        physics=evaluate_network(network, decoder, held_out.events, held_out.places),
        baselines=evaluate_baselines(held_out.events, bits_per_event(network)),
        examples=_examples(network, decoder, held_out),
    )
