"""The quantised encoder in torch: what training sees is what the hardware computes.

Values are in real units (integer times step). With a :class:`Precision`, types are learned too:
a width for every weight, for every channel between layers, and for the products of a layer.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.fixed_point import WIDEST_TYPE_BITS, FixedPoint
from hexcoder.models.encoder.hardware_cost import uses
from hexcoder.models.layers.quantisers import (
    digit_table,
    learned_values,
    quantise_values,
    quantise_weights,
    straight_through,
)
from hexcoder.models.layers.weights import QuantisedWeights, integers_of
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.names import SUFFIX
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext, WeightedLayer

LARGEST_PRODUCTS = 1 << 22
"""Products that are held at a time where each is cut before the sum."""

GUARD_BITS = 3
"""Learned products start with so many fraction bits more than the output has."""


@dataclass(frozen=True, slots=True)
class Precision:
    """What training decides beside the weights.

    Parameters
    ----------
    weights : bool
        Fraction bits of each weight.
    activations : bool
        Fraction bits of each channel between layers.
    products : bool
        Fraction bits that the products of a layer keep before they are summed.
    digits : int, optional
        Most signed digits of a weight; 1 allows powers of two.
    """

    weights: bool = False
    activations: bool = False
    products: bool = False
    digits: int | None = None


class QuantisedLayer(QuantisedWeights):
    """A convolution or a dense layer with trainable weights, in the layer's own arithmetic.

    Parameters
    ----------
    context : WeightedContext
        Shapes, types and the integer weights to start from.
    precision : Precision
    last : bool
        The output's type is the link's, so it is not learned.
    """

    def __init__(self, context: WeightedContext, precision: Precision, last: bool):
        layer = context.layer
        type_, default = layer.weight_type, torch.get_default_dtype()
        weights = torch.tensor(layer.weight_array(), dtype=default)
        super().__init__(
            weights * type_.step,
            type_,
            learned=precision.weights,
            values=digit_table(type_, precision.digits) if precision.digits else None,
        )
        self.context, self.layer = context, layer
        self.biases = None
        if layer.bias_type is not None:
            biases = torch.tensor(layer.bias_array(context.output_shape[-1]), dtype=default)
            self.biases = nn.Parameter(biases * layer.bias_type.step)
        self.output_bits = self.product_bits = None
        if precision.activations and not last:
            kept = [float(t.fraction_bits) for t in layer.channel_types(context.output_shape[-1])]
            self.output_bits = nn.Parameter(torch.tensor(kept, dtype=default))
        if precision.products:
            full = layer.product_fraction_bits(context.input_type)
            start = float(min(full, layer.output_type.fraction_bits + GUARD_BITS))
            self.product_bits = nn.Parameter(torch.tensor(start, dtype=default))

    def _kept_output_bits(self) -> Tensor:
        type_ = self.layer.output_type
        assert self.output_bits is not None
        return self.output_bits.clamp(1 - type_.integer_bits, type_.fraction_bits)

    def product_type(self) -> FixedPoint | None:
        """Type that products are cut to as things stand; None where they are not."""
        source, weight = self.context.input_type, self.layer.weight_type
        if self.product_bits is None:
            return self.layer.product_type
        kept = round(self.product_bits.item())
        if kept >= source.fraction_bits + weight.fraction_bits:
            return None
        # Wide enough for every product: only low bits are dropped.
        integer_bits = source.integer_bits + weight.integer_bits
        kept = min(max(kept, 1 - integer_bits), WIDEST_TYPE_BITS - integer_bits)
        return FixedPoint(source.signed or weight.signed, integer_bits, kept)

    def _rows_and_matrix(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Windows (m, inputs) and weights (inputs, outputs)."""
        weights = self.quantised_weights()
        if not isinstance(self.layer, Convolution):
            return values, weights.T
        (top, bottom), (left, right) = self.layer.sides(self.context.input_shape)
        padded = nn.functional.pad(values, (0, 0, left, right, top, bottom))
        windows = padded.unfold(1, self.layer.kernel[0], self.layer.stride[0])
        windows = windows.unfold(2, self.layer.kernel[1], self.layer.stride[1])
        # (n, rows, columns, channel, kernel row, kernel column) to the weights' order.
        rows = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, weights[..., 0].numel())
        return rows, weights.reshape(rows.shape[1], -1)

    def _cut_products(self, products: Tensor, type_: FixedPoint) -> Tensor:
        cut = quantise_values(products, type_, "floor", "wrap")
        if self.product_bits is None:
            return cut
        slope = (math.log(2) * (products - cut)).detach()
        return cut + slope * (self.product_bits - self.product_bits.detach())

    def _sums(self, rows: Tensor, matrix: Tensor) -> Tensor:
        type_ = self.product_type()
        if type_ is None:
            total = rows @ matrix
            if self.product_bits is None:
                return total
            # Nothing is cut yet: only the pull of the cost acts on the bits.
            return straight_through(total + 0 * self.product_bits, total)
        total = torch.zeros(len(rows), matrix.shape[1], dtype=rows.dtype)
        step = max(1, LARGEST_PRODUCTS // (len(rows) * matrix.shape[1] or 1))
        for first in range(0, matrix.shape[0], step):
            some = slice(first, first + step)
            products = rows[:, some, None] * matrix[some]
            total = total + self._cut_products(products, type_).sum(dim=1)
        return total

    def forward(self, values: Tensor) -> Tensor:
        """Apply the layer to a batch (n, *input shape)."""
        rows, matrix = self._rows_and_matrix(values)
        total = self._sums(rows, matrix)
        layer = self.layer
        if self.biases is not None and layer.bias_type is not None:
            total = total + quantise_weights(self.biases, layer.bias_type)
        if layer.activation == "relu":
            total = torch.relu(total)
        bits = None
        if self.output_bits is not None:
            bits = self._kept_output_bits()
        elif layer.output_fraction_bits is not None:
            bits = torch.tensor(layer.output_fraction_bits, dtype=total.dtype)
        if bits is None:
            result = quantise_values(total, layer.output_type, layer.rounding, layer.overflow)
        else:
            result = learned_values(total, bits, layer.output_type, layer.rounding, layer.overflow)
        return result.reshape(len(values), *self.context.output_shape)

    def linear_map(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """What the sums are made of: of each unit input, (outputs, n), and the biases, (outputs,).

        Without rounding, and without upsets: as the receiver knows the layer.
        """
        upsets, self.upsets = self.upsets, None
        rows, matrix = self._rows_and_matrix(units)
        self.upsets = upsets
        columns = (rows @ matrix).reshape(len(units), -1)
        biases = torch.zeros(columns.shape[1], dtype=columns.dtype)
        if self.biases is not None and self.layer.bias_type is not None:
            kept = quantise_weights(self.biases, self.layer.bias_type)
            biases = kept.repeat(columns.shape[1] // len(kept))
        return columns.T, biases

    def output_widths(self) -> Tensor:
        """Bits of each output channel, (channels,), with gradients where they are learned."""
        type_, channels = self.layer.output_type, self.context.output_shape[-1]
        if self.output_bits is not None:
            return self._kept_output_bits() + type_.integer_bits
        widths = [float(kept.width) for kept in self.layer.channel_types(channels)]
        return torch.tensor(widths)

    def adder_bits(self, input_widths: Tensor) -> Tensor:
        """Smooth estimate of the layer's adder bits, to be minimised beside the loss.

        Each signed digit of a weight adds one operand as wide as its input, less what is cut, for
        each window that uses the weight.

        Parameters
        ----------
        input_widths : Tensor (channels of the input,)
        """
        digits = self.signed_digits()
        counts = torch.tensor(uses(self.context), dtype=digits.dtype)
        if isinstance(self.layer, Convolution):
            widths = input_widths[:, None]
        else:
            widths = input_widths.repeat(self.weights.shape[1] // len(input_widths))
        if self.product_bits is not None:
            # Digits lie between the weight's highest and lowest bit: half of the cut on average.
            lowest = self.context.input_type.fraction_bits + self.weight_fraction_bits()
            widths = (widths - torch.relu(lowest - self.product_bits) / 2).clamp_min(0)
        return (digits * counts * widths).sum()

    def frozen(self) -> WeightedLayer:
        """The layer with integer weights, and what was learned of types, as they are now."""
        update: dict[str, object] = {"weights": self.weight_integers().tolist()}
        if self.biases is not None and self.layer.bias_type is not None:
            biases = quantise_weights(self.biases, self.layer.bias_type)
            update["biases"] = integers_of(biases, self.layer.bias_type).tolist()
        if self.output_bits is not None:
            kept = torch.round(self._kept_output_bits().detach()).to(torch.int64)
            update["output_fraction_bits"] = kept.tolist()
        if self.product_bits is not None:
            update["product_type"] = self.product_type()
        return self.layer.model_copy(update=update)


class QuantisedEncoder(nn.Module):
    """A network in torch, from integers or from scratch.

    Parameters
    ----------
    network : Network
        Shapes, types and weights.
    precision : Precision
    """

    def __init__(self, network: Network, precision: Precision | None = None):
        super().__init__()
        for context in network.contexts():
            if not isinstance(context, WeightedContext) and not context.layer.is_wiring:
                raise ValueError(f"layer '{context.name}': {context.layer.kind} is not trained")
        self.network = network
        self.precision = precision or Precision()
        contexts = network.weighted()
        self.layers = nn.ModuleDict(
            {
                _key(context.name): QuantisedLayer(context, self.precision, context is contexts[-1])
                for context in contexts
            }
        )

    def arithmetic_layers(self) -> list[QuantisedLayer]:
        """Layers with weights, in order."""
        return list(self.layers.values())  # type: ignore[arg-type]

    @property
    def is_linear(self) -> bool:
        """Whether one layer without an activation is all that there is."""
        layers = self.arithmetic_layers()
        return len(layers) == 1 and layers[0].layer.activation == "none"

    def linear_map(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`QuantisedLayer.linear_map`: of inputs (n, elements)."""
        (layer,) = self.arithmetic_layers()
        return layer.linear_map(units.reshape(len(units), *layer.context.input_shape))

    def layer_values(self, values: Tensor) -> dict[str, Tensor]:
        """Every layer's output (n, elements) by name, in real units."""
        values = values.reshape(len(values), *self.network.input.shape)
        found = {}
        for context in self.network.contexts():
            if isinstance(context, WeightedContext):
                values = self.layers[_key(context.name)](values)
            else:
                values = values.reshape(len(values), *context.output_shape)
            found[context.name] = values.reshape(len(values), -1)
        return found

    def forward(self, values: Tensor) -> Tensor:
        """Encode a batch: inputs (n, elements) to outputs (n, elements), in real units."""
        return list(self.layer_values(values).values())[-1]

    def adder_bits(self) -> Tensor:
        """Smooth estimate of the network's adder bits, see :meth:`QuantisedLayer.adder_bits`."""
        widths = torch.full((self.network.input.shape[-1],), float(self.network.input.type.width))
        total = torch.zeros(())
        for layer in self.arithmetic_layers():
            total = total + layer.adder_bits(widths)
            widths = layer.output_widths()
        return total

    def table_gates(self) -> Tensor:
        """An encoder has no trained tables."""
        return torch.zeros(())

    def layer_integers(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Evaluate integers exactly: int (n, elements) to int64 (n, elements) by layer name.

        Runs in float64, exact for sums below 2**53 and, because training keeps weights in
        float32, for weights and biases of at most 24 significant bits.
        """
        with torch.no_grad():
            double = QuantisedEncoder(self.network, self.precision).double()
            double.load_state_dict(self.state_dict())
            values = torch.tensor(inputs, dtype=torch.float64) * self.network.input.type.step
            outputs = double.layer_values(values)
        return {
            context.name: torch.round(
                outputs[context.name] * 2.0**context.output_type.fraction_bits
            )
            .to(torch.int64)
            .numpy()
            for context in self.network.contexts()
        }

    def freeze(self) -> Network:
        """The network with the weights as they are now."""
        layers = tuple(
            self.layers[_key(context.name)].frozen()  # type: ignore[operator]
            if isinstance(context, WeightedContext)
            else context.layer
            for context in self.network.contexts()
        )
        frozen = self.network.model_copy(update={"layers": layers})
        return Network.model_validate(frozen.model_dump())


def _key(name: str) -> str:
    """Under which a layer stands in torch's dictionary, which has methods' names for itself."""
    return f"{name}{SUFFIX}" if hasattr(nn.ModuleDict, name) or name == "training" else name


def learned_precision(names: Collection[str], digits: int | None = None) -> Precision:
    """From the names of a config's ``quantisation.learned``."""
    return Precision("weights" in names, "activations" in names, "products" in names, digits)
