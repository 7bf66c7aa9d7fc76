"""Step: the torch model against the golden model."""

from hexcoder.metrics.train import AgreementMetrics
from hexcoder.steps.reads import File, Key, Package, Place
from hexcoder.steps.step import Progress, Step


def compare(place: Place, progress: Progress) -> AgreementMetrics:
    """Compare weights and network on all events."""
    from hexcoder.models.training.agree import agree

    return agree(place.config, place.path("train/network.json"), place.folder)


AGREE = Step(
    "train.agree",
    compare,
    AgreementMetrics,
    reads=(
        File("train/network.json"),
        File("train/encoder.safetensors", optional=True),
        File("train/model.safetensors", optional=True),
        File("train/events.csv", optional=True),
        File("train/samples.npz", optional=True),
        Key("training.seed"),
        Key("network"),
        Key("quantisation"),
        *(Package(name) for name in ("torch", "numpy")),
    ),
)
