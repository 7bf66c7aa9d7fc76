"""What the netlist is fed with: the vectors of the proof, and events for its activity."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hexcoder.flow.design import Design
from hexcoder.network.modules import Stimulus
from hexcoder.network.modules import Vectors as Inputs
from hexcoder.sensor.encoders import load_encoder
from hexcoder.sensor.events import load_events
from hexcoder.sensor.frames import fixed_module
from hexcoder.sensor.generator import generate_events
from hexcoder.steps.reads import File, Key, Place, Read
from hexcoder.tb.given import given_vectors

RANDOM = "random inputs"

VECTORS: tuple[Read, ...] = (
    File("network.json", maker="'make train'"),
    File("train/held_out.csv", optional=True),
    File("train/samples.npz", optional=True),
    Key("data.events"),
    Key("data.seed"),
    Key("verification.netlist_vectors"),
    Key("verification.seed"),
    Key("silicon.power_events"),
)
"""What :func:`load_vectors` reads."""


@dataclass(frozen=True)
class Vectors:
    """What the netlist is fed with.

    Parameters
    ----------
    inputs : (n, input elements) int64
        For the check of the netlist: edge cases, events and random vectors.
    expected : (n, output elements) int64 or None
        What the golden model gives; None leaves the netlist unchecked, and the metrics say so.
    activity : (m, input elements) int64
        Consecutive events, for toggle rates.
    activity_origin : str
        What they are, for the report.
    activity_expected : (m, output elements) int64 or None
        What the golden model gives for them.
    """

    inputs: np.ndarray
    expected: np.ndarray | None
    activity: np.ndarray
    activity_origin: str
    activity_expected: np.ndarray | None = None


def load_vectors(place: Place, design: Design) -> Vectors:
    """Vectors for the netlist's check, and events for its activity.

    Events are those that the stage ``train`` left; a network that was brought along has none, and
    the generator's take their place.
    """
    config = place.config
    module = fixed_module(load_encoder(place.path("network.json")), design.top)
    events, origin = load_events_of(place)
    settings = config.verification
    samples = _samples(place)
    stimulus = Stimulus(settings.seed, settings.netlist_vectors, events, given=samples)
    vectors = list(module.stimulus(stimulus))
    inputs = np.concatenate([part.inputs for part in vectors])
    activity = module.event_vectors(events[: config.silicon.power_events])
    if samples is not None:
        activity = replace(samples, inputs=samples.inputs[: config.silicon.power_events])
        origin = f"{len(activity.inputs)} held-out samples"
    elif activity is None:
        # The network takes no image of the sensor.
        activity = replace(vectors[-1], inputs=vectors[-1].inputs[: config.silicon.power_events])
        origin = RANDOM
    answers = module.golden(activity.inputs)
    return Vectors(inputs, module.golden(inputs), activity.inputs, origin, answers)


def _samples(place: Place) -> Inputs | None:
    """Held-out inputs of a network that is no encoder."""
    path = place.path("train/samples.npz")
    if not path.is_file():
        return None
    return given_vectors(load_encoder(place.path("network.json")), path, None)


def load_events_of(place: Place) -> tuple[np.ndarray, str]:
    """Events of the stage ``train``, or generated ones, and what they are."""
    config = place.config
    held_out = place.path("train/held_out.csv")
    source = config.data.events
    if held_out.is_file():
        name = "generated events" if source == "generated" else f"events of {Path(source).name}"
        return load_events(held_out), f"held-out {name}"
    return generate_events(config.silicon.power_events, seed=config.data.seed), "generated events"
