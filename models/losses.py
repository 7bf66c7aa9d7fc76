"""Losses between charge distributions, in torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.geometry import (
    TRIGGER_CELLS,
    distances,
    quadrant_sums,
    supercell_weights,
    supercells,
)


class TelescopeLoss:
    """The loss of the ECON-T encoder: :func:`models.metrics.telescope_loss`, differentiable."""

    def __init__(self) -> None:
        identity = np.eye(TRIGGER_CELLS)
        self.supercells = torch.tensor(identity[:, supercells()].sum(axis=2))
        self.quadrants = torch.tensor(quadrant_sums(identity))
        self.weights = torch.tensor(supercell_weights())

    def __call__(self, true: Tensor, predicted: Tensor) -> Tensor:
        """Mean over the batch; both (n, 48), each row summing to 1."""
        true, predicted = true.double(), predicted.double()
        fine = _weighted_square(true, predicted).mean()
        middle = _weighted_square(true @ self.supercells, predicted @ self.supercells)
        coarse = _weighted_square(true @ self.quadrants, predicted @ self.quadrants).mean()
        return 4 * fine + 2 * (middle * self.weights).mean() + coarse


def _weighted_square(true: Tensor, predicted: Tensor) -> Tensor:
    return (true - predicted) ** 2 * torch.maximum(true, predicted)


class _EntropicTransport(torch.autograd.Function):
    """Cost of the entropic plan; its gradient is the dual potential (envelope theorem)."""

    @staticmethod
    def forward(
        ctx: Any, predicted: Tensor, true: Tensor, cost: Tensor, blur: float, iterations: int
    ) -> Tensor:
        kernel = torch.exp(-cost / blur)
        u = torch.ones_like(true)
        v = torch.ones_like(predicted)
        tiny = torch.finfo(true.dtype).tiny
        for _ in range(iterations):
            u = true / (v @ kernel).clamp_min(tiny)
            v = predicted / (u @ kernel).clamp_min(tiny)
        plan_cost = ((u @ (kernel * cost)) * v).sum(dim=1)
        ctx.save_for_backward(blur * torch.log(v.clamp_min(tiny)))
        return plan_cost

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (potential,) = ctx.saved_tensors
        centred = potential - potential.mean(dim=1, keepdim=True)
        return gradients[0][:, None] * centred, None, None, None, None


class SinkhornLoss:
    """Entropic optimal transport between charge distributions: a smooth stand-in for EMD.

    Cuturi, arXiv:1306.0895. Distances are in units of half a trigger-cell pitch, as in
    :func:`models.metrics.earth_movers_distance`.

    Parameters
    ----------
    blur : float
        Strength of the entropy, units of half a pitch; smaller is sharper and needs more
        iterations.
    iterations : int
    """

    def __init__(self, blur: float, iterations: int):
        self.blur, self.iterations = blur, iterations
        # Float64 holds exp(-13.5 / 0.02); float32 would lose the kernel's corners below 0.15.
        self.cost = torch.tensor(distances(), dtype=torch.float64)

    def __call__(self, true: Tensor, predicted: Tensor) -> Tensor:
        """Mean over the batch; both (n, 48), each row summing to 1, predicted positive."""
        costs = _EntropicTransport.apply(
            predicted.double(), true.double(), self.cost, self.blur, self.iterations
        )
        return costs.mean()
