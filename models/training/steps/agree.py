"""Step: the torch model against the golden model."""

from hexcoder.metrics.train import AgreementMetrics
from hexcoder.steps.reads import File, Key, Package, Place
from hexcoder.steps.step import Progress, Step


def compare(place: Place, progress: Progress) -> AgreementMetrics:
    """Compare weights and network on all events."""
    from hexcoder.models.training.agree import agree

    return agree(
        place.path("train/network.json"),
        place.path("train/encoder.safetensors"),
        place.path("train/events.csv"),
        place.config.training.seed,
    )


AGREE = Step(
    "train.agree",
    compare,
    AgreementMetrics,
    reads=(
        File("train/network.json"),
        File("train/encoder.safetensors", optional=True),
        File("train/events.csv", optional=True),
        Key("training.seed"),
        *(Package(name) for name in ("torch", "numpy")),
    ),
)
