"""What the chip is told before it takes events: multiplexer, calibration, weights, formatter."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.documents import read_yaml
from hexcoder.errors import InputError
from hexcoder.sensor.geometry import TRIGGER_CELLS

CALIBRATION_BITS = 12
"""A calibration factor is in units of 1/2048."""
CALIBRATION_ONE = 1 << (CALIBRATION_BITS - 1)
KEEP_BITS = 144
"""Bits of the keep mask, one for each bit of the encoder's outputs."""
DATA_BITS = 146
"""Most bits of a frame's data field."""
LEAST_LINKS, MOST_LINKS = 1, 13
AUTOENCODER = 4
"""Number of the algorithm that the encoder is part of."""
WEIGHT_INPUTS, WEIGHT_INPUT_BITS = 12, 1072
"""Registers of the chip's weights, and the bits of each."""
_WEIGHT_BYTES = range(0, 144, 16)


@dataclass(frozen=True, slots=True)
class ChipConfiguration:
    """Everything that the chip's registers hold.

    Parameters
    ----------
    multiplexer : tuple of int
        Input cell that feeds each of the 48 positions.
    calibration : tuple of int
        Factor of each position, in units of 1/2048, 0 to 4095.
    high_density : bool
        The energies' lowest bit stands for 8 counts, in place of 2.
    links : int
        Output links in use, 1 to 13.
    keep_mask : int
        Bit k says whether bit k of the latents, output 0 in the lowest bits, is sent.
    parameters : int
        The network's weights and biases as one string of bits, lowest first
        (network.parameters.Parameters).
    """

    multiplexer: tuple[int, ...]
    calibration: tuple[int, ...]
    high_density: bool
    links: int
    keep_mask: int
    parameters: int

    def weights(self, width: int, count: int) -> np.ndarray:
        """The parameters as ``count`` two's complement integers of ``width`` bits, int64."""
        mask = (1 << width) - 1
        values = np.array([self.parameters >> (width * k) & mask for k in range(count)])
        return np.where(values >> (width - 1) & 1, values - (1 << width), values)


def _entry(path: Path, values: Any, keys: tuple[Any, ...]) -> Any:
    place = values
    for depth, key in enumerate(keys):
        if not isinstance(place, dict) or key not in place:
            name = ".".join(map(str, keys[: depth + 1]))
            raise InputError(f"{path}: key '{name}' is missing")
        place = place[key]
    return place


def _integer(path: Path, values: Any, keys: tuple[Any, ...], low: int, high: int) -> int:
    found = _entry(path, values, keys)
    name = ".".join(map(str, keys))
    if isinstance(found, str):
        # YAML 1.1 reads neither 1e3 nor an underscored number as what a person means.
        try:
            found = int(found, 0)
        except ValueError:
            raise InputError(f"{path}: key '{name}' = {found!r} is not an integer") from None
    if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
        raise InputError(f"{path}: key '{name}' = {found!r}: valid are {low} to {high}")
    return found


def _links(path: Path, values: Any, keep_mask: int) -> int:
    """Links in use: ``active_etxs`` has a bit for each, from link 0 on without gaps.

    A file of the older form may leave it out: then they are the fewest that hold all kept bits.
    """
    key = ("FormatterBuffer", "Global", "active_etxs")
    if _is_older(values) and "active_etxs" not in _entry(path, values, key[:2]):
        kept = keep_mask.bit_count()
        return next(n for n in range(LEAST_LINKS, MOST_LINKS + 1) if data_field_bits(n) >= kept)
    active = _integer(path, values, key, 1, (1 << MOST_LINKS) - 1)
    links = active.bit_length()
    if active != (1 << links) - 1:
        raise InputError(
            f"{path}: key '{'.'.join(key)}' = {active:#x}: links in use start at link 0 and have "
            f"no gaps, such as {(1 << links) - 1:#x}"
        )
    return links


def data_field_bits(links: int) -> int:
    """Bits of the data field on a number of links."""
    return min(18 + 32 * (links - 1), DATA_BITS)


def _is_older(values: Any) -> bool:
    """Whether a file has the names that the emulator gave the registers first."""
    return isinstance(values, dict) and "ConfigAlgo" not in values and "Algorithm" in values


def _keep_mask(path: Path, values: Any) -> int:
    """Which bits of the latents are sent; the older form has the low 16 bits in ``mask_ae2``."""
    place = ("FormatterBuffer", "Global")
    if not _is_older(values):
        return _integer(path, values, (*place, "keep_auto_encoder_bits"), 0, (1 << KEEP_BITS) - 1)
    high = _integer(path, values, (*place, "mask_ae"), 0, (1 << 128) - 1)
    low = _integer(path, values, (*place, "mask_ae2"), 0, (1 << 16) - 1)
    return high << 16 | low


def read_configuration(path: Path) -> ChipConfiguration:
    """Read a chip's YAML file: Mux, Cal, Encoder, ConfigAlgo and FormatterBuffer.

    The older of the emulator's two forms has Algorithm with density and select in place of
    ConfigAlgo, and mask_ae with mask_ae2 in place of keep_auto_encoder_bits.

    Keys that the encoder's path does not read are passed over: the file configures the whole chip.
    InputError names file, key, value and what would be valid.
    """
    values = read_yaml(path, "the configuration is a YAML file")
    cells = range(TRIGGER_CELLS)
    parameters = 0
    for number in range(WEIGHT_INPUTS):
        for byte in _WEIGHT_BYTES:
            bits = min(128, WEIGHT_INPUT_BITS - 8 * byte)
            key = ("Encoder", number, f"weights_byte{byte}")
            value = _integer(path, values, key, 0, (1 << bits) - 1)
            parameters |= value << (WEIGHT_INPUT_BITS * number + 8 * byte)
    density = ("ConfigAlgo", "Global", "alg_high_density")
    if _is_older(values):
        density = ("Algorithm", "Global", "density")
        select = _integer(path, values, ("Algorithm", "Global", "select"), 0, 7)
        if select != AUTOENCODER:
            raise InputError(
                f"{path}: key 'Algorithm.Global.select' = {select}: the encoder's path is that of "
                f"{AUTOENCODER}, the autoencoder"
            )
    keep_mask = _keep_mask(path, values)
    largest = (1 << CALIBRATION_BITS) - 1
    return ChipConfiguration(
        tuple(_integer(path, values, ("Mux", k), 0, TRIGGER_CELLS - 1) for k in cells),
        tuple(_integer(path, values, ("Cal", k), 0, largest) for k in cells),
        bool(_integer(path, values, density, 0, 1)),
        _links(path, values, keep_mask),
        keep_mask,
        parameters,
    )
