"""Entropic optimal transport by plain torch operations: smooth, batched, twice differentiable.

Where only a loss for training is wanted, :class:`hexcoder.models.training.losses.SinkhornLoss` is
faster: its gradient is written by hand, and so has no second derivative.
"""

import torch
from torch import Tensor

from hexcoder.sensor.geometry import distances

BLUR = 0.3
"""Strength of the entropy, units of half a pitch. exp(-13.5 / 0.3) still fits float32."""
ITERATIONS = 30


def transport_costs(
    true: Tensor, predicted: Tensor, blur: float = BLUR, iterations: int = ITERATIONS
) -> Tensor:
    """Cost of the entropic transport plan of each event: a smooth estimate of EMD.

    Cuturi, arXiv:1306.0895. The plan is blurred, so the cost has an offset; differences between
    reconstructions of the same event are close to those of the exact distance.

    From charge fractions (n, 48), each row summing to 1, those of ``predicted`` positive, to costs
    (n,) in half pitches, the unit of ``blur`` too. The last of the iterations, rounds of scaling,
    makes the plan's columns sum to ``predicted``.
    """
    cost = torch.tensor(distances(), dtype=true.dtype)
    kernel = torch.exp(-cost / blur)
    tiny = torch.finfo(true.dtype).tiny
    right = torch.ones_like(predicted)
    left = right
    for _ in range(iterations):
        left = true / (right @ kernel).clamp_min(tiny)
        right = predicted / (left @ kernel).clamp_min(tiny)
    return ((left @ (kernel * cost)) * right).sum(dim=1)
