"""A torch module made of these layers, as a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.quantise import type_of
from hexcoder.models.layers.sums import NO_SLOT
from hexcoder.models.layers.symbol import Symbol, Trace, require_symbol
from hexcoder.models.layers.weights import QuantisedWeights
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.layer import TensorType
from hexcoder.network.real_values import to_integers
from hexcoder.network.schema import NetworkGraph, RealInput, RealOutput


@dataclass(frozen=True)
class ModelInput:
    """A tensor that comes into a model.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Without the batch.
    type : FixedPoint
    real : RealInput, optional
        How real numbers become it; nearest value of the type, and the type's ends, without it.
    """

    name: str
    shape: tuple[int, ...]
    type: FixedPoint
    real: RealInput | None = None


def model_input(
    name: str, shape: Sequence[int], type_: FixedPoint | str, real: RealInput | None = None
) -> ModelInput:
    """An input by its type's notation."""
    return ModelInput(name, tuple(shape), type_of(type_), real)


class QuantisedModel(nn.Module):
    """A model of one's own, in torch and as the network that it becomes.

    Parameters
    ----------
    module : torch module
        Made of the layers of ``hexcoder.nn``. It takes a tensor (n, *shape) for each input, and
        gives a tensor or several, each (n, ...).
    inputs : sequence of ModelInput
    name : str
        Of the network.

    Attributes
    ----------
    untrained : NetworkGraph
        The network as it was made: shapes and types of what comes in and goes out.

    Raises
    ------
    InputError
        If it does something that has no exact gates.
    """

    def __init__(self, module: nn.Module, inputs: Sequence[ModelInput], name: str = "model"):
        super().__init__()
        self.module, self.inputs, self.name = module, tuple(inputs), name
        trace, symbols = self._trace()
        self.untrained = _network(trace, symbols)
        # Widths of what enters each sum, as places in one long vector: plan of the cost.
        makers = sum(count for _, count in trace.makers)
        self._makers = [maker for maker, _ in trace.makers]
        self._fixed = torch.tensor([*trace.fixed, 0.0])
        self._gates = trace.gates
        self._elements = {name: one.elements for name, one in trace.builder.tensors.items()}
        self._sums: list[tuple[QuantisedWeights, Tensor]] = []
        for layer, slots in trace.sums:
            assert isinstance(layer, QuantisedWeights)
            places = np.where(slots < 0, makers - slots - 1, slots)
            places = np.where(slots == NO_SLOT, makers + len(trace.fixed), places)
            self._sums.append((layer, torch.tensor(places)))

    def _trace(self) -> tuple[Trace, list[Symbol]]:
        builder = GraphBuilder(self.name)
        names = {id(part): name for name, part in self.module.named_modules() if name}
        trace = Trace(builder, names)
        symbols = [
            Symbol(trace, builder.input(one.name, one.shape, one.type, one.real))
            for one in self.inputs
        ]
        what = type(self.module).__name__
        try:
            with torch.no_grad():
                found = self.module(*symbols)
        except (TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            raise InputError(f"model {what}: {str(error).splitlines()[0]}") from None
        made = found if isinstance(found, tuple | list) else [found]
        return trace, [require_symbol(one, f"model {what}") for one in made]

    def forward(self, values: Tensor) -> Tensor:
        """Inputs (n, elements), values of their types one after the other, to outputs (n, ...)."""
        parts, start = [], 0
        for one in self.inputs:
            size = int(np.prod(one.shape))
            parts.append(values[:, start : start + size].reshape(-1, *one.shape))
            start += size
        found = self.module(*parts)
        if isinstance(found, tuple | list):
            return torch.cat([part.reshape(len(part), -1) for part in found], dim=1)
        return found.reshape(len(found), -1)

    def arithmetic_layers(self) -> list[QuantisedWeights]:
        """Layers with weights."""
        return [part for part in self.module.modules() if isinstance(part, QuantisedWeights)]

    def adder_bits(self) -> Tensor:
        """Smooth estimate of the sums' adder bits: signed digits times widths of what they take."""
        widths = [maker.widths() for maker in self._makers]  # type: ignore[operator]
        every = torch.cat([*widths, self._fixed])
        total = torch.zeros(())
        for layer, places in self._sums:
            digits = layer.signed_digits()
            by_term = digits.reshape(-1, digits.shape[-1]).sum(dim=1)
            total = total + (every[places].sum(dim=0) * by_term).sum()
        return total + self.table_gates()

    def table_gates(self) -> Tensor:
        """Estimate of the gates of tables and what goes with them, in full adders.

        From the last module back: what is never read costs nothing.
        """
        total = torch.zeros(())
        alive = {made: module.alive() for module, _, made in self._gates}
        used: dict[str, Tensor] = {}
        for module, source, made in reversed(self._gates):
            every, own = (torch.ones(self._elements[name]) for name in (source, made))
            living = alive.get(source)
            price, reads = module.price(used.get(made, own), every if living is None else living)
            total = total + price
            used[source] = torch.maximum(used.get(source, reads), reads)
        return total

    def prepared(self, values: np.ndarray) -> np.ndarray:
        """Real inputs (n, ...) as values of the inputs' types, float64 (n, elements)."""
        steps = _steps(self.untrained.inputs_by_name)
        return to_integers(self.untrained, values) * steps

    def freeze(self, real: Sequence[RealOutput | None] | None = None) -> NetworkGraph:
        """The network of integers, with the weights as they are now.

        Parameters
        ----------
        real : sequence, optional
            What the integers of each output stand for.
        """
        return _network(*self._trace(), real)

    def integers(self, inputs: np.ndarray) -> np.ndarray:
        """Evaluate integers (n, elements) in torch, in float64: int64 (n, output elements)."""
        network = self.freeze()
        steps, ends = _steps(network.inputs_by_name), _steps(network.outputs_by_name)
        state = {name: value.clone() for name, value in self.state_dict().items()}
        default = torch.get_default_dtype()
        try:
            # Constants that a model makes as it goes are to be as exact.
            torch.set_default_dtype(torch.float64)
            self.double()
            with torch.no_grad():
                found = self(torch.tensor(inputs * steps, dtype=torch.float64)).numpy()
        finally:
            torch.set_default_dtype(default)
            self.float()
            self.load_state_dict(state)
        return np.rint(found / ends).astype(np.int64)


def _network(
    trace: Trace, symbols: Sequence[Symbol], real: Sequence[RealOutput | None] | None = None
) -> NetworkGraph:
    """The graph that a trace has made, with what goes out of it."""
    for symbol, meaning in zip(symbols, real or [None] * len(symbols), strict=True):
        name = symbol.name
        if trace.builder.is_input(name):
            name = trace.builder.move("output", [name], trace.builder.numbers(name))
        trace.builder.output(name, meaning)
    return trace.builder.network()


def _steps(tensors: Mapping[str, TensorType]) -> np.ndarray:
    """Step of each element, one tensor after the other: float64 (elements,)."""
    return np.concatenate([np.full(one.elements, one.type.step) for one in tensors.values()])
