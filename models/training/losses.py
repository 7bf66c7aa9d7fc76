"""Losses between charge distributions, in torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import ot
import torch
from torch import Tensor

from hexcoder.config import Training
from hexcoder.sensor.geometry import (
    TRIGGER_CELLS,
    distances,
    quadrant_sums,
    supercell_weights,
    supercells,
)
from hexcoder.sensor.metrics import charge_fractions


class TelescopeLoss:
    """The loss of the ECON-T encoder, differentiable.

    The same as :func:`hexcoder.sensor.metrics.telescope_loss`.
    """

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
    :func:`hexcoder.sensor.metrics.earth_movers_distance`.

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


class _ExactTransport(torch.autograd.Function):
    """Earth mover's distance of each pair; its gradient is the dual potential.

    The potential of the plan is known where charge moves; elsewhere its 1-Lipschitz extension is.
    """

    @staticmethod
    def forward(ctx: Any, predicted: Tensor, true: Tensor, cost: np.ndarray) -> Tensor:
        surplus = charge_fractions(true.numpy()) - charge_fractions(predicted.detach().numpy())
        distance, gradient = np.zeros(len(surplus)), np.zeros_like(surplus)
        for event, row in enumerate(surplus):
            give, take = np.flatnonzero(row > 1e-12), np.flatnonzero(row < -1e-12)
            if not len(give) or not len(take):
                continue
            given, taken = row[give], -row[take]
            taken = taken * (given.sum() / taken.sum())
            distance[event], log = ot.emd2(
                given, taken, cost[give[:, None], take], log=True, check_marginals=False
            )
            potential = (cost[:, take] - log["v"][None]).min(axis=1)
            gradient[event] = potential.mean() - potential
        ctx.save_for_backward(torch.tensor(gradient))
        return torch.tensor(distance)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (potential,) = ctx.saved_tensors
        return gradients[0][:, None] * potential, None, None


class ExactLoss:
    """The earth mover's distance itself; hundreds of times slower than Sinkhorn's on a batch."""

    def __init__(self) -> None:
        self.cost = distances()

    def __call__(self, true: Tensor, predicted: Tensor) -> Tensor:
        """Mean over the batch; both (n, 48), each row summing to 1."""
        return _ExactTransport.apply(predicted.double(), true.double(), self.cost).mean()


class CombinedLoss:
    """Sinkhorn's loss with a blur that shrinks, beside a share of the telescope loss.

    Parameters
    ----------
    settings : Training
        Blur at the start and at the end, iterations, and ``telescope_weight`` where the loss is
        'combined'.
    """

    def __init__(self, settings: Training):
        self.first = settings.sinkhorn_blur
        self.last = settings.sinkhorn_final_blur or settings.sinkhorn_blur
        self.sinkhorn = SinkhornLoss(self.first, settings.sinkhorn_iterations)
        self.telescope_weight = settings.telescope_weight if settings.loss == "combined" else 0.0
        self.telescope = TelescopeLoss()
        self.exact, self.exact_from = ExactLoss(), 1 - settings.exact_share

    def __call__(self, true: Tensor, predicted: Tensor, progress: float) -> Tensor:
        """Mean over the batch at a moment of training, 0 to 1."""
        if progress > self.exact_from:
            return self.exact(true, predicted)
        self.sinkhorn.blur = self.first * (self.last / self.first) ** progress
        loss = self.sinkhorn(true, predicted)
        if self.telescope_weight:
            loss = loss + self.telescope_weight * self.telescope(true, predicted)
        return loss


def training_loss(settings: Training) -> Callable[[Tensor, Tensor, float], Tensor]:
    """The loss that a config asks for: (true, predicted, progress) to a mean over the batch."""
    if settings.loss == "telescope":
        telescope = TelescopeLoss()
        return lambda true, predicted, progress: telescope(true, predicted)
    return CombinedLoss(settings)
