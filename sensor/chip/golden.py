"""The chip from link words to link words, in integers (docs/chip.md has every step)."""

from collections.abc import Sequence

import numpy as np

from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network
from hexcoder.sensor.chip.configuration import LEAST_LINKS, ChipConfiguration, data_field_bits
from hexcoder.sensor.front_end import (
    SUM_CODE_BITS,
    floor_log2,
    normalise,
    sensor_image_order,
    sum_code,
)
from hexcoder.sensor.geometry import TRIGGER_CELLS

CODE_BITS, CELLS_PER_LINK = 7, 4
_SHIFTS = CODE_BITS * np.arange(CELLS_PER_LINK)[::-1]
HEADER_BC0, HEADER = 0x9, 0xA
COUNTER_BITS, COUNTER_AT_BC0 = 5, 31
COUNTER_WRAPS = 16
DROP_HIGH_DENSITY, DROP_LOW_DENSITY = 3, 1
FRAME_WORDS = 5
"""Link words that a frame can fill; further links send zero."""

FILTERS, LATENTS, PIXELS, HIDDEN = 8, 16, 64, 128


def chip_network(configuration: ChipConfiguration) -> Network:
    """The chip's network with the weights of its registers.

    Its sums saturate; the chip's vectors leave open whether they do or wrap.
    """
    width = 6
    sizes = (9 * FILTERS, FILTERS, LATENTS * HIDDEN, LATENTS)
    weights = configuration.weights(width, sum(sizes))
    kernel, kernel_bias, dense, dense_bias = np.split(weights, np.cumsum(sizes)[:-1])
    common = {"weight_type": "SQ(1,5)", "bias_type": "SQ(1,5)", "activation": "relu"}
    return Network.model_validate(
        {
            "name": "econ_t_chip",
            "input": {"shape": [8, 8, 1], "type": "UQ(1,7)"},
            "layers": [
                {
                    "kind": "conv2d",
                    "name": "conv",
                    "weights": kernel.reshape(3, 3, 1, FILTERS).tolist(),
                    "biases": kernel_bias.tolist(),
                    "stride": 2,
                    "padding": [[0, 1], [0, 1]],
                    "product_type": "SQ(2,7)",
                    "output_type": "UQ(1,7)",
                    **common,
                },
                {"kind": "flatten", "name": "flatten"},
                {
                    "kind": "dense",
                    "name": "latent",
                    "weights": dense.reshape(LATENTS, HIDDEN).tolist(),
                    "biases": dense_bias.tolist(),
                    "product_type": "SQ(2,8)",
                    "output_type": "UQ(1,8)",
                    **common,
                },
            ],
        }
    )


def blank_network() -> Network:
    """The chip's network with all weights zero: what a compiler of loadable weights needs."""
    nothing = ChipConfiguration((), (), True, LEAST_LINKS, 0, 0)
    return chip_network(nothing)


def decode(codes: np.ndarray, high_density: bool) -> np.ndarray:
    """Energies of 7-bit floats, in the middle of what each code stands for.

    Four bits of exponent, three of mantissa; ``drop`` low bits were cut by the sender.
    """
    codes = np.asarray(codes, dtype=np.int64)
    drop = DROP_HIGH_DENSITY if high_density else DROP_LOW_DENSITY
    exponent, mantissa = codes >> 3, codes & 7
    raised = np.maximum(exponent - 1, 0)
    values = np.where(exponent > 0, 8 + mantissa, mantissa) << (raised + drop)
    return values + (1 << (drop + raised - 1))


def encode(energies: np.ndarray, high_density: bool) -> np.ndarray:
    """7-bit floats of energies, truncated as the sender does: inverse of :func:`decode`.

    Energies beyond the largest code get it.
    """
    drop = DROP_HIGH_DENSITY if high_density else DROP_LOW_DENSITY
    kept = np.asarray(energies, dtype=np.int64) >> drop
    exponent = np.maximum(floor_log2(kept) - 2, 0)
    mantissa = kept >> np.maximum(exponent - 1, 0) & 7
    return np.minimum(exponent << 3 | mantissa, 127)


def input_words(energies: np.ndarray, high_density: bool = True) -> np.ndarray:
    """Link words that send energies, int64 (n, 12); the first row is bunch crossing 0."""
    codes = encode(energies, high_density).reshape(len(energies), -1, CELLS_PER_LINK)
    words = packed_codes(codes, HEADER)
    words[:1] ^= (HEADER ^ HEADER_BC0) << 28
    return words


def packed_codes(codes: np.ndarray, header: int | np.ndarray) -> np.ndarray:
    """Link words (...) of a header and four 7-bit codes each (..., 4), the first one highest."""
    return header << 28 | (codes << _SHIFTS).sum(axis=-1)


def calibrated(words: np.ndarray, configuration: ChipConfiguration) -> np.ndarray:
    """Calibrated energies (CALQ) of input link words (n, 12): int64 (n, 48), 22 bits each."""
    codes = (words[..., None] >> _SHIFTS & 127).reshape(len(words), TRIGGER_CELLS)
    values = decode(codes, configuration.high_density)
    chosen = values[:, list(configuration.multiplexer)]
    return chosen * np.array(configuration.calibration, dtype=np.int64) >> 11


def bunch_counters(words: np.ndarray) -> np.ndarray:
    """Counter of each frame: 31 where link 0 has the header of BC0, else counting on in 4 bits.

    Before the first BC0 it counts from 1, as after one.
    """
    counters = np.zeros(len(words), dtype=np.int64)
    count = 0
    for index, is_bc0 in enumerate((words[:, 0] >> 28) == HEADER_BC0):
        count = 0 if is_bc0 else (count + 1) % COUNTER_WRAPS
        counters[index] = COUNTER_AT_BC0 if is_bc0 else count
    return counters


def kept_bits(latents: Sequence[int], width: int, mask: int) -> int:
    """Bits of the latents that the mask keeps, moved to the low-order end."""
    ones = (1 << width) - 1
    whole = sum((value & ones) << (width * place) for place, value in enumerate(latents))
    kept = length = 0
    for place in range(width * len(latents)):
        if mask >> place & 1:
            kept |= (whole >> place & 1) << length
            length += 1
    return kept


def link_words(
    network: Network, words: np.ndarray, configuration: ChipConfiguration, output_links: int
) -> np.ndarray:
    """Golden model of module ``chip``: int64 (n, output_links), zero beyond the links in use.

    ``words``, int (n, 12), are input link words of consecutive bunch crossings; the network takes
    an 8x8x1 image to 16 latents of 9 bits, with the weights of ``configuration``.
    """
    energies = calibrated(words, configuration)
    order = sensor_image_order(network)
    assert order is not None
    latents = evaluate(network, normalise(energies, network.input.type, order))
    codes = sum_code(energies.sum(axis=1))
    field = data_field_bits(configuration.links)
    used = min(configuration.links, FRAME_WORDS)
    found = np.zeros((len(words), output_links), dtype=np.int64)
    width = network.output.type.width
    rows = zip(bunch_counters(words).tolist(), codes.tolist(), latents.tolist(), strict=True)
    for event, (counter, code, outputs) in enumerate(rows):
        data = kept_bits(outputs, width, configuration.keep_mask) & ((1 << field) - 1)
        frame = (counter << SUM_CODE_BITS | code) << field | data
        for link in range(min(used, output_links)):
            found[event, link] = frame >> (32 * (used - 1 - link)) & 0xFFFFFFFF
    return found
