"""Checkpoints of dwn2rtl, against its own evaluation and its own vectors."""

import pickle

import numpy as np
import pytest

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.importers.files import import_model
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers

torch = pytest.importorskip("torch")
dwn2rtl = pytest.importorskip("dwn2rtl", reason="package dwn2rtl is not installed")

THRESHOLDS = np.sort(np.random.default_rng(1).integers(-300, 300, (5, 3)), axis=1) / 256


def _content(**changes):
    random = np.random.default_rng(2)
    state = {
        "0.luts": torch.tensor(random.uniform(-1, 1, (8, 16))).float(),
        "0.mapping.weights": torch.tensor(random.normal(size=(15, 32))).float(),
        "1.luts": torch.tensor(random.uniform(-1, 1, (6, 16))).float(),
        "1.mapping": torch.tensor(random.integers(0, 8, (6, 4))).int(),
    }
    content = {
        "config": {"n": 4, "num_classes": 3, "layers": [8, 6], "thermometer_bits": 3},
        "state_dict": state,
        "thermometer": {"thresholds": torch.tensor(THRESHOLDS).float()},
        "scaler": None,
    }
    return content | changes


def _saved(content, folder):
    path = folder / "model.pt"
    torch.save(content, path)
    return path


def _reference(content, integers, type_):
    """What the package itself makes of it."""
    from dwn2rtl import extract

    state = content["state_dict"]
    layers = [
        (extract.extract_tables(state, k), *extract.extract_wiring(state, k, 4)) for k in (0, 1)
    ]
    limits = extract.quantize_thresholds(THRESHOLDS, type_.fraction_bits)
    return extract.forward(extract.encode(integers, limits), layers, 3)[0]


def test_learned_and_fixed_wires_answer_as_the_package_does(tmp_path):
    content = _content()
    network = import_model(_saved(content, tmp_path))
    type_ = network.input.type
    assert str(type_) == "SQ(2,8)"
    x = np.random.default_rng(3).integers(type_.minimum, type_.maximum + 1, (4000, 5))
    found = evaluate(network, x)[:, 0]
    np.testing.assert_array_equal(found, _reference(content, x, type_))
    assert len(set(found.tolist())) == 3
    real = np.random.default_rng(4).uniform(-3, 3, (200, 5))
    from dwn2rtl import extract

    np.testing.assert_array_equal(
        to_integers(network, real), extract.quantize(real, 8, type_.width)
    )


# The package leaves files open.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_type_of_ones_own_and_the_packages_vectors(tmp_path):
    path = _saved(_content(), tmp_path)
    network = import_model(path, FixedPoint.parse("SQ(2,10)"))
    dwn2rtl.build(str(path), str(tmp_path / "rtl"), input_bits=10)
    words = [int(line, 16) for line in (tmp_path / "rtl" / "x_quant.hex").read_text().split()]
    bits = np.array([[word >> 12 * k & 0xFFF for k in range(5)] for word in words])
    integers = np.where(bits >= 1 << 11, bits - (1 << 12), bits)
    text = (tmp_path / "rtl" / "expected_top.hex").read_text()
    wanted = [int(line, 16) for line in text.split()]
    assert len(wanted) == len(integers) > 300
    assert evaluate(network, integers)[:, 0].tolist() == wanted


class _Code:
    def __reduce__(self):
        return (print, ("run",))


STATE = _content()["state_dict"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"thermometer": None}, "no differentiable weightless network"),
        ({"config": {}}, "key 'config.num_classes' = None"),
        ({"config": {"num_classes": 4}}, "6 tables for 4 classes"),
        ({"state_dict": {}}, "no layer '0.luts'"),
        ({"state_dict": STATE | {"0.luts": torch.zeros(8, 12)}}, "layer 0: tables of 12 entries"),
        (
            {"state_dict": STATE | {"1.mapping": torch.full((6, 4), 8).int()}},
            "layer 1: wiring .* of wires 8 to 8; 6 tables of 4 inputs read wires 0 to 7",
        ),
        (
            {"state_dict": STATE | {"0.mapping.weights": torch.zeros(14, 32)}},
            "layer 0: scores of wires .14, 32.; it reads 15 bits",
        ),
        (
            {"thermometer": {"thresholds": torch.full((5, 3), float("nan"))}},
            "'thresholds' has numbers that are not finite",
        ),
        (
            {"thermometer": {"thresholds": torch.tensor(np.random.default_rng(5).random((5, 3)))}},
            "no common grid.*such as 'SQ.1,12.'",
        ),
        ({"model": _Code()}, "Python objects, whose code is never run"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(changes, message, tmp_path, capfd):
    with pytest.raises(InputError, match=f"model.pt: .*{message}"):
        import_model(_saved(_content(**changes), tmp_path))
    assert "run" not in capfd.readouterr().out


def test_files_that_are_none(tmp_path):
    path = _saved(_content(), tmp_path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"model\.pt: "):
        import_model(path)
    path.write_bytes(pickle.dumps(_content()))
    with pytest.raises(InputError, match=r"model\.pt: "):
        import_model(path)
