"""alkaid (the successor of da4ml) on the same network: its trace, its Verilog."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alkaid
import numpy as np
from alkaid.codegen.rtl.verilog.comb import comb_logic_gen
from alkaid.trace import FVArrayInput, HWConfig, trace
from alkaid.trace.pipeline import to_pipeline

from hexcoder.bench.wrapper import registered
from hexcoder.network.kinds.conv2d import Convolution
from hexcoder.network.schema import Network
from hexcoder.network.weighted import WeightedContext


@dataclass(frozen=True)
class Traced:
    """alkaid's solution of a network."""

    network: Network
    logic: Any

    def register_bits(self, stages: int) -> int:
        """Bits of registers where alkaid cuts its logic into so many stages, ports registered."""
        machine = to_pipeline(self.logic, n_stages=stages, verbose=False)
        return sum(signal.width for signal in machine.signals.values() if signal.reg)

    def verilog(self) -> str:
        """Its Verilog as module ``encoder_core``."""
        source = Path(alkaid.__file__).parent / "codegen" / "rtl" / "verilog" / "source"
        library = [path.read_text() for path in sorted(source.glob("*.v"))]
        text = comb_logic_gen(self.logic, "alkaid_network")
        return "\n".join([*library, text, _network_module(self.network, self.logic)])


def _windows(context: WeightedContext) -> list[tuple[list[int], np.ndarray]]:
    """Input elements and matrix of each output position."""
    layer = context.layer
    weights = layer.weight_array() * 2.0**-layer.weight_type.fraction_bits
    if not isinstance(layer, Convolution):
        return [(list(range(weights.shape[1])), weights.T)]
    rows, columns, channels = context.input_shape
    (top, _), (left, _) = layer.sides(context.input_shape)
    found = []
    for row in range(context.output_shape[0]):
        for column in range(context.output_shape[1]):
            elements, parts = [], []
            for i in range(weights.shape[0]):
                for j in range(weights.shape[1]):
                    y, x = row * layer.stride[0] + i - top, column * layer.stride[1] + j - left
                    if 0 <= y < rows and 0 <= x < columns:
                        first = (y * columns + x) * channels
                        elements += range(first, first + channels)
                        parts.append(weights[i, j])
            found.append((elements, np.concatenate(parts)))
    return found


def _layer(context: WeightedContext, values: Any) -> Any:
    layer = context.layer
    if layer.product_type is not None:
        raise NotImplementedError("product_type")
    outputs = np.concatenate([values[e] @ matrix for e, matrix in _windows(context)])
    positions = int(np.prod(context.output_shape[:-1]))
    channels = context.output_shape[-1]
    if layer.bias_type is not None:
        biases = layer.bias_array(channels) * 2.0**-layer.bias_type.fraction_bits
        outputs = outputs + np.tile(biases, positions)
    if layer.activation == "relu":
        outputs = outputs.relu()
    types = layer.channel_types(channels) * positions
    return outputs.quantize(
        np.array([int(t.signed) for t in types]),
        np.array([t.integer_bits - int(t.signed) for t in types]),
        np.array([t.fraction_bits for t in types]),
        overflow_mode="SAT" if layer.overflow == "saturate" else "WRAP",
        round_mode="RND" if layer.rounding == "round_half_up" else "TRN",
    )


def trace_network(network: Network) -> Traced:
    """Let alkaid solve a network with its default options, a problem for each window."""
    type_ = network.input.type
    size = int(np.prod(network.input.shape))
    inputs = FVArrayInput((size,), solver_options={}, hwconf=HWConfig(1, -1, -1)).quantize(
        np.full(size, int(type_.signed)),
        np.full(size, type_.integer_bits - int(type_.signed)),
        np.full(size, type_.fraction_bits),
    )
    values = inputs
    for context in network.weighted():
        values = _layer(context, values)
    return Traced(network, trace(inputs, values))


def _network_module(network: Network, logic: Any) -> str:
    """Ports x and y of every element's declared type round alkaid's ports of found widths."""
    type_ = network.input.type
    size = int(np.prod(network.input.shape))
    output = network.output.type
    count = int(np.prod(network.output.shape))
    taken = []
    for element, (_, _, fraction) in enumerate(logic.inp_kifs.T):
        width = int(logic.inp_kifs[:, element].sum())
        low = element * type_.width + type_.fraction_bits - int(fraction)
        if width:
            taken.append(f"x[{low + width - 1}:{low}]")
    lines = [
        f"module network(input [{size * type_.width - 1}:0] x, "
        f"output [{count * output.width - 1}:0] y);",
        f"  wire [{int(logic.out_kifs.sum()) - 1}:0] found;",
        f"  alkaid_network solution(.model_inp({{{', '.join(reversed(taken))}}}), "
        ".model_out(found));",
    ]
    low = 0
    for element in range(count):
        signed, _, fraction = (int(value) for value in logic.out_kifs[:, element])
        width = int(logic.out_kifs[:, element].sum())
        place = f"y[{(element + 1) * output.width - 1}:{element * output.width}]"
        if not width:
            lines.append(f"  assign {place} = 0;")
            continue
        bits = f"found[{low + width - 1}:{low}]"
        value = f"$signed({bits})" if signed else f"$signed({{1'b0, {bits}}})"
        lines.append(
            f"  wire signed [{output.width + 1}:0] e{element} = {value};\n"
            f"  assign {place} = e{element} <<< {output.fraction_bits - fraction};"
        )
        low += width
    lines.append("endmodule")
    return "\n".join([*lines, registered(size * type_.width, count * output.width)])
