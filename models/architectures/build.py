"""The torch module that a config's section 'network' describes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from hexcoder.config import Config, Quantisation, Task, TaskLayer
from hexcoder.config.task import (
    TaskConvolution,
    TaskDense,
    TaskFloatCode,
    TaskGroupSum,
    TaskPool,
    TaskTables,
    TaskThermometer,
)
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.architectures.garnet import GarNet
from hexcoder.models.architectures.interaction_network import InteractionNetwork
from hexcoder.models.architectures.variational import VariationalEncoder
from hexcoder.models.layers.float_code import FloatCode
from hexcoder.models.layers.luts import GroupSum, Luts
from hexcoder.models.layers.model import ModelInput, QuantisedModel
from hexcoder.models.layers.sums import Convolution, Dense, Pool, settings_of
from hexcoder.models.layers.thermometer import Thermometer
from hexcoder.network.schema import RealInput
from hexcoder.network.windows import Windows, same_sides

ARCHITECTURES: dict[str, Callable[[int, Quantisation], nn.Module]] = {
    "interaction_network": InteractionNetwork,
    "garnet": GarNet,
    "variational": VariationalEncoder,
}


def build_model(
    config: Config, real: RealInput | None, samples: np.ndarray | None = None
) -> QuantisedModel:
    """A config's network with random weights.

    Parameters
    ----------
    real : RealInput, optional
        How real inputs become integers.
    samples : float array (n, *input_shape), optional
        Real inputs, at whose quantiles a thermometer's thresholds are; evenly over the input's type
        without them.

    Raises
    ------
    InputError
        If its layers do not fit together.
    """
    wanted = config.network
    assert isinstance(wanted, Task)
    if wanted.architecture is not None:
        module = ARCHITECTURES[wanted.architecture](wanted.input_shape[-1], config.quantisation)
    else:
        module = _layers(config, wanted, _values(samples, real, wanted.input_type))
    given = ModelInput("x", tuple(wanted.input_shape), wanted.input_type, real)
    try:
        return QuantisedModel(module, [given], config.name)
    except InputError as error:
        raise InputError(f"config {config.name}: section 'network': {error}") from None


def _values(
    samples: np.ndarray | None, real: RealInput | None, type_: FixedPoint
) -> np.ndarray | None:
    """Samples in units of the input's type."""
    if samples is None or real is None:
        return samples
    return (samples - np.array(real.offset)) / np.array(real.scale) * type_.step


class Flatten(nn.Module):
    """All axes but the batch's as one."""

    def forward(self, values: Any) -> Any:
        return values.flatten(1)


def _layers(config: Config, wanted: Task, values: np.ndarray | None) -> nn.Module:
    shape: tuple[int, ...] = tuple(wanted.input_shape)
    type_: FixedPoint | None = wanted.input_type
    is_input = True
    made: dict[str, nn.Module] = {}
    for number, layer in enumerate(wanted.layers):
        name = layer.name or f"{layer.kind}_{number}"
        where = f"config {config.name}: key 'network.layers.{number}'"
        if name in made:
            raise InputError(f"{where}: a layer is called '{name}' already")
        try:
            if isinstance(layer, TaskThermometer):
                made[name] = _thermometer(layer, shape, type_, values)
                shape = (int(np.prod(shape)) * layer.bits,)
            elif isinstance(layer, TaskFloatCode):
                made[name] = code = _float_code(layer, shape, type_ if is_input else None)
                shape = (code.bits,)
            else:
                made[name], shape = _layer(layer, shape, config.quantisation)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
        if layer.kind not in ("flatten", "max_pool"):
            values, type_, is_input = None, None, False
            if isinstance(layer, TaskDense | TaskConvolution) and layer.activation != "binary":
                type_ = layer.output_type
    return nn.Sequential(OrderedDict(made))


def _thermometer(
    layer: TaskThermometer,
    shape: tuple[int, ...],
    type_: FixedPoint | None,
    values: np.ndarray | None,
) -> Thermometer:
    if type_ is None:
        raise ValueError("a thermometer stands behind the input, or a layer with an output_type")
    if values is not None:
        return Thermometer.at_quantiles(values, layer.bits, type_)
    return Thermometer.over_range(int(np.prod(shape)), layer.bits, type_)


def _float_code(
    layer: TaskFloatCode, shape: tuple[int, ...], type_: FixedPoint | None
) -> FloatCode:
    if type_ is None:
        raise ValueError("a float code stands behind the input: no gradient passes it")
    elements = int(np.prod(shape))
    return FloatCode(elements, layer.exponent_bits, layer.mantissa_bits, type_)


def _layer(
    layer: TaskLayer, shape: tuple[int, ...], quantisation: Quantisation
) -> tuple[nn.Module, tuple[int, ...]]:
    """A layer, and the shape behind it."""
    if isinstance(layer, TaskTables):
        bits = int(np.prod(shape))
        made = Luts(bits, layer.outputs, layer.fan_in, layer.candidates, layer.learn)
        return made, (layer.outputs,)
    if isinstance(layer, TaskGroupSum):
        module = GroupSum(layer.groups, layer.fraction_bits, is_centred=layer.centred)
        return module, (layer.groups,)
    if isinstance(layer, TaskDense):
        return _dense(layer, shape[-1], quantisation), (*shape[:-1], layer.outputs)
    if isinstance(layer, TaskConvolution):
        return _convolution(layer, shape, quantisation)
    if isinstance(layer, TaskPool):
        stride = layer.stride or layer.window
        axes = len(layer.window)
        if len(stride) != axes:
            raise ValueError(f"a stride of {list(stride)} for a window of {list(layer.window)}")
        windows = Windows(layer.window, stride, (1,) * axes, ((0, 0),) * axes)
        module = Pool("max" if layer.kind == "max_pool" else "sum", layer.window, stride)
        return module, (*windows.positions(shape), shape[-1])
    return Flatten(), (int(np.prod(shape)),)


def _dense(layer: TaskDense, inputs: int, quantisation: Quantisation) -> Dense:
    keys = settings_of(quantisation, layer.weight_type, layer.bias_type)
    return Dense(inputs, layer.outputs, layer.output_type, activation=layer.activation, **keys)


def _convolution(
    layer: TaskConvolution, shape: tuple[int, ...], quantisation: Quantisation
) -> tuple[Convolution, tuple[int, ...]]:
    axes = len(layer.kernel)
    if len(shape) != axes + 1:
        raise ValueError(f"{layer.kind} takes {axes + 1} axes; its input is {list(shape)}")
    stride = layer.stride or (1,) * axes
    padding = [(0, 0)] * axes
    if layer.padding == "same":
        padding = list(map(same_sides, shape, layer.kernel, stride))
    positions = Windows(layer.kernel, stride, (1,) * axes, padding).positions(shape)
    keys = settings_of(quantisation, layer.weight_type, layer.bias_type)
    module = Convolution(
        shape[-1],
        layer.filters,
        layer.kernel,
        layer.output_type,
        stride=stride,
        padding=padding,
        activation=layer.activation,
        **keys,
    )
    return module, (*positions, layer.filters)
