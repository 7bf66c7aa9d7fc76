"""Link 2 of the chain of proof at length: a finished design against the golden model."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hexcoder.gen.build import compile_design
from hexcoder.gen.compiler import Settings
from hexcoder.network.modules import uniform_inputs
from hexcoder.network.parameters import with_extreme_parameters, with_random_parameters
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import normalise, sensor_image_order

CHUNK = 8192


def chunks(network: Network, events: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    """Events as the network sees them, then random tensors over the whole input range."""
    order = sensor_image_order(network)
    if order is not None:
        for start in range(0, len(events), CHUNK):
            yield normalise(events[start : start + CHUNK], network.input.type, order)
    random = np.random.default_rng(seed)
    for start in range(0, count, CHUNK):
        yield uniform_inputs(network, min(CHUNK, count - start), random)


def compare_with_golden(
    network: Network,
    settings: Settings,
    events: np.ndarray,
    count: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Evaluate the design on many vectors and compare every element of every layer.

    Events meet the network's own weights. Where weights are loadable, each chunk of random tensors
    meets weights of its own, every fifth all at one end of their types.

    Parameters
    ----------
    events : int array (n, 48) of energies; used where the input is an image of the sensor
    count : int
        Random tensors besides.

    Returns
    -------
    dict
        Where weights are loadable, with the number of ``configurations``, sets of weights.

    Raises
    ------
    CheckFailed
        At the first difference, with pass, layer, element, event and both values.
    """
    design = compile_design(network, settings)
    random = np.random.default_rng(seed)
    own = len(events) if sensor_image_order(network) is not None else 0
    done = sets = 0
    for inputs in chunks(network, events, count, seed):
        drawn = network
        if done >= own and design.is_loadable:
            sets += 1
            inputs[:, sorted(design.zero_elements)] = 0
            drawn = with_random_parameters(network, random)
            if sets % 5 == 0:
                drawn = with_extreme_parameters(network, least=sets % 2 == 0)
        design.check(drawn, inputs)
        done += len(inputs)
        progress(done)
    return {
        "network": network.name,
        "vectors": done,
        **({"configurations": sets + bool(own)} if design.is_loadable else {}),
        "mismatches": 0,
        "seed": seed,
    }
