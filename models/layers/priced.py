"""What the gates of layers without sums cost."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from hexcoder.models.layers.quantisers import straight_through


class Priced(nn.Module, ABC):
    """A layer that says what its gates cost, in full adders, with gradients."""

    @abstractmethod
    def price(self, used: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        """Cost of all that is used, and which elements of its source it reads, 0 to 1.

        Parameters
        ----------
        used : Tensor (elements,)
            Which of its own elements are read, 0 to 1.
        alive : Tensor (source's elements,)
            Which of its source's elements are not constant, 0 to 1.
        """

    def alive(self) -> Tensor | None:
        """Which of its own elements are not constant, 0 to 1; None: all."""
        return None


def present(count: Tensor, scale: float = 1.0) -> Tensor:
    """1 where something is there at all, with the gradient of 1 - exp(-count / scale).

    What is rare is the first to vanish.
    """
    return straight_through(-torch.expm1(-count / scale), count.clamp(max=1))
