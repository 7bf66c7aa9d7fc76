"""Samples of a network's inputs from a file, and another tool's answers to them."""

from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.network.modules import Vectors
from hexcoder.network.real_values import outputs_to_integers, to_integers
from hexcoder.network.schema import Network
from hexcoder.sensor.encoders import AnyEncoder
from hexcoder.sensor.tables.samples import INPUTS, OUTPUTS, one_of, read_samples


def given_vectors(
    network: AnyEncoder, inputs: Path | None, expected: Path | None
) -> Vectors | None:
    """Vectors of files; None without any.

    Raises
    ------
    InputError
        If a file does not suit the network.
    """
    if inputs is None:
        if expected is not None:
            raise InputError(f"{expected}: answers without --inputs")
        return None
    if not isinstance(network, Network):
        raise InputError(f"{inputs}: samples are those of networks; give --events")
    given = one_of(read_samples(inputs), inputs, INPUTS, "x")
    try:
        values = _integers(network, given)
        if expected is None:
            return Vectors("given", values)
        answers = one_of(read_samples(expected), expected, OUTPUTS, "y")
        if len(answers) != len(values):
            raise InputError(f"{len(answers)} answers to {len(values)} samples")
        return Vectors("given", values, answers=_answers(network, answers))
    except InputError as error:
        raise InputError(f"{inputs}: {error}") from None


def _integers(network: Network, given: np.ndarray) -> np.ndarray:
    """Inputs as integers: as they are, or from real numbers."""
    if given.dtype.kind == "f":
        return to_integers(network, given)
    values = given.reshape(len(given), -1).astype(np.int64)
    if values.shape[1] != network.input_elements:
        raise InputError(
            f"samples of {values.shape[1]} elements; network {network.name} takes "
            f"{network.input_elements}"
        )
    low, high = network.input_bounds
    if ((values < low) | (values > high)).any():
        raise InputError("samples go beyond the types of the network's inputs")
    return values


def _answers(network: Network, answers: np.ndarray) -> np.ndarray:
    if answers.dtype.kind == "f":
        return outputs_to_integers(network, answers)
    return answers.reshape(len(answers), -1).astype(np.int64)
