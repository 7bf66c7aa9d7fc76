"""The stage ``train``: from events and a config to network.json, a decoder and their physics."""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib
import numpy as np
import torch

from hexcoder.config import Config
from hexcoder.console import progress_bar
from hexcoder.errors import CheckFailed, InputError
from hexcoder.files import write_json
from hexcoder.metrics.train import (
    Example,
    TrainedLayer,
    TrainingEvents,
    TrainingRun,
    TrainMetrics,
)
from hexcoder.stage import versions
from models.data.sample import Sample, split_sample
from models.decoder import Decoder, save_decoder
from models.encoder.agreement import compare_with_torch, save_encoder, verdict
from models.encoder.hardware_cost import adder_bits
from models.encoder.quantised import QuantisedEncoder
from models.evaluation.physics import evaluate_baselines, evaluate_network, reconstruct
from models.training.autoencoder import given_autoencoder, new_autoencoder
from models.training.loop import CHECKPOINT, Epoch, Trainer
from models.training.teacher import load_teacher
from network.schema import Network, save_network
from sensor.front_end import bits_per_event
from sensor.generator import generate_events
from sensor.metrics import charge_fractions, earth_movers_distance

AGREEMENT_VECTORS = 20_000
EXAMPLES = 6
NETWORK = "network.json"


def _draw_curves(history: list[Epoch], loss: str, path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    epochs = [epoch.epoch + 1 for epoch in history]
    axes.plot(epochs, [epoch.training_loss for epoch in history], label="training")
    axes.plot(epochs, [epoch.held_out_loss for epoch in history], label="held out")
    axes.set_xlabel("epoch")
    unit = " (half pitches)" if loss == "sinkhorn" else ""
    axes.set_ylabel(f"{loss} loss{unit}")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


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
        if context.layer.kind != "flatten":
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


def _added_events(config: Config, sample: Sample) -> np.ndarray | None:
    data = config.data
    if data.events == "generated" or not data.generated:
        return None
    if sample.places is not None:
        raise InputError(
            f"config {config.name}: key 'data.generated' = {data.generated}: generated events have "
            "no place in the detector; drop it, or 'layer' and 'position' of "
            "network.decoder.conditions"
        )
    return generate_events(data.generated, seed=data.seed)


def _run(trainer: Trainer) -> None:
    with progress_bar() as progress:
        task = progress.add_task("train", total=trainer.epochs)

        def show(epoch: Epoch) -> None:
            text = (
                f"train: loss {epoch.training_loss:.3f}, held out {epoch.held_out_loss:.3f}, "
                f"{epoch.adder_kilobits:.1f} k adder bits"
            )
            progress.update(task, description=text, completed=epoch.epoch + 1)

        try:
            trainer.run(show)
        except FloatingPointError as error:
            raise CheckFailed(f"{error}; try a smaller training.learning_rate") from None


def _train(
    config: Config, folder: Path, sample: Sample, held_out: Sample
) -> tuple[QuantisedEncoder, Decoder, list[Epoch]]:
    """Encoder and decoder as the config wants them, and how training went."""
    settings = config.training
    if settings.weights is not None:
        return *given_autoencoder(config), []
    encoder, decoder = new_autoencoder(config)
    teacher = None
    if settings.teacher is not None:
        teacher = load_teacher(settings.teacher, encoder.network, decoder.conditions)
    places = (sample.places, held_out.places) if sample.places and held_out.places else None
    trainer = Trainer(
        encoder,
        decoder,
        settings,
        sample.events,
        held_out.events,
        folder,
        _added_events(config, sample),
        teacher,
        places,
    )
    _run(trainer)
    return encoder, decoder, trainer.history


def train(config: Config, folder: Path) -> str | None:
    """Train and evaluate into ``folder``; a line if torch and golden model disagree."""
    started = time.perf_counter()
    sample, kept_back = split_sample(config)
    encoder, decoder, history = _train(config, folder, sample, kept_back)
    events, held_out = sample.events, kept_back.events
    trained = time.perf_counter()
    network = encoder.freeze()
    everything = np.concatenate([events, held_out])
    agreement = compare_with_torch(
        network, encoder, everything, AGREEMENT_VECTORS, config.training.seed
    )
    save_network(network, folder / NETWORK)
    save_encoder(encoder, folder / "encoder.safetensors")
    save_decoder(decoder, folder / "decoder.safetensors")
    sample.joined(kept_back).write(folder / "events.csv")
    kept_back.write(folder / "held_out.csv")
    if history:
        _draw_curves(history, config.training.loss, folder / "curves.svg")
    source = config.data.events
    metrics = TrainMetrics(
        name=config.name,
        events=TrainingEvents(
            source=source if source == "generated" else Path(source).name,
            trained_on=len(events),
            held_out=len(held_out),
            seed=config.data.seed,
        ),
        training=TrainingRun(**config.training.model_dump(), seconds=trained - started),
        history=[(e.training_loss, e.held_out_loss) for e in history],
        adder_bits=adder_bits(network),
        parameters=network.parameters(),
        layers=_structure(network),
        input_type=str(network.input.type),
        input_shape=list(network.input.shape),
        physics=evaluate_network(network, decoder, held_out, kept_back.places),
        baselines=evaluate_baselines(held_out, bits_per_event(network)),
        examples=_examples(network, decoder, kept_back),
        torch_against_golden=verdict(agreement, config.training.seed),
        tools=versions("torch", "numpy", "POT"),
        threads=torch.get_num_threads(),
    )
    write_json(folder / "metrics.json", metrics.model_dump(mode="json", exclude_unset=True))
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return agreement.line()
