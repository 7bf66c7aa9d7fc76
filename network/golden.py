"""The integer golden model: docs/arithmetic.md in numpy, 64 bits wide."""

import numpy as np

from hexcoder.network.schema import Network


def layer_outputs(network: Network, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Evaluate a network and keep every layer's output.

    Parameters
    ----------
    inputs : int array (n, elements) or (n, *input.shape)
        Integers of the input type.

    Returns
    -------
    dict of int64 arrays (n, elements), flattened in row, column, channel order, by layer name

    Raises
    ------
    ValueError
        If an input lies outside its type.
    """
    type_ = network.input.type
    values = np.asarray(inputs, dtype=np.int64).reshape(len(inputs), *network.input.shape)
    if values.size and not type_.minimum <= values.min() <= values.max() <= type_.maximum:
        raise ValueError(f"inputs must be {type_.minimum} to {type_.maximum} for {type_}")
    outputs = {}
    for context in network.contexts():
        values = context.golden(values)
        outputs[context.name] = values.reshape(len(values), -1)
    return outputs


def evaluate(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Evaluate a network: int (n, elements) to int64 (n, output elements)."""
    return list(layer_outputs(network, inputs).values())[-1]
