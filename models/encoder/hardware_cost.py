"""What a network costs in gates, estimated from its integers: adder bits before sharing.

Each weight is a sum of signed digits; each digit adds one copy of its input, shifted, to the sum
of its output. Adding a heap of bits up to one result takes about one full adder for every bit that
goes in and does not come out (Dadda, Alta Frequenza 34 (1965) 349), so a sum costs the widths of
its operands less the width of its result. Shared terms are not known here: the figure ranks
networks, and scripts/calibrate_cost.py compares it with what gen/ and flow/ really build.
"""

import numpy as np

from hexcoder.digits import digit_count
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext


def uses(context: WeightedContext) -> np.ndarray:
    """How many windows use each weight: int64, in a shape that broadcasts to the weights'.

    Windows that hang over an image's edge use a part of the kernel only.
    """
    layer = context.layer
    if not isinstance(layer, Convolution):
        return np.ones((1, 1), dtype=np.int64)
    inside = np.pad(np.ones(context.input_shape[:2]), layer.sides(context.input_shape))
    windows = np.lib.stride_tricks.sliding_window_view(inside, layer.kernel)
    windows = windows[:: layer.stride[0], :: layer.stride[1]]
    return windows.sum(axis=(0, 1)).astype(np.int64)[:, :, None, None]


def layer_adder_bits(context: WeightedContext, input_widths: np.ndarray) -> float:
    """Adder bits of one layer.

    Parameters
    ----------
    context : WeightedContext
    input_widths : int array (elements of the input's last axis,)
        Bits that each channel of the input has.
    """
    layer = context.layer
    digits = digit_count(layer.weight_array()) * uses(context)
    by_channel = digits.sum(axis=(0, 1)) if isinstance(layer, Convolution) else digits.T
    operands = float((by_channel * input_widths[:, None]).sum())
    windows = int(np.prod(context.output_shape[:-1]))
    results = sum(type_.width for type_ in layer.channel_types(context.output_shape[-1]))
    return max(operands - windows * results, 0.0)


def adder_bits(network: Network) -> float:
    """Adder bits of all layers with weights."""
    total = 0.0
    widths = np.full(network.input.shape[-1], network.input.type.width)
    for context in network.contexts():
        channels = context.output_shape[-1]
        if isinstance(context, WeightedContext):
            total += layer_adder_bits(context, widths)
            types = context.layer.channel_types(channels)
            widths = np.array([type_.width for type_ in types])
        elif context.layer.is_wiring:
            widths = np.tile(widths, channels // len(widths))
        else:
            widths = np.full(channels, context.output_type.width)
    return total
