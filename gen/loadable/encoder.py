"""Module ``loadable_encoder``: any network, with its weights in registers behind I2C."""

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring

from hexcoder.gen.compiler import Settings
from hexcoder.gen.loadable.network import LoadableNetwork
from hexcoder.gen.loadable.registers import PARAMETERS_ADDRESS, Loadable, LoadableModule
from hexcoder.hw.chip.register_map import Field
from hexcoder.network.parameters import layer_parameter_bits


def parameter_field(layer: str) -> str:
    """Name of the field that holds a layer's parameters."""
    return f"parameters_{layer}"


def layer_fields(parameter_bits: Mapping[str, int]) -> dict[str, tuple[Field, int]]:
    """A field for each layer's parameters, one after the other, in whole rows of 16 bytes."""
    place, fields = PARAMETERS_ADDRESS, {}
    for stage, (layer, bits) in enumerate(parameter_bits.items()):
        name = parameter_field(layer)
        field = Field(name, place, 1, bits)
        fields[name] = (field, stage)
        place += -(-field.size // 16) * 16
    return fields


class LoadableEncoder(LoadableModule):
    """A network between registers, one more rank behind each layer.

    Data ports are those of ``encoder_core``: element k in bits [k*w +: w]. One event per clock;
    events that come while registers are loaded are not valid.

    Parameters
    ----------
    network : LoadableNetwork
    settings : Settings
        As of :class:`hexcoder.gen.loadable.registers.LoadableModule`.
    """

    def __init__(self, network: LoadableNetwork, settings: Settings):
        tensors = (network.network.input, network.network.output)
        bits = [int(np.prod(tensor.shape)) * tensor.type.width for tensor in tensors]
        super().__init__(
            network,
            layer_fields(layer_parameter_bits(network.network)),
            settings,
            latency=1 + len(network.layers),
            input_bits=bits[0],
            output_bits=bits[1],
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        parts = Loadable(m, self)
        rank = parts.rank("input", self.in_valid, [self.in_data])
        for number, layer in enumerate(self.network.layers):
            name = layer.context.name
            output = parts.layer(self.network, number, parameter_field(name), rank.values[0])
            rank = parts.rank(name, rank.valid, [output])
        wiring.connect(m, rank.events, wiring.flipped(self.events_out))
        parts.finish()
        return m
