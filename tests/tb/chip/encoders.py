"""A small network of any kind with its weights in registers: module ``loadable_encoder``."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from hexcoder.config import Chip
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.schema import Network
from hexcoder.tb.chip.session import ChipLanes
from tests.folders import lasting_folder


def network() -> Network:
    """A convolution on signed 3x3 inputs and a dense layer without ReLU."""
    weights = np.random.default_rng(4)
    layer = {"weight_type": "SQ(2,2)", "bias_type": "SQ(2,2)", "rounding": "floor"}
    return Network.model_validate(
        {
            "format": "hexcoder-network",
            "version": 1,
            "name": "behind_i2c",
            "input": {"shape": [3, 3, 1], "type": "SQ(2,3)"},
            "layers": [
                {
                    "name": "conv",
                    "kind": "conv2d",
                    "stride": 1,
                    "padding": [[0, 0], [0, 0]],
                    "activation": "relu",
                    "overflow": "saturate",
                    "output_type": "UQ(2,3)",
                    "weights": weights.integers(-8, 8, (2, 2, 1, 2)).tolist(),
                    "biases": [1, -3],
                    **layer,
                },
                {"name": "flat", "kind": "flatten"},
                {
                    "name": "dense",
                    "kind": "dense",
                    "activation": "none",
                    "overflow": "wrap",
                    "output_type": "SQ(4,3)",
                    "weights": weights.integers(-8, 8, (3, 8)).tolist(),
                    "biases": [0, 7, -8],
                    **layer,
                },
            ],
        }
    )


@functools.cache
def plain_design() -> Path:
    """Folder of its design without triplication and shadow registers."""
    folder = lasting_folder() / "rtl"
    build(network(), Settings(chip=Chip(weights="loadable", triplicated=False)), folder)
    return folder


@functools.cache
def plain_lanes() -> ChipLanes:
    """That design's RTL in 64 lanes, reset."""
    chip = ChipLanes.of_rtl(plain_design(), plain_design().parent / "lanes", transients=True)
    chip.reset()
    return chip
