"""The quantised encoder in torch: what training sees is what the hardware computes.

Values are in real units (integer times step). Rounding and clipping pass gradients straight
through (Bengio et al., arXiv:1308.3432), except where a value saturates.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.config import Config
from hexcoder.fixed_point import FixedPoint
from models.network import (
    ArithmeticLayer,
    Convolution,
    Dense,
    Flatten,
    Layer,
    LayerContext,
    Network,
    TensorType,
    convolved_size,
    padding_sides,
)


def _straight_through(values: Tensor, quantised: Tensor) -> Tensor:
    """``quantised`` going forward, the gradient of ``values`` going back."""
    return values + (quantised - values).detach()


def _brought_into(integers: Tensor, target: FixedPoint, overflow: str) -> Tensor:
    """Saturate or wrap integers (as floats) into a type."""
    if overflow == "saturate":
        return integers.clamp(target.minimum, target.maximum)
    span = float(1 << target.width)
    return torch.remainder(integers - target.minimum, span) + target.minimum


def quantise_weights(values: Tensor, type_: FixedPoint) -> Tensor:
    """Nearest value of a type; weights beyond its range are clipped, gradients pass inside it."""
    scale = 2.0**type_.fraction_bits
    clipped = values.clamp(type_.minimum / scale, type_.maximum / scale)
    return _straight_through(clipped, torch.round(clipped * scale) / scale)


def quantise_values(values: Tensor, target: FixedPoint, rounding: str, overflow: str) -> Tensor:
    """Round and saturate or wrap values into a type, as docs/arithmetic.md defines."""
    scale = 2.0**target.fraction_bits
    scaled = values * scale
    if rounding == "round_half_up":
        scaled = scaled + 0.5
    floored = _straight_through(values * scale, torch.floor(scaled))
    if overflow == "saturate":
        return _brought_into(floored, target, overflow) / scale
    return _straight_through(values, _brought_into(floored.detach(), target, overflow) / scale)


class QuantisedLayer(nn.Module):
    """A convolution or a dense layer with trainable weights, in the layer's own arithmetic.

    Parameters
    ----------
    context : LayerContext
        Shapes, types and the integer weights to start from.
    """

    def __init__(self, context: LayerContext):
        super().__init__()
        layer = context.layer
        assert not isinstance(layer, Flatten)
        self.context = context
        self.layer: ArithmeticLayer = layer
        weights = torch.tensor(layer.weight_array(), dtype=torch.get_default_dtype())
        self.weights = nn.Parameter(weights * layer.weight_type.step)
        self.biases = None
        if layer.bias_type is not None:
            biases = layer.bias_array(context.output_shape[-1])
            tensor = torch.tensor(biases, dtype=torch.get_default_dtype())
            self.biases = nn.Parameter(tensor * layer.bias_type.step)

    def _rows_and_matrix(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Windows (m, inputs) and weights (inputs, outputs)."""
        weights = quantise_weights(self.weights, self.layer.weight_type)
        if not isinstance(self.layer, Convolution):
            return values, weights.T
        (top, bottom), (left, right) = self.layer.sides(self.context.input_shape)
        padded = nn.functional.pad(values, (0, 0, left, right, top, bottom))
        windows = padded.unfold(1, self.layer.kernel[0], self.layer.stride[0])
        windows = windows.unfold(2, self.layer.kernel[1], self.layer.stride[1])
        # (n, rows, columns, channel, kernel row, kernel column) to the weights' order.
        rows = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, weights[..., 0].numel())
        return rows, weights.reshape(rows.shape[1], -1)

    def _sums(self, rows: Tensor, matrix: Tensor) -> Tensor:
        product_type = self.layer.product_type
        if product_type is None:
            return rows @ matrix
        total = torch.zeros(len(rows), matrix.shape[1], dtype=rows.dtype)
        for element in range(matrix.shape[0]):
            products = rows[:, element, None] * matrix[element]
            total = total + quantise_values(products, product_type, "floor", "wrap")
        return total

    def forward(self, values: Tensor) -> Tensor:
        """Apply the layer to a batch (n, *input shape)."""
        rows, matrix = self._rows_and_matrix(values)
        total = self._sums(rows, matrix)
        if self.biases is not None and self.layer.bias_type is not None:
            total = total + quantise_weights(self.biases, self.layer.bias_type)
        if self.layer.activation == "relu":
            total = torch.relu(total)
        result = quantise_values(
            total, self.layer.output_type, self.layer.rounding, self.layer.overflow
        )
        return result.reshape(len(values), *self.context.output_shape)

    def frozen(self) -> ArithmeticLayer:
        """The layer with integer weights as they are now."""
        update: dict[str, object] = {
            "weights": _integers(self.weights, self.layer.weight_type).tolist()
        }
        if self.biases is not None and self.layer.bias_type is not None:
            update["biases"] = _integers(self.biases, self.layer.bias_type).tolist()
        return self.layer.model_copy(update=update)


