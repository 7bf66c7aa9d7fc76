"""The integer golden model: docs/arithmetic.md in numpy, 64 bits wide."""

import numpy as np

from hexcoder.network.schema import Network


def layer_outputs(network: Network, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Evaluate a network and keep every layer's output.

    Parameters
    ----------
    inputs : int array (n, elements) or (n, *shape)
        Integers of the input type; several inputs one after the other.

    Returns
    -------
    dict of int64 arrays (n, elements), flattened with the last axis fastest, by layer name

    Raises
    ------
    ValueError
        If an input lies outside its type.
    """
    count = len(inputs)
    values = np.asarray(inputs, dtype=np.int64).reshape(count, network.input_elements)
    tensors = network.split_inputs(values)
    for name, source in network.inputs_by_name.items():
        part, type_ = tensors[name], source.type
        if part.size and not type_.minimum <= part.min() <= part.max() <= type_.maximum:
            raise ValueError(f"inputs must be {type_.minimum} to {type_.maximum} for {type_}")
    outputs = {}
    for context in network.contexts():
        made = context.golden(*(tensors[source] for source in context.sources))
        # A constant is the same for every event.
        tensors[context.name] = np.broadcast_to(made, (count, *context.output_shape))
        outputs[context.name] = tensors[context.name].reshape(count, -1)
    return outputs


def evaluate(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Evaluate a network: int (n, elements) to int64 (n, output elements)."""
    layers = layer_outputs(network, inputs)
    return np.concatenate([layers[name] for name in network.outputs_by_name], axis=1)
