"""The autoencoder that a config describes: new, or from a folder of trained weights."""

from pathlib import Path

import numpy as np
import torch

from hexcoder.config import Config
from hexcoder.errors import InputError
from hexcoder.models.decoder import DECODERS, Decoder, load_decoder
from hexcoder.models.encoder.quantised import QuantisedEncoder, learned_precision
from hexcoder.models.encoder.untrained import untrained_network
from hexcoder.network.schema import Network, load_network
from hexcoder.sensor.front_end import sensor_image_order


def _untrained(config: Config) -> Network:
    try:
        network = untrained_network(config, config.training.seed)
    except ValueError as error:
        raise InputError(f"config {config.name}: section 'network': {error}") from None
    if sensor_image_order(network) is None:
        raise InputError(
            f"config {config.name}: key 'network.input_shape' = "
            f"{list(config.layered.input_shape)} with type {config.layered.input_type} is no "
            "image of the sensor; valid are [4, 4, 3] and [8, 8, 1] of a type such as UQ(1,7)"
        )
    return network


def new_autoencoder(config: Config) -> tuple[QuantisedEncoder, Decoder]:
    """Random weights by ``training.seed``.

    Raises
    ------
    InputError
        If the layers do not fit together, or the input is no image of the sensor.
    """
    torch.manual_seed(config.training.seed)
    network = _untrained(config)
    quantisation, shape = config.quantisation, config.layered.decoder
    precision = learned_precision(quantisation.learned, quantisation.weight_digits)
    latents = int(np.prod(network.output.shape))
    make = DECODERS[shape.kind]
    decoder = make(latents, network.output.type, shape.hidden, shape.conditions)
    encoder = QuantisedEncoder(network, precision)
    if shape.kind == "lista" and not encoder.is_linear:
        raise InputError(
            f"config {config.name}: key 'network.decoder.kind' = 'lista' recovers events from an "
            "encoder of one layer with weights and activation = 'none'; use 'mlp'"
        )
    return encoder, decoder


def _shape(network: Network) -> list[tuple[str, str, tuple[int, ...], str]]:
    return [
        (context.name, context.layer.kind, context.output_shape, str(context.output_type))
        for context in network.contexts()
    ]


def given_autoencoder(config: Config) -> tuple[QuantisedEncoder, Decoder]:
    """The trained autoencoder in the folder ``training.weights``.

    Raises
    ------
    InputError
        If the folder holds none, or its network is not the one that the config describes.
    """
    folder = Path(config.training.weights or ".")
    network = load_network(folder / "network.json")
    wanted = _untrained(config)
    if network.input != wanted.input or _shape(network) != _shape(wanted):
        raise InputError(
            f"config {config.name}: key 'training.weights' = {folder}: that network's input and "
            f"layers, {network.input.type} {_shape(network)}, are not those of section 'network', "
            f"{wanted.input.type} {_shape(wanted)}"
        )
    decoder = load_decoder(folder / "decoder.safetensors")
    return QuantisedEncoder(network.model_copy(update={"name": config.name})), decoder
