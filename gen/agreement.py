"""Link 2 of the chain of proof at length: finished graph and gates against the golden model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gen.compiler import Settings, check_gates, check_pass, compile_network
from network.golden import layer_outputs
from network.schema import Network
from sensor.front_end import normalise, sensor_image_order

CHUNK = 8192


def chunks(network: Network, events: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    """Events as the network sees them, then random tensors over the whole input range."""
    order = sensor_image_order(network)
    if order is not None:
        for start in range(0, len(events), CHUNK):
            yield normalise(events[start : start + CHUNK], network.input.type, order)
    type_, elements = network.input.type, int(np.prod(network.input.shape))
    random = np.random.default_rng(seed)
    for start in range(0, count, CHUNK):
        shape = (min(CHUNK, count - start), elements)
        yield random.integers(type_.minimum, type_.maximum + 1, shape)


def compare_with_golden(
    network: Network,
    settings: Settings,
    events: np.ndarray,
    count: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Evaluate graph and gates on many vectors and compare every element of every layer.

    Parameters
    ----------
    events : int array (n, 48) of energies; used where the input is an image of the sensor
    count : int
        Random tensors besides.

    Raises
    ------
    CheckFailed
        At the first difference, with layer, element, event and both values.
    """
    compiled = compile_network(network, settings)
    done = 0
    for inputs in chunks(network, events, count, seed):
        golden = layer_outputs(network, inputs)
        check_pass("pipeline", compiled.graph, inputs, golden)
        for layer in compiled.layers.values():
            check_gates(compiled.graph, layer, {"": inputs, **golden})
        done += len(inputs)
        progress(done)
    return {"network": network.name, "vectors": done, "mismatches": 0, "seed": seed}
