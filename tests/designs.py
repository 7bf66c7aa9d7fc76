"""Verilog of the shape that gen/ writes, with random weights, and its result by numpy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

INPUT_WIDTH = 6
HIDDEN_WIDTH = 7
OUTPUT_WIDTH = 8


@dataclass(frozen=True)
class Design:
    """Two matrix-vector products: weights (inputs, outputs), ReLU, floor and saturation."""

    hidden: np.ndarray
    latent: np.ndarray
    front_end: bool = False

    @staticmethod
    def random(
        inputs: int, hidden: int, latents: int, seed: int = 0, front_end: bool = False
    ) -> Design:
        generator = np.random.default_rng(seed)

        def weights(shape: tuple[int, int]) -> np.ndarray:
            return generator.integers(-31, 32, shape) * generator.integers(0, 2, shape)

        return Design(weights((inputs, hidden)), weights((hidden, latents)), front_end)

    @property
    def top(self) -> str:
        return "encoder" if self.front_end else "encoder_core"

    @property
    def latency(self) -> int:
        return 4 if self.front_end else 3

    def reference(self, inputs: np.ndarray) -> np.ndarray:
        if self.front_end:
            inputs = inputs ^ 5
        hidden = np.clip((inputs @ self.hidden) >> 4, 0, 2**HIDDEN_WIDTH - 1)
        return np.clip((hidden @ self.latent) >> 4, 0, 2**OUTPUT_WIDTH - 1)

    def random_inputs(self, count: int, seed: int = 1) -> np.ndarray:
        shape = (count, self.hidden.shape[0])
        return np.random.default_rng(seed).integers(0, 2**INPUT_WIDTH, shape)

    def interface(self) -> dict[str, int]:
        inputs, outputs = self.hidden.shape[0], self.latent.shape[1]
        return {
            "latency_cycles": self.latency,
            "input_elements": inputs,
            "input_width": INPUT_WIDTH,
            "input_bits": inputs * INPUT_WIDTH,
            "output_elements": outputs,
            "output_width": OUTPUT_WIDTH,
            "output_bits": outputs * OUTPUT_WIDTH,
        }

    def write(self, folder: Path) -> Path:
        """Write encoder.v and metrics.json into folder/rtl, and network.json beside it."""
        rtl = folder / "rtl"
        rtl.mkdir(parents=True)
        text = _layer("conv", self.hidden, INPUT_WIDTH, HIDDEN_WIDTH)
        text += _layer("latent", self.latent, HIDDEN_WIDTH, OUTPUT_WIDTH)
        text += _core(self)
        modules = {"encoder_core": self.interface()}
        modules["encoder_core"]["latency_cycles"] = 3
        if self.front_end:
            text += _encoder(self)
            modules["encoder"] = self.interface()
        (rtl / "encoder.v").write_text(text)
        layers = [
            {"name": name, "kind": "dense", "module": f"encoder_core.{name}"}
            for name in ("conv", "latent")
        ]
        metrics = {"name": "test", "top": self.top, "modules": modules, "layers": layers}
        (rtl / "metrics.json").write_text(json.dumps(metrics))
        if not self.front_end:
            (folder / "network.json").write_text(json.dumps(self.network()))
        return rtl

    def network(self) -> dict[str, Any]:
        """Return the same two layers as a network: a shift by 4 is a step 16 times as large."""

        def layer(name: str, weights: np.ndarray, width: int, dropped_bits: int) -> dict[str, Any]:
            return {
                "kind": "dense",
                "name": name,
                "weights": weights.T.tolist(),
                "weight_type": "SQ(6,0)",
                "activation": "relu",
                "output_type": f"UQ({width + dropped_bits},{-dropped_bits})",
                "rounding": "floor",
                "overflow": "saturate",
            }

        return {
            "format": "hexcoder-network",
            "version": 1,
            "name": "test",
            "input": {"shape": [self.hidden.shape[0]], "type": f"UQ({INPUT_WIDTH},0)"},
            "layers": [
                layer("conv", self.hidden, HIDDEN_WIDTH, 4),
                layer("latent", self.latent, OUTPUT_WIDTH, 8),
            ],
        }


def _digits(weight: int) -> list[tuple[int, int]]:
    """Signed digits (sign, shift) of the non-adjacent form."""
    digits, shift = [], 0
    while weight:
        if weight & 1:
            digit = 2 - (weight & 3)
            digits.append((digit, shift))
            weight -= digit
        weight >>= 1
        shift += 1
    return digits


def _layer(name: str, weights: np.ndarray, width: int, output_width: int) -> str:
    inputs, outputs = weights.shape
    text = [
        f"module \\encoder_core.{name}.quantise (i, o);",
        f"  input signed [19:0] i; output [{output_width - 1}:0] o;",
        "  wire signed [15:0] \\$1 = i >>> 4;",
        f"  assign o = i[19] ? 0 : |\\$1 [15:{output_width}] ? {2**output_width - 1} : \\$1 ;",
        "endmodule",
        f"module \\encoder_core.{name} (i, o);",
        f"  input [{inputs * width - 1}:0] i; output [{outputs * output_width - 1}:0] o;",
    ]
    for j in range(outputs):
        total, count, low, high = "1'sd0", 0, 0, 0
        for i in range(inputs):
            for sign, shift in _digits(int(weights[i, j])):
                term = f"$signed({{1'b0, i[{(i + 1) * width - 1}:{i * width}], {shift}'d0}})"
                if shift == 0:
                    term = f"$signed({{1'b0, i[{(i + 1) * width - 1}:{i * width}]}})"
                reach = ((1 << width) - 1) << shift
                low, high = (low, high + reach) if sign > 0 else (low - reach, high)
                bits = max(high.bit_length(), (-low - 1).bit_length() if low else 0) + 1
                wire = f"\\{name}${j}${count} "
                operator = "+" if sign > 0 else "-"
                text.append(f"  wire signed [{bits - 1}:0] {wire}= {total} {operator} {term};")
                total, count = wire, count + 1
        text.append(f"  wire signed [19:0] sum_{j} = {total};")
        text.append(
            f"  \\encoder_core.{name}.quantise  \\quantise_{j} "
            f"(.i(sum_{j}), .o(o[{(j + 1) * output_width - 1}:{j * output_width}]));"
        )
    return "\n".join([*text, "endmodule", ""])


def _register(name: str, bits: int, value: str) -> str:
    return (
        f"  reg [{bits - 1}:0] {name} = {bits}'h0;\n"
        f"  always @(posedge clk) if (rst) {name} <= {bits}'h0; else {name} <= {value};\n"
    )


def _core(design: Design) -> str:
    inputs, hidden = design.hidden.shape
    widths = [inputs * INPUT_WIDTH, hidden * HIDDEN_WIDTH, design.latent.shape[1] * OUTPUT_WIDTH]
    return (
        "module encoder_core (clk, rst, in_valid, in_data, out_valid, out_data);\n"
        "  input clk, rst, in_valid; output out_valid;\n"
        f"  input [{widths[0] - 1}:0] in_data; output [{widths[2] - 1}:0] out_data;\n"
        f"  wire [{widths[1] - 1}:0] hidden; wire [{widths[2] - 1}:0] latents;\n"
        + _register("valid", 3, "{valid[1:0], in_valid}")
        + _register("\\in$reg ", widths[0], "in_data")
        + _register("\\hidden$reg ", widths[1], "hidden")
        + _register("\\latent$reg ", widths[2], "latents")
        + "  \\encoder_core.conv  conv (.i(\\in$reg ), .o(hidden));\n"
        "  \\encoder_core.latent  latent (.i(\\hidden$reg ), .o(latents));\n"
        "  assign out_data = \\latent$reg , out_valid = valid[2];\n"
        "endmodule\n"
    )


def _encoder(design: Design) -> str:
    bits = design.hidden.shape[0] * INPUT_WIDTH
    mask = "{" + f"{design.hidden.shape[0]}{{{INPUT_WIDTH}'d5}}" + "}"
    return (
        "module \\encoder.normalise (clk, rst, i, o);\n"
        f"  input clk, rst; input [{bits - 1}:0] i; output [{bits - 1}:0] o;\n"
        + _register("q", bits, f"i ^ {mask}")
        + "  assign o = q;\nendmodule\n"
        "module encoder (clk, rst, in_valid, in_data, out_valid, out_data);\n"
        "  input clk, rst, in_valid; output out_valid;\n"
        f"  input [{bits - 1}:0] in_data;\n"
        f"  output [{design.latent.shape[1] * OUTPUT_WIDTH - 1}:0] out_data;\n"
        + _register("valid", 1, "in_valid")
        + f"  wire [{bits - 1}:0] normalised;\n"
        "  \\encoder.normalise  normalise (.clk(clk), .rst(rst), .i(in_data), .o(normalised));\n"
        "  encoder_core core (.clk(clk), .rst(rst), .in_valid(valid), .in_data(normalised),\n"
        "    .out_valid(out_valid), .out_data(out_data));\n"
        "endmodule\n"
    )
