"""Step: training."""

from pathlib import Path

from hexcoder.config import Config, Imported
from hexcoder.errors import InputError
from hexcoder.metrics.train import FitMetrics
from hexcoder.sensor.tables.open import files_of
from hexcoder.steps.reads import Given, Key, Package, Place, file_digest
from hexcoder.steps.step import Progress, Step


def train(place: Place, progress: Progress) -> FitMetrics:
    """Train the config's autoencoder."""
    from hexcoder.models.training.fit import fit

    return fit(place.config, place.folder, progress)


def events_identity(config: Config) -> str:
    """Digest of the config's events; ``generated`` where a seed decides them."""
    source = config.data.events
    if source == "generated":
        return source
    if not Path(source).exists():
        raise InputError(
            f"{source}: no such file; data.events is 'generated', or a file or folder of energies"
        )
    return " ".join(file_digest(file) for file in files_of(Path(source)))


def _data(place: Place) -> object:
    config: Config = place.config
    # Where the file lies does not matter, what it is called is written down.
    source = Path(config.data.events).name
    return config.data.model_dump(mode="json") | {"events": [source, events_identity(config)]}


def given_files(config: Config) -> dict[str, str]:
    """Digests of trained weights that the config builds on or learns from."""
    settings = config.training
    folders = [settings.weights, settings.teacher and settings.teacher.folder]
    return {
        str(path): file_digest(path)
        for folder in folders
        if folder is not None
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in (".json", ".safetensors") and path.is_file()
    }


def imported_files(config: Config) -> list[str]:
    """Digests of a model of another tool and of its samples."""
    if not isinstance(config.network, Imported):
        return []
    paths = [Path(path) for path in (config.network.model, config.network.samples) if path]
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path}: no such file; section 'network' of the config names it")
    return [file_digest(path) for path in paths]


FIT = Step(
    "train.fit",
    train,
    FitMetrics,
    reads=(
        Key("name"),
        Given("data", _data),
        Key("network"),
        Key("quantisation"),
        Key("training"),
        Given("weights", lambda place: given_files(place.config)),
        Given("model", lambda place: imported_files(place.config)),
        *(Package(name) for name in ("torch", "numpy", "POT")),
    ),
    writes=(
        "network.json",
        "encoder.safetensors",
        "model.safetensors",
        "decoder.safetensors",
        "events.csv",
        "held_out.csv",
        "samples.npz",
        "curves.svg",
        "checkpoint.safetensors",
    ),
    weight=10,
    resumable=True,
)
