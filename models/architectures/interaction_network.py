"""Interaction network on a fixed small graph: which edges are true (DeZoort et al., 2103.16701)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hexcoder.config import Quantisation
from hexcoder.models.data.generators.segments import PAIRS
from hexcoder.models.layers.quantise import Quantise
from hexcoder.models.layers.sums import Dense, settings_of

NODES = max(max(pair) for pair in PAIRS) + 1


class InteractionNetwork(nn.Module):
    """Messages along edges, their sum at each node, then a verdict on each edge.

    Takes (n, nodes, features), gives (n, edges): above 0 for a true edge.
    """

    def __init__(self, features: int, quantisation: Quantisation):
        super().__init__()
        keys = settings_of(quantisation)
        first, second = torch.tensor(PAIRS).T
        self.first, self.second = first.tolist(), second.tolist()
        arrives = torch.zeros(NODES, len(PAIRS))
        arrives[second, torch.arange(len(PAIRS))] = 1.0
        self.register_buffer("arrives", arrives)
        self.message = Dense(2 * features, 8, "UQ(2,4)", **keys)
        self.summed = Quantise("UQ(3,3)")
        self.update = Dense(features + 8, 6, "UQ(2,4)", **keys)
        self.hidden = Dense(2 * 6 + 8, 8, "UQ(2,4)", **keys)
        self.verdict = Dense(8, 1, "SQ(4,3)", activation="none", **keys)

    arrives: torch.Tensor

    def forward(self, nodes: Any) -> Any:
        ends = torch.cat([nodes[:, self.first], nodes[:, self.second]], dim=2)
        messages = self.message(ends)
        at_nodes = self.summed(torch.matmul(self.arrives, messages))
        updated = self.update(torch.cat([nodes, at_nodes], dim=2))
        ends = torch.cat([updated[:, self.first], updated[:, self.second], messages], dim=2)
        return self.verdict(self.hidden(ends)).flatten(1)
