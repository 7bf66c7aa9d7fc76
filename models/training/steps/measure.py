"""Step: what the network is, and how well events come back from it."""

from hexcoder.metrics.train import PhysicsMetrics
from hexcoder.steps.reads import File, Key, Package, Place
from hexcoder.steps.step import Progress, Step


def evaluate(place: Place, progress: Progress) -> PhysicsMetrics:
    """Evaluate the network, the user's own too, with the trained decoder."""
    from hexcoder.models.training.measure import measure

    return measure(
        place.config.network.kind,
        place.path("train/network.json"),
        place.path("train/decoder.safetensors"),
        place.path("train/held_out.csv"),
    )


MEASURE = Step(
    "train.measure",
    evaluate,
    PhysicsMetrics,
    reads=(
        File("train/network.json"),
        File("train/decoder.safetensors", optional=True),
        File("train/held_out.csv", optional=True),
        File("train/samples.npz", optional=True),
        Key("network.kind"),
        *(Package(name) for name in ("torch", "numpy", "POT")),
    ),
)
