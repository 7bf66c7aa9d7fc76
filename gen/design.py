"""A design: a compiled network with what it takes to check it and to write it down."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from pydantic import BaseModel

from hexcoder.gen.compiler import Settings
from hexcoder.metrics.rtl import RtlFile
from hexcoder.network.schema import Network


@dataclass(frozen=True, slots=True)
class Emitted:
    """Verilog text, and the structural report beside it."""

    verilog: str
    metrics: RtlFile


Model = TypeVar("Model", bound=BaseModel)


def complete(values: Model) -> Model:
    """The same values, those that were left to their defaults written out."""
    return type(values).model_validate(values.model_dump())


class Design(ABC):
    """What a network was compiled to.

    Parameters
    ----------
    network : Network
    settings : Settings
    zero_elements : frozenset of int
        Elements of the input that are always zero: what only they reach is not built.
    """

    is_loadable: ClassVar[bool]
    """Whether other weights can be loaded into the finished design."""

    def __init__(
        self, network: Network, settings: Settings, zero_elements: frozenset[int] = frozenset()
    ):
        self.network, self.settings = network, settings
        self.zero_elements = zero_elements

    @abstractmethod
    def check(self, network: Network, inputs: np.ndarray) -> None:
        """Hold the design against the golden model of ``network``.

        Parameters
        ----------
        network : Network
            The design's own or, where weights are loadable, one that differs in them.
        inputs : int array (events, elements)

        Raises
        ------
        CheckFailed
            Naming the pass that broke it, and the first layer, element and event that differ.
        """

    @abstractmethod
    def emit(self) -> Emitted:
        """Write the design as Verilog, and measure it."""
