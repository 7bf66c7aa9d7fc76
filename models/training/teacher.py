"""A trained network as the source of a second target."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hexcoder.config import Teacher
from hexcoder.errors import InputError
from hexcoder.models.decoder import load_decoder
from hexcoder.models.encoder.agreement import load_encoder
from hexcoder.models.evaluation.answers import answer
from hexcoder.models.training.autoencoding import Autoencoder
from hexcoder.network.schema import Network, load_network


def taught_answers(settings: Teacher, student: Network, inputs: np.ndarray) -> np.ndarray:
    """Outputs of the network that ``settings.folder``, a build/<config>, holds.

    Real numbers (n, outputs) for real inputs (n, ...); from the integers of its golden model.

    Raises
    ------
    InputError
        If the folder holds none, or its inputs or outputs are of other shapes than the student's.
    """
    network = load_network(Path(settings.folder) / "network.json")
    for what in ("inputs_by_name", "outputs_by_name"):
        own, others = (
            [one.elements for one in getattr(net, what).values()] for net in (student, network)
        )
        if own != others:
            raise InputError(
                f"config key 'training.teacher.folder' = {settings.folder}: elements of its "
                f"{what.split('_')[0]} are {others}, the network's own {own}"
            )
    return answer(network, inputs)


def load_teacher(settings: Teacher, student: Network, conditions: Sequence[str]) -> Autoencoder:
    """Read the autoencoder that ``settings.folder``, a build/<config>, holds.

    Raises
    ------
    InputError
        If the folder holds none, or its image of the sensor or what its decoder is told is not the
        student's.
    """
    folder = Path(settings.folder)
    network = load_network(folder / "network.json")
    if network.input != student.input:
        raise InputError(
            f"config key 'training.teacher.folder' = {settings.folder}: its input "
            f"{list(network.input.shape)} {network.input.type} is not the network's own, "
            f"{list(student.input.shape)} {student.input.type}"
        )
    encoder = load_encoder(folder / "train" / "encoder.safetensors", network)
    decoder = load_decoder(folder / "train" / "decoder.safetensors")
    if decoder.conditions != tuple(conditions):
        raise InputError(
            f"config key 'training.teacher.folder' = {settings.folder}: its decoder is told "
            f"{list(decoder.conditions)}, the student's {list(conditions)}; they must be equal"
        )
    return Autoencoder(encoder, decoder).requires_grad_(False).eval()
