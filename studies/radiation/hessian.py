"""How curved the loss is in each layer's weights: traces of the Hessian by Hutchinson's method.

A layer with a large trace loses much when its weights are rounded (HAWQ-V2: Dong et al.,
arXiv:1911.03852); :mod:`hexcoder.studies.radiation.precision` turns traces into widths.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext
from hexcoder.sensor.conditions import condition_features
from hexcoder.sensor.front_end import normalise, sensor_image_order
from hexcoder.sensor.metrics import charge_fractions
from hexcoder.studies.radiation.smooth_transport import transport_costs

Weights: TypeAlias = Mapping[str, Tensor]
"""By layer, in real units, shapes as in network.json."""
Loss = Callable[[Weights], Tensor]


@dataclass(frozen=True, slots=True)
class Trace:
    """Trace of the loss's Hessian with respect to one layer's weights.

    ``value`` is loss over squared weight (real units), summed over the weights; its standard error
    comes from the spread over probes.
    """

    value: float
    standard_error: float
    weights: int

    @property
    def mean(self) -> float:
        """Trace per weight: the mean of the Hessian's diagonal."""
        return self.value / self.weights


def hessian_traces(
    loss: Loss,
    weights: Weights,
    probes: int,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, Trace]:
    """Estimate the trace of each diagonal block of a Hessian.

    For random signs v, the mean of v' H v is the trace of H (Hutchinson, Commun. Stat. Simul. 19
    (1990) 433); H v comes from differentiating twice, H itself is never formed.

    The loss is a scalar and twice differentiable; the Hessian is taken at ``weights``. There are at
    least 2 probes, vectors of signs: fewer have no standard error.
    """
    generator = torch.Generator().manual_seed(seed)
    leaves = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
    first = torch.autograd.grad(loss(leaves), list(leaves.values()), create_graph=True)
    products: dict[str, list[float]] = {name: [] for name in leaves}
    for _ in range(probes):
        for (name, leaf), gradient in zip(leaves.items(), first, strict=True):
            signs = torch.randint(0, 2, leaf.shape, generator=generator).to(leaf.dtype) * 2 - 1
            if not gradient.requires_grad:
                # The loss is linear in these weights.
                products[name].append(0.0)
                continue
            (product,) = torch.autograd.grad(
                gradient, leaf, signs, retain_graph=True, materialize_grads=True
            )
            products[name].append(float((product * signs).sum()))
        progress()
    return {
        name: Trace(
            float(np.mean(values)),
            float(np.std(values, ddof=1) / np.sqrt(probes)),
            leaves[name].numel(),
        )
        for name, values in products.items()
    }


def _smooth_layer(context: WeightedContext, weights: Tensor, values: Tensor) -> Tensor:
    """A layer without rounding: (n, *input shape) to (n, *output shape), in real units."""
    layer = context.layer
    if isinstance(layer, Convolution):
        (top, bottom), (left, right) = layer.sides(context.input_shape)
        image = nn.functional.pad(values.permute(0, 3, 1, 2), (left, right, top, bottom))
        total = nn.functional.conv2d(image, weights.permute(3, 2, 0, 1), stride=layer.stride)
        total = total.permute(0, 2, 3, 1)
    else:
        total = values @ weights.T
    if layer.bias_type is not None:
        biases = layer.bias_array(context.output_shape[-1]) * layer.bias_type.step
        total = total + torch.tensor(biases, dtype=total.dtype)
    if layer.activation == "relu":
        total = torch.relu(total)
    type_ = layer.output_type
    return total.clamp(type_.minimum * type_.step, type_.maximum * type_.step)


def smooth_encoder(network: Network, weights: Weights, values: Tensor) -> Tensor:
    """The network as if numbers had no steps: quantisers only clip to their type's range.

    Rounding has a derivative of zero almost everywhere; without it the loss has curvature. Cuts of
    products (``product_type``) and wrapping are left out too. From inputs (n, elements) to outputs
    (n, output elements), both in real units.
    """
    values = values.reshape(len(values), *network.input.shape)
    for context in network.contexts():
        if isinstance(context, WeightedContext):
            values = _smooth_layer(context, weights[context.name], values)
        else:
            values = values.reshape(len(values), -1)
    return values.reshape(len(values), -1)


def integer_weights(network: Network) -> dict[str, Tensor]:
    """Weights of network.json, float64."""
    return {
        context.name: torch.tensor(
            context.layer.weight_array() * context.layer.weight_type.step, dtype=torch.float64
        )
        for context in network.weighted()
    }


def transport_loss(network: Network, decoder: Decoder, sample: Sample) -> Loss:
    """Loss of a network of an image of the sensor as a smooth function of its weights.

    Mean over events, none of them empty, of the entropic transport cost in half pitches, through
    encoder and decoder, in float64.
    """
    order = sensor_image_order(network)
    assert order is not None
    type_ = network.input.type
    inputs = torch.tensor(normalise(sample.events, type_, order) * type_.step)
    conditions = torch.tensor(condition_features(decoder.conditions, sample.events, sample.places))
    true = torch.tensor(charge_fractions(sample.events))
    double = copy.deepcopy(decoder).double().requires_grad_(False)

    def loss(weights: Weights) -> Tensor:
        latents = smooth_encoder(network, weights, inputs)
        return transport_costs(true, double(latents, conditions)).mean()

    return loss
