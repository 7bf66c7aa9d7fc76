"""Training: from events and a config to weights, a network and a decoder."""

import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch

from hexcoder.config import BoostedTrees, ClassicalMethod, Coded, Config, Imported, Task
from hexcoder.config.task import LOSSES
from hexcoder.errors import CheckFailed, InputError
from hexcoder.metrics.train import FitMetrics, TrainingEvents, TrainingRun
from hexcoder.models.codec.decoder import save_codec_decoder
from hexcoder.models.data.labelled import SAMPLES, save_samples
from hexcoder.models.data.sample import Sample, split_sample
from hexcoder.models.decoder import Decoder, save_decoder
from hexcoder.models.encoder.agreement import save_encoder
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.models.importers.samples import import_with_samples
from hexcoder.models.training.autoencoder import given_autoencoder, new_autoencoder
from hexcoder.models.training.autoencoding import Autoencoding
from hexcoder.models.training.codec import DecoderTrainer, counted_codec, given_codec
from hexcoder.models.training.loop import CHECKPOINT, Epoch, Trainer
from hexcoder.models.training.task import fit_task
from hexcoder.models.training.teacher import load_teacher
from hexcoder.network.schema import save_network
from hexcoder.sections import validated
from hexcoder.sensor.classical.method import Classical, save_classical
from hexcoder.sensor.codec.codec import save_codec
from hexcoder.sensor.generator import generate_events
from hexcoder.steps.reads import versions
from hexcoder.steps.step import Progress

NETWORK = "network.json"


History = list[tuple[float, float]]
"""Losses on events trained on and held out, of each epoch or of equal parts of the steps."""


