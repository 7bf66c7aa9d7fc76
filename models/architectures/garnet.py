"""GarNet: hits weigh in by their distance to learned centres (Qasim et al., arXiv:1902.07987)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hexcoder.config import Quantisation
from hexcoder.models.layers.quantise import Quantise, Table
from hexcoder.models.layers.sums import Dense, settings_of

CENTRES, FEATURES = 4, 6


class GarNet(nn.Module):
    """Features of hits, summed with weights exp(-distance squared) at each centre, then dense.

    Takes (n, hits, 4), gives (n, 1): above 0 for the first class.
    """

    def __init__(self, features: int, quantisation: Quantisation):
        super().__init__()
        keys = settings_of(quantisation)
        self.distance = Dense(features, CENTRES, "SQ(3,4)", activation="none", **keys)
        self.weight = Table(lambda d: torch.exp(-(d**2)), "SQ(3,4)", "UQ(1,6)")
        self.feature = Dense(features, FEATURES, "SQ(3,4)", activation="none", **keys)
        self.gathered = Quantise("SQ(4,4)")
        self.hidden = Dense(CENTRES * FEATURES, 12, "UQ(3,4)", **keys)
        self.verdict = Dense(12, 1, "SQ(5,4)", activation="none", **keys)

    def forward(self, hits: Any) -> Any:
        weights = self.weight(self.distance(hits)).permute(0, 2, 1)
        sums = torch.matmul(weights, self.feature(hits))
        # A sixteenth: the mean of sixteen hits.
        gathered = self.gathered(sums * 0.0625)
        return self.verdict(self.hidden(gathered.flatten(1)))
