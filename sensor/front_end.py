"""The chip's arithmetic round the network: sum, normalisation by a shift, and the output frame.

Follows the published arithmetic of the ECON-T encoder; docs/arithmetic.md has it step by step.
"""

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network, NetworkGraph
from hexcoder.sensor.geometry import TRIGGER_CELLS, image_order

ENERGY_BITS = 22
"""Width of a calibrated trigger-cell energy (CALQ)."""
SUM_BITS = 28
"""48 energies of 22 bits sum to less than 2**28."""
SUM_CODE_BITS = 9
"""The sum is sent as a 5-bit exponent and a 4-bit mantissa."""


def sensor_image_order(network: Network) -> np.ndarray | None:
    """Trigger cell at each input element, -1 for zero; None where the input is no sensor image.

    A sensor image is 4x4x3 or 8x8x1, of a type that holds 0 to 2 - 2**-fraction_bits. What says
    how real numbers become its integers is an input of another kind.
    """
    image = network.only_input
    if image is None or network.only_output is None:
        return None
    if isinstance(network, NetworkGraph) and network.inputs[0].real is not None:
        return None
    type_ = image.type
    if image.shape not in ((4, 4, 3), (8, 8, 1)):
        return None
    if type_.fraction_bits < 0 or type_.maximum < (2 << type_.fraction_bits) - 1:
        return None
    return image_order(image.shape)


def floor_log2(values: np.ndarray) -> np.ndarray:
    """Position of the leading one of positive integers below 2**53; 0 for 0."""
    return np.maximum(np.frexp(values.astype(np.float64))[1] - 1, 0).astype(np.int64)


def normalise(energies: np.ndarray, type_: FixedPoint, order: np.ndarray) -> np.ndarray:
    """Normalise energies to the network's input by a shift: no divider.

    Each is (energy << fraction_bits) >> floor(log2(sum)), truncated; all zero where the sum is 0.
    Energies are int (n, 48) in ADC counts, 0 to 2**22 - 1; ``order``, int (elements,), has the
    trigger cell at each element of the image, -1 for a constant zero. Returns int64 (n, elements).
    """
    energies = np.asarray(energies, dtype=np.int64)
    shift = floor_log2(energies.sum(axis=1))
    scaled = (energies << type_.fraction_bits) >> shift[:, None]
    padded = np.concatenate([scaled, np.zeros((len(scaled), 1), dtype=np.int64)], axis=1)
    return padded[:, order]


def float_code(values: np.ndarray, exponent_bits: int, mantissa_bits: int) -> np.ndarray:
    """Code integers that are not negative as small floating-point numbers, truncated.

    Up to ``mantissa_bits`` bits the value itself; above, exponent = bit length - mantissa_bits and
    the bits below the leading one. What is too large is the largest code.
    """
    values = np.asarray(values, dtype=np.int64)
    exponent = np.maximum(floor_log2(values) - mantissa_bits + 1, 0)
    mantissa = (values >> np.maximum(exponent - 1, 0)) & ((1 << mantissa_bits) - 1)
    code = np.where(exponent == 0, values, (exponent << mantissa_bits) | mantissa)
    largest = (1 << (exponent_bits + mantissa_bits)) - 1
    return np.where(exponent >> exponent_bits, largest, code)


def float_value(codes: np.ndarray, exponent_bits: int, mantissa_bits: int) -> np.ndarray:
    """The middle of the integers that have a code: float64 of the codes' shape."""
    codes = np.asarray(codes, dtype=np.int64)
    exponent, mantissa = codes >> mantissa_bits, codes & ((1 << mantissa_bits) - 1)
    step = 2.0 ** np.maximum(exponent - 1, 0)
    return np.where(exponent == 0, mantissa, (mantissa + (1 << mantissa_bits)) * step) + (
        (step - 1) / 2
    )


def sum_code(sums: np.ndarray) -> np.ndarray:
    """Code the sum of charge as 5E4M, see :func:`float_code`."""
    return float_code(sums, 5, 4)


def encode_frames(network: Network, energies: np.ndarray) -> np.ndarray:
    """Golden model of module ``encoder``.

    Takes energies, int (n, 48) in ADC counts, to int64 (n, latents + 1): the latents, as two's
    complement bits read unsigned, then the 9-bit code of the sum, the frame from its low-order
    end.
    """
    order = sensor_image_order(network)
    assert order is not None
    assert energies.shape[1] == TRIGGER_CELLS
    latents = evaluate(network, normalise(energies, network.input.type, order))
    codes = sum_code(np.asarray(energies, dtype=np.int64).sum(axis=1))
    mask = (1 << network.output.type.width) - 1
    return np.concatenate([latents & mask, codes[:, None]], axis=1)


def bits_per_event(network: Network) -> int:
    """Bits that an event takes on the link: the code of the sum and the latents."""
    output = network.output
    return SUM_CODE_BITS + int(np.prod(output.shape)) * output.type.width