def _draw_curves(history: History, loss: str, path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    epochs = range(1, len(history) + 1)
    axes.plot(epochs, [training for training, _ in history], label="training")
    axes.plot(epochs, [held_out for _, held_out in history], label="held out")
    axes.set_xlabel("epoch")
    unit = " (half pitches)" if loss == "sinkhorn" else ""
    axes.set_ylabel(f"{loss} loss{unit}")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


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


def _run(trainer: Trainer[Any, Any], progress: Progress) -> None:
    def show(epoch: Epoch) -> None:
        text = (
            f"train: loss {epoch.training_loss:.3f}, held out {epoch.held_out_loss:.3f}, "
            f"{epoch.adder_kilobits:.1f} k adder bits"
        )
        progress(text, (epoch.epoch + 1) / trainer.epochs)

    try:
        trainer.run(show)
    except FloatingPointError as error:
        raise CheckFailed(f"{error}; try a smaller training.learning_rate") from None


def _train(
    config: Config, folder: Path, sample: Sample, held_out: Sample, progress: Progress
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
    task = Autoencoding(
        encoder,
        decoder,
        settings,
        sample.events,
        held_out.events,
        _added_events(config, sample),
        teacher,
        places,
    )
    trainer = Trainer(task, settings, folder)
    _run(trainer, progress)
    return encoder, decoder, trainer.history


def _fit_layers(
    config: Config, folder: Path, sample: Sample, kept_back: Sample, progress: Progress
) -> History:
    encoder, decoder, history = _train(config, folder, sample, kept_back, progress)
    save_network(encoder.freeze(), folder / NETWORK)
    save_encoder(encoder, folder / "encoder.safetensors")
    save_decoder(decoder, folder / "decoder.safetensors")
    return [(epoch.training_loss, epoch.held_out_loss) for epoch in history]


def _fit_codec(
    config: Config, folder: Path, sample: Sample, kept_back: Sample, progress: Progress
) -> History:
    """Tables first, in seconds; then a decoder, if the config wants one."""
    if config.training.weights is not None:
        codec, decoder = given_codec(config)
        history: History = []
    else:
        added = _added_events(config, sample)
        own = sample.events[sample.events.any(axis=1)]
        codec = counted_codec(config, own, added, lambda part: progress("tables", 0.2 * part))
        decoder, history = None, []
        if hidden := config.coded.decoder.hidden:
            trainer = DecoderTrainer(codec, hidden, config.training, own, kept_back.events, added)
            decoder = trainer.run(
                lambda part, loss, held_out: progress(
                    f"decoder: loss {loss:.4f}, held out {held_out:.4f}", 0.2 + 0.8 * part
                )
            )
            history = trainer.history
    save_codec(codec, folder / NETWORK)
    if decoder is not None:
        save_codec_decoder(decoder, folder / "decoder.safetensors")
    return history


def _classical(name: str, network: ClassicalMethod) -> Classical:
    values = network.model_dump(exclude={"kind"}, exclude_none=True)
    where = f"config {name}: section 'network'"
    return validated(Classical, {"name": name, "method": network.kind, **values}, where)


def _imported(name: str, wanted: Imported, folder: Path) -> FitMetrics:
    """A network that another tool trained; its own samples, if there are any, are compared."""
    network, inputs = import_with_samples(
        Path(wanted.model),
        wanted.input_type,
        None if wanted.samples is None else Path(wanted.samples),
    )
    save_network(network.model_copy(update={"name": name}), folder / NETWORK)
    if inputs is not None:
        save_samples(folder / SAMPLES, inputs)
    return FitMetrics(
        history=[], tools=versions("torch", "numpy", "POT"), threads=torch.get_num_threads()
    )


def fit(config: Config, folder: Path, progress: Progress) -> FitMetrics:
    """Train into ``folder``; goes on from the checkpoint of a run that was interrupted.

    Raises
    ------
    CheckFailed
        If training diverges.
    """
    if isinstance(config.network, Imported):
        return _imported(config.name, config.network, folder)
    if isinstance(config.network, Task | BoostedTrees):
        return _task(config, folder, progress)
    started = time.perf_counter()
    sample, kept_back = split_sample(config)
    if isinstance(config.network, Coded):
        history = _fit_codec(config, folder, sample, kept_back, progress)
    elif isinstance(config.network, ClassicalMethod):
        save_classical(_classical(config.name, config.network), folder / NETWORK)
        history = []
    else:
        history = _fit_layers(config, folder, sample, kept_back, progress)
    trained = time.perf_counter()
    sample.joined(kept_back).write(folder / "events.csv")
    kept_back.write(folder / "held_out.csv")
    source = config.data.events
    name = source if source == "generated" else Path(source).name
    counts = len(sample.events), len(kept_back.events)
    return _finished(config, folder, name, counts, history, trained - started)


def _finished(
    config: Config,
    folder: Path,
    source: str,
    counts: tuple[int, int],
    history: History,
    seconds: float,
) -> FitMetrics:
    """Curves, and what went on; ``counts`` were trained on and held out."""
    if history:
        _draw_curves(history, loss_name(config), folder / "curves.svg")
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return FitMetrics(
        events=TrainingEvents(
            source=source, trained_on=counts[0], held_out=counts[1], seed=config.data.seed
        ),
        training=TrainingRun(**config.training.model_dump(), seconds=seconds),
        history=history,
        tools=versions("torch", "numpy", "POT"),
        threads=torch.get_num_threads(),
    )


def loss_name(config: Config) -> str:
    """What is made small."""
    return LOSSES.get(config.network.kind, config.training.loss)


def _task(config: Config, folder: Path, progress: Progress) -> FitMetrics:
    """A network with answers; held-out inputs are kept for the stages behind."""
    started = time.perf_counter()
    _, sample, kept_back, history = fit_task(
        config, folder, lambda trainer: _run(trainer, progress)
    )
    seconds = time.perf_counter() - started
    save_samples(folder / SAMPLES, kept_back.inputs, kept_back.answers)
    data = config.data
    source = data.generator if data.events == "generated" else Path(data.events).name
    return _finished(config, folder, str(source), (len(sample), len(kept_back)), history, seconds)
