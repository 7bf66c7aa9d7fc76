"""A variational autoencoder's encoder with its score: anomalies lie far out among the latents.

Govorkova et al., arXiv:2108.03986; the score by the mean alone is that of the AXOL1TL trigger.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hexcoder.config import Quantisation
from hexcoder.models.layers.quantise import Table
from hexcoder.models.layers.sums import Dense, settings_of

LATENTS = 3


class VariationalEncoder(nn.Module):
    """Takes (n, features), gives two scores: sum of mu squared, and of mu squared over variance.

    The decoder, in float, exists while training.
    """

    def __init__(self, features: int, quantisation: Quantisation):
        super().__init__()
        keys = settings_of(quantisation)
        self.first = Dense(features, 32, "UQ(3,4)", **keys)
        self.second = Dense(32, 16, "UQ(3,4)", **keys)
        self.mean = Dense(16, LATENTS, "SQ(4,4)", activation="none", **keys)
        self.log_variance = Dense(16, LATENTS, "SQ(4,2)", activation="none", **keys)
        self.precision = Table(lambda v: torch.exp(-v.clamp(-4, 4)), "SQ(4,2)", "UQ(6,4)")

    def latents(self, inputs: Any) -> tuple[Any, Any]:
        """Mean and logarithm of the variance."""
        hidden = self.second(self.first(inputs))
        return self.mean(hidden), self.log_variance(hidden)

    def forward(self, inputs: Any) -> Any:
        mean, log_variance = self.latents(inputs)
        square = mean * mean
        weighted = square * self.precision(log_variance)
        return square.sum(1, keepdim=True), weighted.sum(1, keepdim=True)


class Reconstruction(nn.Module):
    """The decoder that training needs, and the loss of both (Kingma and Welling, 1312.6114).

    Parameters
    ----------
    features : int
    weight : float
        Of the Kullback-Leibler divergence beside the squared error of an event.
    """

    def __init__(self, features: int, weight: float = 1.0):
        super().__init__()
        self.weight = weight
        self.layers = nn.Sequential(
            nn.Linear(LATENTS, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, features)
        )

    def loss(self, encoder: VariationalEncoder, inputs: Tensor, noise: Tensor) -> Tensor:
        """Mean over a batch."""
        mean, log_variance = encoder.latents(inputs)
        found = self.layers(mean + noise * torch.exp(log_variance / 2))
        error = ((found - inputs) ** 2).sum(dim=1)
        divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
        return (error + self.weight * divergence).mean()