def _integers(values: Tensor, type_: FixedPoint) -> np.ndarray:
    quantised = quantise_weights(values.detach(), type_)
    return torch.round(quantised * 2.0**type_.fraction_bits).to(torch.int64).numpy()


class QuantisedEncoder(nn.Module):
    """A network in torch, from integers or from scratch.

    Parameters
    ----------
    network : Network
        Shapes, types and weights.
    """

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.layers = nn.ModuleDict(
            {
                context.name: QuantisedLayer(context)
                for context in network.contexts()
                if not isinstance(context.layer, Flatten)
            }
        )

    def layer_values(self, values: Tensor) -> dict[str, Tensor]:
        """Every layer's output (n, elements) by name, in real units."""
        values = values.reshape(len(values), *self.network.input.shape)
        found = {}
        for context in self.network.contexts():
            if isinstance(context.layer, Flatten):
                values = values.reshape(len(values), -1)
            else:
                values = self.layers[context.name](values)
            found[context.name] = values.reshape(len(values), -1)
        return found

    def forward(self, values: Tensor) -> Tensor:
        """Encode a batch: inputs (n, elements) to outputs (n, elements), in real units."""
        return list(self.layer_values(values).values())[-1]

    def layer_integers(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Evaluate integers exactly: int (n, elements) to int64 (n, elements) by layer name.

        Runs in float64, exact for sums below 2**53 and, because training keeps weights in
        float32, for weights and biases of at most 24 significant bits.
        """
        with torch.no_grad():
            double = QuantisedEncoder(self.network).double()
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
            context.layer
            if isinstance(context.layer, Flatten)
            else self.layers[context.name].frozen()  # type: ignore[operator]
            for context in self.network.contexts()
        )
        frozen = self.network.model_copy(update={"layers": layers})
        return Network.model_validate(frozen.model_dump())


def untrained_network(config: Config, seed: int) -> Network:
    """The config's network with random weights (He et al., arXiv:1502.01852), biases zero."""
    random = np.random.default_rng(seed)
    shape: tuple[int, ...] = config.network.input_shape
    layers: list[Layer] = []
    for index, wanted in enumerate(config.network.layers):
        name = wanted.name or f"{wanted.kind}_{index}"
        if wanted.kind == "flatten":
            layers.append(Flatten(kind="flatten", name=name))
            shape = (int(np.prod(shape)),)
            continue
        if wanted.kind == "conv2d":
            size: tuple[int, ...] = (*wanted.kernel, shape[-1], wanted.filters)
            sides = padding_sides(wanted.padding, shape, wanted.kernel, wanted.stride)
            rows = convolved_size(shape, wanted.kernel, wanted.stride, sides)
            inputs, outputs = int(np.prod(size[:3])), wanted.filters
            shape = (*rows, outputs)
        else:
            inputs, outputs = int(np.prod(shape)), wanted.outputs
            size = (outputs, inputs)
            shape = (outputs,)
        given = wanted.model_dump(exclude={"filters", "kernel", "outputs"}, exclude_none=True)
        defaults = config.quantisation
        weight_type = wanted.weight_type or defaults.weight_type
        bias_type = wanted.bias_type or defaults.bias_type
        spread = np.sqrt(2.0 / inputs) / weight_type.step
        weights = np.clip(
            np.rint(random.normal(0, spread, size)), weight_type.minimum, weight_type.maximum
        )
        given |= {
            "name": name,
            "weights": weights.astype(int).tolist(),
            "weight_type": weight_type,
            "biases": [0] * outputs,
            "bias_type": bias_type,
            "rounding": defaults.rounding,
            "overflow": defaults.overflow,
        }
        layers.append(
            Convolution.model_validate(given)
            if wanted.kind == "conv2d"
            else Dense.model_validate(given)
        )
    tensor = TensorType(shape=config.network.input_shape, type=config.network.input_type)
    return Network(name=config.name, input=tensor, layers=tuple(layers))
