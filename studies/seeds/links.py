"""How many bits a number of links carries, and a config that fits them.

An adaptive code's frame takes what n links carry but for their header, 32 n - 7 bits. A network's
event on n links is a 5-bit bunch-crossing counter, the 9-bit code of the sum, and the
data field; the chip fills the field with 3, 5, 7 or 9 bits of each of its 16 latents.
"""

import math

from hexcoder.config import Coded, Config, FlattenShape
from hexcoder.errors import InputError
from hexcoder.models.encoder.untrained import untrained_network

DATA_BITS = {2: 48, 3: 80, 4: 112, 5: 144}
"""Bits for latents on each number of links, as the ECON-T chip uses them."""

WIDEST_LATENT_BITS = 16
"""Bits of a latent beyond which nothing is gained: few latents leave the rest of a link empty."""

LINK_BITS = 32
HEADER_BITS = 7
"""Bits of a link for an event, and of all links' header."""


def parse_links(text: str) -> tuple[int, ...]:
    """Read a list of keys of ``DATA_BITS`` such as ``2,3,5``: ascending, without repeats."""
    links = set()
    for part in text.split(","):
        if not part.strip().isdecimal() or int(part) not in DATA_BITS:
            valid = ", ".join(map(str, DATA_BITS))
            raise InputError(f"--links = {part.strip()!r}: a number of links is one of {valid}")
        links.add(int(part))
    return tuple(sorted(links))


def config_for_links(config: Config, links: int) -> Config:
    """The same design point for a number of links.

    InputError if it sends neither an adaptive code's frames nor latents, or these do not fit.
    """
    if isinstance(config.network, Coded):
        frame_bits = LINK_BITS * links - HEADER_BITS
        network = config.network.model_copy(update={"frame_bits": frame_bits})
        return config.model_copy(update={"network": network})
    try:
        latents = math.prod(untrained_network(config, 0).output.shape)
    except ValueError as error:
        raise InputError(f"config {config.name}: section 'network': {error}") from None
    return with_latents_for(config, links, latents)


def with_latents_for(config: Config, links: int, latents: int) -> Config:
    """The same design point with latents that fit on a number of links.

    The output type of the last layer, which gives ``latents`` values, keeps its integer bits and
    gets as many fraction bits as fit: UQ(1,8) becomes UQ(1,2) where 16 latents share 48 bits. A
    latent gets at most ``WIDEST_LATENT_BITS``.

    InputError if not even one bit a latent fits, or no layer has an output type.
    """
    width = min(DATA_BITS[links] // latents, WIDEST_LATENT_BITS)
    if width < 1:
        raise InputError(
            f"config {config.name}: section 'network': {latents} latents do not fit the "
            f"{DATA_BITS[links]} bits of {links} links; at most {DATA_BITS[links]} do"
        )
    layers = list(config.layered.layers)
    for index in reversed(range(len(layers))):
        layer = layers[index]
        if isinstance(layer, FlattenShape):
            continue
        signed, integer_bits = layer.output_type.signed, layer.output_type.integer_bits
        type_ = type(layer.output_type)(signed, integer_bits, width - integer_bits)
        layers[index] = layer.model_copy(update={"output_type": type_})
        network = config.layered.model_copy(update={"layers": tuple(layers)})
        return config.model_copy(update={"network": network})
    raise InputError(f"config {config.name}: section 'network': no layer has an output type")
