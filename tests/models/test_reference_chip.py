"""The golden model against the reference chip's emulator, event by event.

The vectors are no part of this project: the test is skipped where they are absent.
"""

from pathlib import Path

import numpy as np
import pytest
import yaml

from models.front_end import encode_frames
from models.network import Network

VECTORS = Path(__file__).parents[3] / "shared" / "econ-t" / "vectors"
FILTERS, LATENTS = 8, 16

pytestmark = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the reference chip's vectors are not at ../shared/econ-t/vectors"
)


def _words(path):
    rows = path.read_text().split("\n")[1:]
    return np.array([[int(word, 16) for word in row.split(",")] for row in rows if row])


def _energies(words, configuration):
    """Link words to calibrated energies: 7-bit floats, multiplexer, calibration."""
    codes = np.stack([words >> shift & 127 for shift in (21, 14, 7, 0)], axis=-1)
    codes = codes.reshape(len(words), 48)
    drop = 3 if configuration["ConfigAlgo"]["Global"]["alg_high_density"] else 1
    exponent, mantissa = codes >> 3, codes & 7
    raised = np.maximum(exponent - 1, 0)
    values = np.where(exponent > 0, (8 + mantissa) << raised, mantissa) << drop
    values += 1 << (drop + raised - 1)
    chosen = values[:, [configuration["Mux"][k] for k in range(48)]]
    calibration = np.array([configuration["Cal"][k] for k in range(48)])
    return chosen * calibration >> 11


def _network(registers):
    """The 2,144 six-bit weights, lowest bits first, as a network in the chip's arithmetic."""
    bits = 0
    for register in range(12):
        for byte in range(0, 144, 16):
            value = int(registers[register][f"weights_byte{byte}"])
            bits |= value << (1072 * register + 8 * byte)
    weights = np.array([bits >> (6 * k) & 63 for k in range(2144)])
    weights = np.where(weights > 31, weights - 64, weights)
    kernel, kernel_bias, dense, dense_bias = np.split(weights, [72, 80, 2128])
    common = {
        "weight_type": "SQ(1,5)", "bias_type": "SQ(1,5)", "activation": "relu",
        "rounding": "floor", "overflow": "saturate",
    }  # fmt: skip
    return Network.model_validate(
        {
            "name": "reference_chip",
            "input": {"shape": [8, 8, 1], "type": "UQ(1,7)"},
            "layers": [
                {
                    "kind": "conv2d",
                    "weights": kernel.reshape(3, 3, 1, FILTERS).tolist(),
                    "biases": kernel_bias.tolist(),
                    "stride": 2,
                    "padding": [[0, 1], [0, 1]],
                    "product_type": "SQ(2,7)",
                    "output_type": "UQ(1,7)",
                    **common,
                },
                {"kind": "flatten"},
                {
                    "kind": "dense",
                    "weights": dense.reshape(LATENTS, 128).tolist(),
                    "biases": dense_bias.tolist(),
                    "product_type": "SQ(2,8)",
                    "output_type": "UQ(1,8)",
                    **common,
                },
            ],
        }
    )


def test_all_events_of_the_orbit_equal_the_chip_s_emulator():
    configuration = yaml.safe_load((VECTORS / "AE" / "init.yaml").read_text())
    energies = _energies(_words(VECTORS / "testInput.csv"), configuration)
    frames = encode_frames(_network(configuration["Encoder"]), energies)
    expected = _words(VECTORS / "AE" / "testOutput.csv")[:, :5]
    assert len(frames) == len(expected) == 3564
    for frame, words in zip(frames.tolist(), expected.tolist(), strict=True):
        whole = 0
        for word in words:
            whole = whole << 32 | word
        latents, code = frame[:-1], frame[-1]
        assert whole >> 146 & 511 == code
        assert [whole >> (9 * k) & 511 for k in range(LATENTS)] == latents
