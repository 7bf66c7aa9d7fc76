"""Link 2 of the chain of proof at length, where weights are inputs: gates against golden model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gen.agreement import chunks
from gen.compiler import Settings
from gen.loadable.build import zero_elements
from gen.loadable.network import (
    check_layers,
    compile_loadable,
    parameter_bits,
    with_extreme_parameters,
    with_random_parameters,
)
from network.schema import Network
from sensor.front_end import sensor_image_order


def compare_loadable(
    network: Network,
    settings: Settings,
    events: np.ndarray,
    count: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Evaluate the layers' gates on many vectors and compare every element of every layer.

    Parameters and errors as of :func:`gen.agreement.compare_with_golden`. Events meet the network's
    own weights; each chunk of random tensors meets weights of its own, every fifth all at one end
    of their types.

    Returns
    -------
    dict
        With the number of ``configurations``, sets of weights.
    """
    zero = zero_elements(network)
    made = compile_loadable(network, settings.technology, zero)
    random = np.random.default_rng(seed)
    own = len(events) if sensor_image_order(network) is not None else 0
    done = sets = 0
    for inputs in chunks(network, events, count, seed):
        drawn = network
        if done >= own:
            sets += 1
            inputs[:, zero] = 0
            drawn = with_random_parameters(network, random)
            if sets % 5 == 0:
                drawn = with_extreme_parameters(network, least=sets % 2 == 0)
        check_layers(made.layers, drawn, inputs, parameter_bits(drawn))
        done += len(inputs)
        progress(done)
    return {
        "network": network.name,
        "vectors": done,
        "configurations": sets + bool(own),
        "mismatches": 0,
        "seed": seed,
    }
