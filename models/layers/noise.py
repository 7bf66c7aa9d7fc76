"""Bit flips as noise in training: a network that has met them loses less to them.

The functions here are pure; the caller passes gradients straight through, as the quantisers do.
"""

import torch
from torch import Tensor

from hexcoder.fixed_point import FixedPoint

_EXACT_IN_FLOAT32 = 24


def flip_weights(
    integers: Tensor, type_: FixedPoint, rate: float, generator: torch.Generator
) -> Tensor:
    """Flip each stored bit of weights with a probability, independently of all others.

    Parameters
    ----------
    integers : Tensor
        Whole numbers of the type, of any shape and dtype.
    type_ : FixedPoint
        How they are stored: two's complement (signed) or unsigned, in ``type_.width`` bits.
    rate : float
        Probability of a flip, 0 to 1, per bit.
    generator : torch.Generator
        Where the randomness comes from; advanced by ``type_.width`` numbers an element.

    Returns
    -------
    Tensor of the same shape
        Whole numbers of the type as floats: float32, or float64 where the type is wider than 24
        bits or ``integers`` are float64.

    Raises
    ------
    ValueError
        If the rate is no probability or an integer lies outside of the type.
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"rate = {rate}: it must be 0 to 1, a probability per bit")
    words = integers.detach().round().to(torch.int64)
    if words.numel() and not type_.minimum <= words.min() <= words.max() <= type_.maximum:
        raise ValueError(f"integers must be {type_.minimum} to {type_.maximum} for {type_}")
    words = words & ((1 << type_.width) - 1)
    for bit in range(type_.width):
        hit = torch.rand(words.shape, generator=generator) < rate
        words = words ^ (hit.to(torch.int64) << bit)
    if type_.signed:
        sign = 1 << (type_.width - 1)
        words = (words ^ sign) - sign
    wide = type_.width > _EXACT_IN_FLOAT32 or integers.dtype == torch.float64
    return words.to(torch.float64 if wide else torch.float32)
