"""dwn2rtl on a network of tables: a checkpoint of the package's own form, its Verilog."""

from __future__ import annotations

from pathlib import Path

import dwn2rtl
import numpy as np
import torch

from hexcoder.bench.wrapper import registered
from hexcoder.models.importers.dwn import import_dwn
from hexcoder.network.schema import Network

FEATURES, LEVELS, TABLES, INPUTS, CLASSES = 16, 8, 60, 6, 5
"""The shape of the package's example."""
_PARTS = (
    "lut_node", "popcount", "argmax", "pipe_reg", "thermometer_encoder", "dwn_core", "dwn_top"
)  # fmt: skip
_NETWORK = """
module network(input [{last_in}:0] x, output [{last_out}:0] y);
  dwn_top top(.clk(1'b0), .x_flat(x), .class_idx(y));
endmodule
"""


def write_checkpoint(path: Path, seed: int = 0) -> None:
    """Tables and wires at random, thresholds at random multiples of 1/255."""
    random = np.random.default_rng(seed)
    thresholds = np.sort(random.integers(0, 255, (FEATURES, LEVELS)), axis=1) / 255
    wires = random.integers(0, FEATURES * LEVELS, (TABLES, INPUTS))
    content = {
        "config": {
            "n": INPUTS,
            "num_classes": CLASSES,
            "layers": [TABLES],
            "thermometer_bits": LEVELS,
        },
        "state_dict": {
            "0.luts": torch.tensor(random.uniform(-1, 1, (TABLES, 1 << INPUTS))).float(),
            "0.mapping": torch.tensor(wires).int(),
        },
        "thermometer": {"thresholds": torch.tensor(thresholds).float()},
    }
    torch.save(content, path)


def dwn_example(folder: Path) -> tuple[Network, str]:
    """The network, and the package's Verilog of it without registers as ``encoder_core``."""
    checkpoint = folder / "example.dwn"
    write_checkpoint(checkpoint)
    network = import_dwn(checkpoint)
    dwn2rtl.build(str(checkpoint), str(folder / "dwn2rtl"), pipeline=dwn2rtl.Pipeline(0, 0, 0, 0))
    parts = [(folder / "dwn2rtl" / f"{part}.v").read_text() for part in _PARTS]
    widths = [one.elements * one.type.width for one in (network.input, network.output)]
    last_in, last_out = (width - 1 for width in widths)
    text = "\n".join([*parts, _NETWORK.format(last_in=last_in, last_out=last_out)])
    return network, text.replace("`default_nettype none", "") + registered(*widths)
