"""Weights that become zero while training goes on."""

from collections.abc import Sequence

import torch

from hexcoder.config import Pruning
from hexcoder.models.layers.weights import QuantisedWeights


def sparsity_at(settings: Pruning, progress: float) -> float:
    """Share of zeros at a moment of training: cubic from nothing to all (arXiv:1710.01878)."""
    done = (progress - settings.start) / (settings.end - settings.start)
    return settings.sparsity * (1 - (1 - min(max(done, 0.0), 1.0)) ** 3)


def prune(layers: Sequence[QuantisedWeights], settings: Pruning, progress: float) -> None:
    """Mask the least important weights of each layer; masked weights stay masked.

    Importance is a weight's magnitude, or with method 'gradient' the first-order change of the
    loss without it, abs(weight * gradient) (Molchanov et al., arXiv:1611.06440); the gradients are
    those that the weights hold.
    """
    for layer in layers:
        importance = layer.weights.detach().abs()
        if settings.method == "gradient":
            assert layer.weights.grad is not None
            importance = importance * layer.weights.grad.abs()
        # Masked weights are the first to be counted among the zeros.
        importance = torch.where(layer.mask > 0, importance, -1.0)
        zeros = round(sparsity_at(settings, progress) * importance.numel())
        order = importance.flatten().argsort(stable=True)
        mask = layer.mask.flatten().clone()
        mask[order[:zeros]] = 0.0
        layer.mask.copy_(mask.reshape(layer.mask.shape))
