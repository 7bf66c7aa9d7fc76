"""QONNX's Trunc, against a reference written from its page, and against qonnx where it is there."""

import itertools

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers import check
from hexcoder.models.importers.files import import_model
from hexcoder.models.importers.samples import compare_samples
from tests.models.importers.test_onnx import Model, agrees
from tests.models.quantisers import DOMAIN, ROUNDING


def _trunc(model, x, scale, zero, bits, *more, **attributes):
    given = [model.constant(np.float32(one)) for one in (scale, zero, bits, *more)]
    return model.op("Trunc", x, *given, domain=DOMAIN, **attributes)


def _pooled(path, mode, scale, zero=0.0, output_scale=None, bits=3, signed=1, narrow=0):
    """A quantiser, an average over 3 x 3 times 9 as Brevitas writes it, and what it keeps."""
    model = Model(1, ("x", (2, 6, 6)))
    hidden = model.quant("x", scale, 5, narrow=0)
    hidden = model.op("AveragePool", hidden, kernel_shape=[3, 3], strides=[3, 3])
    hidden = model.op("Mul", hidden, model.constant(np.float32(9)))
    more = (bits,) if output_scale is None else (output_scale, bits)
    keys = {} if output_scale is None else {"signed": signed, "narrow": narrow}
    hidden = _trunc(model, hidden, scale, zero, 8.0, *more, rounding_mode=mode, **keys)
    model.save(path, hidden)


@pytest.mark.parametrize(("mode", "scale"), list(itertools.product(ROUNDING, [0.25, 0.213])))
def test_low_bits_are_left_out_in_every_rounding(tmp_path, mode, scale):
    path = tmp_path / "m.onnx"
    _pooled(path, mode, scale)
    network = agrees(path, (2, 6, 6), type_="SQ(4,6)")
    assert [node.kind for node in network.nodes][-2:] != ["threshold"]
    _pooled(path, mode, scale, zero=5.0, output_scale=scale * 16)
    agrees(path, (2, 6, 6), type_="SQ(4,6)")


@pytest.mark.parametrize(("signed", "narrow"), list(itertools.product([0, 1], [0, 1])))
def test_version_2_keeps_within_its_bits(tmp_path, signed, narrow):
    path = tmp_path / "m.onnx"
    _pooled(path, "ROUND", 0.25, -2.0, output_scale=1.0, bits=4, signed=signed, narrow=narrow)
    network = agrees(path, (2, 6, 6), type_="SQ(4,6)")
    assert {node.kind for node in network.nodes} == {
        "requantise", "move", "reduce", "constant", "add",
    }  # fmt: skip


def test_a_scale_that_is_not_that_of_the_integers_becomes_thresholds(tmp_path):
    model = Model(2, ("x", (4,)))
    hidden = model.op("MatMul", "x", model.weights((4, 3), 0.21, bits=3))
    hidden = _trunc(model, model.op("Relu", hidden), 0.137, 3.0, 8.0, 5.0)
    model.save(tmp_path / "m.onnx", hidden)
    network = agrees(tmp_path / "m.onnx", (4,), type_="SQ(2,2)")
    assert "threshold" in {node.kind for node in network.nodes}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zero": 0.5}, "Trunc_0: zero point 0.5 is no whole number"),
        ({"mode": "SIDEWAYS"}, "Trunc_0: rounding_mode 'SIDEWAYS'; supported are ROUND"),
        ({"bits": 2.5}, r"Trunc_0: 2.5 bits"),
        ({"output_scale": -1.0}, "Trunc_0: a scale is not positive"),
    ],
)
def test_what_it_cannot_be_is_one_line(tmp_path, change, message):
    _pooled(tmp_path / "m.onnx", **{"mode": "FLOOR", "scale": 0.25} | change)
    with pytest.raises(InputError, match=message) as raised:
        import_model(tmp_path / "m.onnx", FixedPoint.parse("SQ(4,6)"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("mode", ["FLOOR", "ROUND", "UP", "HALF_UP"])
def test_qonnx_itself_answers_the_same(tmp_path, mode):
    pytest.importorskip("qonnx")
    path = tmp_path / "m.onnx"
    _pooled(path, mode, 0.213)
    network = import_model(path, FixedPoint.parse("SQ(4,6)"))
    _, arrays = check.own_answers(path, network, check.random_inputs(network, 40, 1))
    assert compare_samples(network, arrays).passed
