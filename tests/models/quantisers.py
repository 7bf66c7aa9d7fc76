"""QONNX's operators for onnx's own reference evaluator, written from their pages."""

import numpy as np
from onnx.reference.op_run import OpRun

DOMAIN = "qonnx.custom_op.general"
ROUNDING = {
    "ROUND": np.rint,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "DOWN": np.trunc,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5),
}


class Quant(OpRun):
    op_domain = DOMAIN

    def _run(self, x, scale, zero, bits, narrow=0, rounding_mode="ROUND", signed=1):
        bits = int(bits)
        if signed and bits == 1:
            return (np.where(x / scale + zero >= 0, 1, -1).astype(np.float32) * scale,)
        low = -(2 ** (bits - 1)) + narrow if signed else 0
        high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
        rounding = ROUNDING[rounding_mode]
        whole = np.clip(rounding(x / scale + zero), low, high)
        return (((whole - zero) * scale).astype(np.float32),)


class Trunc(OpRun):
    """Version 1 without, version 2 with a scale of the output."""

    op_domain = DOMAIN

    def _run(self, x, scale, zero, bits, *more, narrow=0, rounding_mode="FLOOR", signed=1):
        output_scale, output_bits = more if len(more) == 2 else (scale, more[0])
        drop = bits - output_bits if len(more) == 1 else np.rint(np.log2(output_scale / scale))
        whole = np.rint(x / scale + zero) / 2.0**drop
        if len(more) == 2:
            low = -(2 ** (output_bits - 1)) + narrow if signed else 0
            whole = np.clip(whole, low, 2 ** (output_bits - signed) - 1 - narrow * (1 - signed))
            zero = zero / 2.0**drop
        whole = ROUNDING[rounding_mode](whole)
        return (((whole - zero) * output_scale).astype(np.float32),)


class BipolarQuant(OpRun):
    op_domain = DOMAIN

    def _run(self, x, scale):
        return (np.where(x >= 0, 1, -1).astype(np.float32) * scale,)


class MultiThreshold(OpRun):
    op_domain = DOMAIN

    def _run(self, x, thresholds, out_scale=1.0, out_bias=0.0, out_dtype="", data_layout="NCHW"):
        shape = (1, -1) + (1,) * (x.ndim - 2)
        reached = sum((x >= column.reshape(shape)).astype(np.float32) for column in thresholds.T)
        return ((reached * out_scale + out_bias).astype(np.float32),)


OPERATORS = [Quant, Trunc, BipolarQuant, MultiThreshold]
