"""Truth tables that are trained, with the wires that they read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.fixed_point import FixedPoint
from hexcoder.models.layers.priced import Priced, present
from hexcoder.models.layers.quantisers import straight_through
from hexcoder.models.layers.symbol import Symbol
from hexcoder.network.kinds.lut_network import MOST_INPUTS, LutNetwork

BIT = FixedPoint(False, 1, 0)
Learn = Literal["differences", "relaxed", "network"]
LEARN: tuple[Learn, ...] = get_args(Learn)
HIDDEN = 8
"""Neurons of a table's small network."""
EDGE = {1: 0.0, 2: 0.05, 3: 0.05, 4: 0.05, 5: 0.048, 6: 0.03, 7: 0.022, 8: 0.017}
"""Gates of a table in full adders, for each pair of neighbours in it that differ; by its inputs.

Of 2 to 6 inputs from areas of trained networks in Nangate45. Of 7 and 8 by the inverse square of
the inputs: a table at random grows with 2^n / n (Shannon, 1949), and its pairs with n 2^n.
"""


class Luts(Priced):
    """Truth tables, each reading a few of the bits before it: (n, ..., inputs) to (n, outputs).

    Going forward, a table reads the wires of greatest score and gives 1 where its entry is above 0:
    what the hardware does. Scores learn through their softmax.

    Ways to learn a table:

    - ``"differences"``: going back, a wire's gradient is the extended finite difference of the
      table (Bacellar et al., Differentiable Weightless Neural Networks, ICML 2024,
      arXiv:2410.11112).
    - ``"relaxed"``: it is the slope of the table's multilinear form, whose corners are the entries
      cut to 0 and 1 (as gates are relaxed by Petersen et al., Deep Differentiable Logic Gate
      Networks, NeurIPS 2022, arXiv:2210.08277).
    - ``"network"``: the entries are what a small network of the table's inputs gives, for every
      index (Andronic and Constantinides, NeuraLUT, FPL 2024, arXiv:2403.00849).

    Parameters
    ----------
    inputs, outputs : int
        Bits, each 0 or 1.
    fan_in : int
        Inputs of a table, 1 to 8.
    candidates : int, optional
        Wires drawn for each input of a table, one of which is chosen in training; all by default,
        and 1 leaves nothing to learn.
    learn : str
        ``"differences"``, ``"relaxed"`` or ``"network"``.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        fan_in: int = 4,
        candidates: int | None = None,
        learn: Learn = "differences",
    ):
        super().__init__()
        if not 1 <= fan_in <= MOST_INPUTS:
            raise ValueError(f"fan_in = {fan_in}: it must be 1 to {MOST_INPUTS}")
        if candidates is not None and candidates < 1:
            raise ValueError(f"candidates = {candidates}: it must be at least 1")
        if learn not in LEARN:
            raise ValueError(f"learn = {learn!r}: it must be one of {', '.join(LEARN)}")
        self.inputs, self.outputs, self.fan_in, self.learn = inputs, outputs, fan_in, learn
        order = torch.rand(outputs * fan_in, inputs).argsort(dim=1)
        self.register_buffer("reach", order < (candidates or inputs))
        self.scores = nn.Parameter(torch.randn(outputs * fan_in, inputs))
        if learn == "network":
            self.small = _SmallNetworks(outputs, fan_in)
        else:
            self.table = nn.Parameter(torch.empty(outputs, 1 << fan_in).uniform_(-1, 1))
        self.register_buffer("slopes", _slopes(fan_in, learn == "relaxed"), persistent=False)

    reach: Tensor
    slopes: Tensor

    @property
    def entries(self) -> Tensor:
        """What decides the tables' bits, 1 above 0: (outputs, 2**fan_in)."""
        return self.small() if self.learn == "network" else self.table

    def wiring(self) -> Tensor:
        """One row for each input of a table, 1 at its wire: (outputs * fan_in, inputs)."""
        scores = self.scores.masked_fill(~self.reach, -torch.inf)
        chosen = nn.functional.one_hot(scores.argmax(dim=1), self.inputs)
        return straight_through(torch.softmax(scores, dim=1), chosen.to(scores.dtype))

    def differing(self) -> Tensor:
        """Pairs of neighbours that differ in one input and in their entries: (outputs, fan_in)."""
        bits = _Sign.apply(self.entries)
        cube = bits.reshape(-1, *(2,) * self.fan_in)
        # The first axis behind the outputs is the last input.
        pairs = [
            (cube.select(self.fan_in - place, 1) - cube.select(self.fan_in - place, 0)).abs()
            for place in range(self.fan_in)
        ]
        return torch.stack([pair.flatten(1).sum(dim=1) for pair in pairs], dim=1)

    def alive(self) -> Tensor:
        """1 for each table that is not constant: (outputs,)."""
        return present(self.differing().sum(dim=1), 1 << self.fan_in - 1)

    def price(self, used: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        """Gates of the tables that are used, in full adders, and which wires these read."""
        differing = self.differing()
        total = EDGE[self.fan_in] * (used * differing.sum(dim=1)).sum()
        matters = present(differing, 1 << self.fan_in - 1) * used[:, None]
        return total, present((matters.reshape(-1, 1) * self.wiring()).sum(dim=0))

    def forward(self, values: Any) -> Any:
        flat = values.flatten(1)
        if flat.shape[1] != self.inputs:
            raise TypeError(f"tables for {self.inputs} bits; they get {flat.shape[1]}")
        if isinstance(flat, Symbol):
            return self._traced(flat)
        read = (flat @ self.wiring().T).reshape(-1, self.outputs, self.fan_in)
        entries = self.entries
        is_cut = self.learn == "relaxed"
        corners = ((entries + 1) / 2).clamp(0, 1) if is_cut else entries > 0
        return _Lookup.apply(read, entries, corners.detach(), self.slopes)

    def _traced(self, flat: Symbol) -> Symbol:
        name = flat.trace.called(self, "tables")
        if flat.type != BIT:
            raise TypeError(f"tables '{name}' read bits, {BIT}; they get {flat.type}")
        source, layers, wires = _before(flat)
        chosen = self.wiring().argmax(dim=1).reshape(self.outputs, self.fan_in).tolist()
        entries = (self.entries.detach() > 0).numpy()
        tables = [
            reduced([wires[place] for place in row], entry)
            for row, entry in zip(chosen, entries, strict=True)
        ]
        first = _wire_count(flat, source, layers)
        made = flat.trace.builder.add(
            "lut_network",
            name,
            [source],
            layers=[*layers, [{"inputs": i, "table": t} for i, t in tables]],
            outputs=[[first + place] for place in range(self.outputs)],
            type=str(BIT),
        )
        flat.trace.gates.append((self, flat.name, made))
        return Symbol(flat.trace, made)


class GroupSum(Priced):
    """Counts the ones of each group of neighbouring bits: (n, bits) to (n, groups).

    Parameters
    ----------
    groups : int
        Of equal size; the first so many bits are the first.
    fraction_bits : int
        A bit counts 2**-fraction_bits.
    is_centred : bool
        Half of a group's bits, rounded down, are taken off its count.
    """

    def __init__(self, groups: int, fraction_bits: int = 0, *, is_centred: bool = False):
        super().__init__()
        self.groups, self.fraction_bits, self.is_centred = groups, fraction_bits, is_centred

    def price(self, used: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        """A full adder for each bit that can change, but one in a group; all bits are read."""
        by_group = alive.reshape(self.groups, -1).sum(dim=1)
        return (by_group - 1).clamp(min=0).sum(), torch.ones_like(alive)

    def forward(self, values: Any) -> Any:
        flat = values.flatten(1)
        bits = flat.shape[1]
        if bits % self.groups:
            raise TypeError(f"{bits} bits in {self.groups} groups: these are not of equal size")
        size = bits // self.groups
        offset = -(size // 2) if self.is_centred else 0
        if isinstance(flat, Symbol):
            found = self._counted(flat, size, offset)
        else:
            found = flat.reshape(-1, self.groups, size).sum(dim=2) + offset
        return found * 2.0**-self.fraction_bits if self.fraction_bits else found

    def _counted(self, flat: Symbol, size: int, offset: int) -> Symbol:
        source, layers, wires = _before(flat)
        if not layers:
            found = flat.reshape(1, self.groups, size).sum(dim=2)
            return found + torch.tensor(offset) if offset else found
        groups = [wires[start : start + size] for start in range(0, len(wires), size)]
        made = flat.trace.builder.add(
            "lut_network",
            flat.trace.called(self, "counts"),
            [source],
            layers=layers,
            popcounts=groups,
            offsets=[offset] * self.groups,
        )
        flat.trace.gates.append((self, flat.name, made))
        return Symbol(flat.trace, made)


def _before(flat: Symbol) -> tuple[str, list[Any], list[int]]:
    """Tables that bits come from, what these read, and the wire of each bit.

    Layers of tables in a row are one node: between them nothing is registered, and their logic is
    minimised as one.
    """
    builder = flat.trace.builder
    node = None if builder.is_input(flat.name) else builder.node(flat.name)
    if isinstance(node, LutNetwork) and node.outputs is not None:
        assert node.inputs is not None
        return node.inputs[0], node.layers, [end for (end,) in node.outputs]
    return flat.name, [], list(range(flat.shape[1]))


def _wire_count(flat: Symbol, source: str, layers: Sequence[Any]) -> int:
    tensor = flat.trace.builder.tensors[source]
    return tensor.elements * tensor.type.width + sum(map(len, layers))


def reduced(inputs: Sequence[int], entries: np.ndarray) -> tuple[list[int], int]:
    """A table without inputs that it reads twice or that change nothing.

    Parameters
    ----------
    inputs : sequence of int
        Wires, the first the lowest bit of the index.
    entries : bool array (2**inputs,)

    Returns
    -------
    list of int, int
        Wires, one at least, and the truth table's bits.
    """
    cube = entries.reshape((2,) * len(inputs)).transpose()
    wires = list(inputs)
    for place in reversed(range(len(wires))):
        first = wires.index(wires[place])
        if first < place:
            both = [cube.take(bit, place).take(bit, first) for bit in (0, 1)]
            cube = np.stack(both, axis=first)
            del wires[place]
    for place in reversed(range(len(wires))):
        without = cube.take(0, place)
        if len(wires) > 1 and (without == cube.take(1, place)).all():
            cube = without
            del wires[place]
    bits = cube.transpose().ravel()
    return wires, sum(1 << index for index in np.flatnonzero(bits).tolist())


class _SmallNetworks(nn.Module):
    """For each table a hidden layer and a sum beside it, of inputs -1 and 1, at every index."""

    patterns: Tensor

    def __init__(self, outputs: int, fan_in: int):
        super().__init__()
        bits = np.arange(1 << fan_in)[:, None] >> np.arange(fan_in) & 1
        self.register_buffer("patterns", torch.tensor(2.0 * bits - 1).float(), persistent=False)
        self.first = nn.Parameter(torch.randn(outputs, HIDDEN, fan_in) / fan_in**0.5)
        self.bias = nn.Parameter(torch.randn(outputs, HIDDEN, 1) / 2)
        self.second = nn.Parameter(torch.randn(outputs, 1, HIDDEN) / HIDDEN**0.5)
        self.beside = nn.Parameter(torch.randn(outputs, 1, fan_in) / fan_in**0.5)

    def forward(self) -> Tensor:
        """What decides the bits: (outputs, 2**fan_in)."""
        columns = self.patterns.T.to(self.first.dtype)
        hidden = torch.relu(self.first @ columns + self.bias)
        return (self.second @ hidden + self.beside @ columns)[:, 0]


def _slopes(fan_in: int, only_neighbours: bool) -> Tensor:
    """Weights of all entries in each input's slope at each index: (entries, index * fan_in).

    An entry counts the less, the more of the other inputs differ from the index: 1 over 1 plus
    their number; with ``only_neighbours`` none counts where any differs.
    The weights of a slope are scaled so that a table that is a wire has the slope 1.
    """
    numbers = np.arange(1 << fan_in)
    bits = numbers[:, None] >> np.arange(fan_in) & 1
    differ = bits[:, None, :] != bits[None, :, :]
    others = differ.sum(axis=2)[:, :, None] - differ
    weights = (2 * bits[:, None, :] - 1) / (1 + others)
    if only_neighbours:
        weights = weights * (others == 0)
    weights = weights / np.abs(weights).sum(axis=0, keepdims=True) * 2
    return torch.tensor(weights.reshape(1 << fan_in, -1)).float()


class _Sign(torch.autograd.Function):
    """1 above 0 and 0 elsewhere; the gradient passes within -1 to 1, and towards it."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return (values > 0).to(values.dtype)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return _inside(gradients[0], values)


def _inside(gradient: Tensor, values: Tensor) -> Tensor:
    return gradient * ((values.abs() <= 1) | (gradient * values > 0))


class _Lookup(torch.autograd.Function):
    """Entries at the index that bits (n, outputs, fan_in) spell: (n, outputs)."""

    @staticmethod
    def forward(ctx: Any, bits: Tensor, entries: Tensor, corners: Tensor, slopes: Tensor) -> Tensor:
        outputs, size = entries.shape
        index = torch.zeros(bits.shape[:2], dtype=torch.int64)
        for place in range(bits.shape[2]):
            index += (bits[:, :, place] > 0.5).to(torch.int64) << place
        index += size * torch.arange(outputs)
        ctx.save_for_backward(index, entries, corners, slopes)
        return (entries > 0).to(bits.dtype).ravel()[index]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        index, entries, corners, slopes = ctx.saved_tensors
        (gradient,) = gradients
        outputs, size = entries.shape
        by_entry = torch.zeros(outputs * size, dtype=gradient.dtype)
        by_entry.index_add_(0, index.ravel(), gradient.ravel())
        steps = corners.to(gradient.dtype) @ slopes.to(gradient.dtype)
        read = steps.reshape(outputs * size, -1)[index]
        return (
            gradient[:, :, None] * read,
            _inside(by_entry.reshape(outputs, size), entries),
            None,
            None,
        )
