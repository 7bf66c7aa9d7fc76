"""Bits of a network that radiation can flip, and what the golden model makes of a flip.

The fault model is on docs/radiation.md. Injection is exact: each latent equals
:func:`hexcoder.network.golden.evaluate` of a network, or of a register, with just that bit
inverted.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.golden import layer_outputs
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.layer import TensorType
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext, WeightedLayer
from hexcoder.sensor.front_end import sensor_image_order

FaultClass = Literal["weight", "bias", "input", "output"]
STORED: tuple[FaultClass, ...] = ("weight", "bias")
"""Bits that keep a flip until they are written again; all others hold one event."""
GROUPS = ("stored", "register")
ROWS = 16_384
"""Tensors that one call of a layer works on: what fits the processor's caches."""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """All bits of one tensor: weights, biases, the input or a layer's output."""

    fault_class: FaultClass
    layer: str  # 'input' for the network's input
    index: int  # the layer's place in the network; -1 for the network's input
    type: FixedPoint  # of the stored integers
    shape: tuple[int, ...]  # of the tensor, as in network.json
    elements: np.ndarray  # int64 (faults,): flattened, the last index fastest
    bits: np.ndarray  # int64 (faults,): 0 is the lowest

    def __len__(self) -> int:
        return len(self.elements)

    @property
    def group(self) -> str:
        """'stored' (a flip stays) or 'register' (a flip costs one event)."""
        return GROUPS[self.fault_class not in STORED]

    @property
    def label(self) -> str:
        """Name of the tensor for people: ``conv weight``, ``latent output``, ``input``."""
        return " ".join(dict.fromkeys([self.layer, self.fault_class]))

    def position(self, fault: int) -> list[int]:
        """Index of a fault's element in the tensor."""
        return [int(i) for i in np.unravel_index(self.elements[fault], self.shape)]


def flip_bit(values: np.ndarray, type_: FixedPoint, bits: np.ndarray | int) -> np.ndarray:
    """Invert a bit of each integer as it is stored: two's complement in ``type_.width`` bits.

    ``values`` are int64 within the type, and stay so; ``bits`` broadcast with them.
    """
    words = (values & ((1 << type_.width) - 1)) ^ (np.int64(1) << bits)
    sign = 1 << (type_.width - 1)
    return (words ^ sign) - sign if type_.signed else words


def _site(
    fault_class: FaultClass,
    layer: str,
    index: int,
    type_: FixedPoint,
    shape: tuple[int, ...],
    lowest: np.ndarray | None = None,
) -> Site:
    """Bits of a tensor from ``lowest`` (elements,) up; elements of a lowest of width have none."""
    elements, bits = np.divmod(np.arange(int(np.prod(shape)) * type_.width), type_.width)
    if lowest is not None:
        kept = bits >= lowest[elements]
        elements, bits = elements[kept], bits[kept]
    return Site(fault_class, layer, index, type_, shape, elements, bits)


def fault_sites(network: Network) -> list[Site]:
    """Every tensor of a network that is stored in bits, the input first, then layer by layer.

    Left out are bits that are constant in hardware: image elements that show no trigger cell, and
    fraction bits that an output channel does not keep. A flatten layer has no register of its own.
    """
    type_, shape = network.input.type, network.input.shape
    order = sensor_image_order(network)
    lowest = None if order is None else np.where(order < 0, type_.width, 0)
    sites = [_site("input", "input", -1, type_, shape, lowest)]
    for index, context in enumerate(network.contexts()):
        if not isinstance(context, WeightedContext):
            continue
        layer = context.layer
        outputs = context.output_shape[-1]
        weights = layer.weight_array().shape
        sites.append(_site("weight", context.name, index, layer.weight_type, weights))
        if layer.bias_type is not None:
            sites.append(_site("bias", context.name, index, layer.bias_type, (outputs,)))
        kept = [channel.fraction_bits for channel in layer.channel_types(outputs)]
        cut = layer.output_type.fraction_bits - np.array(kept)
        shape = context.output_shape
        lowest = np.broadcast_to(cut, shape).reshape(-1)
        sites.append(_site("output", context.name, index, layer.output_type, shape, lowest))
    return sites


def _with_variants(
    context: WeightedContext, site: Site, elements: np.ndarray, bits: np.ndarray
) -> tuple[WeightedContext, np.ndarray]:
    """A layer whose output channels are one channel each with one bit flipped.

    The golden model then evaluates all these flips in one product. Returns the layer and, for
    each fault, the channel that it belongs to.
    """
    layer = context.layer
    axis = -1 if isinstance(layer, Convolution) else 0
    place = list(np.unravel_index(elements, site.shape))
    channels, place[axis] = place[axis], np.arange(len(elements))
    weights = np.take(layer.weight_array(), channels, axis)
    biases = layer.bias_array(context.output_shape[-1])[channels]
    struck = biases if site.fault_class == "bias" else weights
    struck[tuple(place)] = flip_bit(struck[tuple(place)], site.type, bits)
    update: dict[str, object] = {"weights": weights.tolist()}
    if layer.biases is not None:
        update["biases"] = biases.tolist()
    if layer.output_fraction_bits is not None:
        update["output_fraction_bits"] = [layer.output_fraction_bits[c] for c in channels]
    varied: WeightedLayer = layer.model_copy(update=update)
    shape = (*context.output_shape[:-1], len(elements))
    output = TensorType.of(shape, context.output_type)
    return context.model_copy(update={"layer": varied, "output": output}), channels


class Injector:
    """The golden model of a network on a batch of events, one bit flipped at a time.

    Inputs are int (n, elements), integers of the network's input type; ``latents``, int64 (n,
    output elements), are those without a fault.
    """

    def __init__(self, network: Network, inputs: np.ndarray):
        self._contexts = list(network.contexts())
        outputs = layer_outputs(network, inputs)
        count = len(inputs)
        # The input of each layer, and last the latents.
        self._values = [np.asarray(inputs, dtype=np.int64).reshape(count, *network.input.shape)]
        for context in self._contexts:
            self._values.append(outputs[context.name].reshape(count, *context.output_shape))
        self.latents = self._values[-1].reshape(count, -1)

    def latents_with(self, site: Site, faults: np.ndarray) -> np.ndarray:
        """Latents of all events under each of the site's faults (f,): int64 (f, n, latents).

        Only what lies behind a fault is evaluated again: of a layer with a flipped weight the one
        channel, of the layers behind it everything.
        """
        elements, bits = site.elements[faults], site.bits[faults]
        base = self._values[site.index + 1]
        count = len(base)
        # What is changed lies along the last axis: a channel, or an element of the flat tensor.
        if site.fault_class in STORED:
            context = self._contexts[site.index]
            assert isinstance(context, WeightedContext), "what is stored is of weights"
            varied, places = _with_variants(context, site, elements, bits)
            changed = np.moveaxis(varied.golden(self._values[site.index]), -1, 0)
        else:
            base, places = base.reshape(count, -1), elements
            changed = flip_bit(base[:, elements], site.type, bits).T
        latents = np.empty((len(faults), *self.latents.shape), dtype=np.int64)
        at_once = max(1, ROWS // max(1, count))
        for start in range(0, len(faults), at_once):
            part = slice(start, start + at_once)
            flips = len(places[part])
            values = np.tile(base, (flips, *[1] * base.ndim))
            values[np.arange(flips), ..., places[part]] = changed[part]
            values = values.reshape(-1, *self._values[site.index + 1].shape[1:])
            for context in self._contexts[site.index + 1 :]:
                values = context.golden(values)
            latents[part] = values.reshape(flips, count, -1)
        return latents
