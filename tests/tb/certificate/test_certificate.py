import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import Phase, given, seed, settings

from hexcoder.config import Compiler, Pipeline
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network, NetworkGraph, save_network
from hexcoder.tb.certificate import values
from hexcoder.tb.certificate.check import certify, certify_design, failure_of
from hexcoder.tb.certificate.layers import MOST_VALUES, layers_of
from tests.networks import networks
from tests.tb.certificate.faults import FAULTS

QUICK = (
    "swapped wire",
    "dropped carry",
    "carry for one event of 2**40",
    "missing register",
    "held bit",
    "data by reset",
    "valid is not reset",
    "wrong adder",
)


QUICKLY = Settings(pipeline=Pipeline(), compiler=Compiler(effort=0.05))


def _silent(what: str, part: float) -> None:
    pass


def _dense(random: np.random.Generator, name: str, outputs: int, inputs: int, **keys: object):
    return {
        "kind": "dense", "name": name,
        "weights": random.integers(-7, 8, (outputs, inputs)).tolist(),
        "weight_type": "SQ(1,3)", "biases": random.integers(-7, 8, outputs).tolist(),
        "bias_type": "SQ(1,3)", "rounding": "round_half_up", **keys,
    }  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Network:
    """Two layers, with relu and saturation, over 48 bits."""
    random = np.random.default_rng(3)
    return Network.model_validate(
        {
            "name": "two",
            "input": {"shape": [12], "type": "UQ(1,3)"},
            "layers": [
                _dense(random, "conv", 3, 12, activation="relu", output_type="UQ(1,4)"),
                _dense(random, "latent", 2, 3, activation="none", output_type="SQ(1,4)"),
            ],
        }
    )


@pytest.fixture(scope="module")
def design(network, tmp_path_factory) -> tuple[Path, int]:
    """Its Verilog, and its latency."""
    folder = tmp_path_factory.mktemp("design")
    ports = build(network, QUICKLY, folder).metrics.modules["encoder_core"]
    return folder, ports.latency_cycles


def test_a_network_is_proved_element_by_element(network, design, tmp_path):
    folder, latency = design
    certificate = certify(network, latency, folder, tmp_path, _silent)
    assert certificate.verdict == "proved"
    assert certificate.elements == {"conv": 3, "latent": 2}
    assert certificate.by_sat == 0
    assert failure_of(certificate) is None


@pytest.fixture
def few_nodes(monkeypatch):
    """Diagrams end where they are too large: of a wrong circuit they prove nothing, for seconds."""
    monkeypatch.setattr(values, "DRAWN_NODES", 1 << 14)


@pytest.mark.parametrize("count", [4, pytest.param(300, marks=pytest.mark.long)])
def test_random_networks_are_proved(count, tmp_path_factory):

    @seed(1)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate])
    @given(networks())
    def prove(network):
        folder = tmp_path_factory.mktemp("drawn")
        ports = build(network, QUICKLY, folder).metrics.modules["encoder_core"]
        certificate = certify(network, ports.latency_cycles, folder, folder / "work", _silent)
        assert certificate.verdict == "proved", certificate.reason

    prove()


def _of_layers(shape, type_, *layers) -> Network:
    return Network.model_validate(
        {"name": "drawn", "input": {"shape": shape, "type": type_}, "layers": layers}
    )


def test_a_sum_whose_low_part_matters_by_its_sign_alone_is_proved(tmp_path):
    """32767 t - 32768 s is 32768 (t - s) - t: of the last t only the borrow is built."""
    dense = {
        "kind": "dense", "name": "dense", "weights": [[-32768, -32768, 32767, 32767, 32767, 32767]],
        "weight_type": "SQ(-2,18)", "activation": "none", "output_type": "UQ(4,-2)",
        "rounding": "round_half_up", "overflow": "wrap",
    }  # fmt: skip
    network = _of_layers([6], "SQ(3,4)", dense)
    ports = build(network, QUICKLY, tmp_path).metrics.modules["encoder_core"]
    certificate = certify(network, ports.latency_cycles, tmp_path, tmp_path / "work", _silent)
    assert certificate.verdict == "proved", certificate.reason
    verilog = tmp_path / "encoder.v"
    text = verilog.read_text()
    places = [m.end() for m in re.finditer(r"^  full_adder .*\.c\(", text, re.M)]
    for place in (places[0], places[-1]):
        verilog.write_text(f"{text[:place]}~{text[place:]}")
        certificate = certify(network, ports.latency_cycles, tmp_path, tmp_path / "work", _silent)
        assert certificate.verdict == "refuted"


def test_products_that_are_cut_are_proved_beside_shared_whole_ones(tmp_path):
    """6 x loses no bit by its cut, and is made of the bits of 3 x, which does."""
    random = np.random.default_rng(7)
    conv = {
        "kind": "conv2d", "name": "conv", "stride": 2, "padding": "same", "activation": "relu",
        "weights": random.choice([-3, -2, -1, 0, 1, 3, 6, 7], (3, 3, 1, 2)).tolist(),
        "weight_type": "SQ(1,3)", "product_type": "SQ(2,7)", "biases": [5, -3],
        "bias_type": "SQ(1,3)", "output_type": "UQ(1,4)", "rounding": "round_half_up",
    }  # fmt: skip
    latent = _dense(random, "latent", 4, 8, activation="relu", output_type="UQ(1,5)")
    network = _of_layers([4, 4, 1], "UQ(1,5)", conv, {"kind": "flatten"}, latent)
    latency = build(network, QUICKLY, tmp_path).metrics.modules["encoder_core"].latency_cycles
    certificate = certify(network, latency, tmp_path, tmp_path / "work", _silent)
    assert (certificate.verdict, certificate.by_sat) == ("proved", 0), certificate.reason
    assert certificate.elements == {"conv": 8, "latent": 4}


@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
def test_sums_of_too_many_values_to_try_are_proved(overflow, tmp_path):
    wide = {
        "kind": "dense", "name": "wide", "weight_type": "SQ(1,11)", "output_type": "SQ(2,20)",
        "weights": np.random.default_rng(5).integers(-2048, 2048, (2, 3)).tolist(),
        "activation": "none", "rounding": "round_half_up", "overflow": overflow,
    }  # fmt: skip
    network = _of_layers([3], "SQ(3,11)", wide)
    (element,) = layers_of(network).tensors["wide"][0].terms
    assert (element.low, element.high) == (-(1 << 21), (1 << 21) - 1)
    assert element.sum is not None
    low, high = element.sum.bounds
    assert high - low >> element.drop > MOST_VALUES
    latency = build(network, QUICKLY, tmp_path).metrics.modules["encoder_core"].latency_cycles
    certificate = certify(network, latency, tmp_path, tmp_path / "work", _silent)
    assert (certificate.verdict, certificate.by_sat) == ("proved", 0), certificate.reason
    values = network.model_dump(mode="json", exclude_none=True)
    values["layers"][0]["overflow"] = "wrap" if overflow == "saturate" else "saturate"
    wrong = certify(Network.model_validate(values), latency, tmp_path, tmp_path / "work", _silent)
    assert wrong.verdict == "refuted"
    assert wrong.reason is not None
    assert "is wrong where its sum is" in wrong.reason


@pytest.mark.parametrize("kind", QUICK)
@pytest.mark.usefixtures("few_nodes")
def test_a_planted_fault_is_refuted_by_an_event(kind, network, design, tmp_path):
    folder, latency = design
    text = (folder / "encoder.v").read_text()
    planted = FAULTS[kind](text, Random(2))
    assert planted != text
    (tmp_path / "encoder.v").write_text(planted)
    certificate = certify(network, latency, tmp_path, tmp_path / "work", _silent)
    first = certificate.counterexample
    assert certificate.verdict == "refuted", certificate.reason
    assert failure_of(certificate) is not None
    assert first is not None
    if first.layer in ("conv", "latent", "output") and first.registers is None:
        golden = evaluate(network, np.array([first.input])) & 31
        assert first.expected in golden
        assert first.actual != first.expected


@pytest.mark.usefixtures("few_nodes")
def test_an_offset_that_is_off_by_one_is_refuted(network, design, tmp_path):
    folder, latency = design
    values = network.model_dump(mode="json", exclude_none=True)
    values["layers"][0]["biases"][1] += 1
    certificate = certify(Network.model_validate(values), latency, folder, tmp_path, _silent)
    assert certificate.verdict == "refuted"
    assert certificate.counterexample is not None
    assert (certificate.counterexample.layer, certificate.counterexample.element) == ("conv", 1)


def _tables(change=0):
    """Two layers of tables and their bits, one of a table inverted."""
    random = Random(4)
    layers = [
        [
            {"inputs": random.sample(range(wires), 4), "table": random.getrandbits(16)}
            for _ in range(6)
        ]
        for wires in (24, 30)
    ]
    layers[0][2]["table"] ^= change
    nodes = [
        {"kind": "lut_network", "name": "luts", "inputs": ["x"], "layers": layers,
         "popcounts": [list(range(24, 36)), [25, 31]], "offsets": [-2, 0]},
    ]  # fmt: skip
    return NetworkGraph.model_validate(
        {
            "format": "hexcoder-network", "version": 2, "name": "tables",
            "inputs": [{"name": "x", "shape": [6], "type": "SQ(4,0)"}],
            "nodes": nodes, "outputs": [{"node": "luts"}],
        }
    )  # fmt: skip


@pytest.mark.parametrize(("change", "verdict"), [(0, "proved"), (1 << 9, "refuted")])
def test_networks_of_tables_are_proved_and_a_bit_of_a_table_is_refuted(change, verdict, tmp_path):
    ports = build(_tables(), QUICKLY, tmp_path).metrics.modules["encoder_core"]
    found = certify(_tables(change), ports.latency_cycles, tmp_path, tmp_path / "work", _silent)
    assert found.verdict == verdict


def _argmax(bits: int) -> NetworkGraph:
    return NetworkGraph.model_validate(
        {
            "format": "hexcoder-network", "version": 2, "name": "largest",
            "inputs": [{"name": "x", "shape": [4], "type": f"UQ({bits},0)"}],
            "nodes": [{"kind": "argmax", "name": "best", "inputs": ["x"]}],
            "outputs": [{"node": "best"}],
        }
    )  # fmt: skip


def test_a_kind_that_is_not_covered_is_named_and_does_not_fail(tmp_path):
    build(_argmax(6), QUICKLY, tmp_path)
    save_network(_argmax(6), tmp_path / "network.json")
    certificate = certify_design(tmp_path / "network.json", tmp_path, tmp_path / "work", _silent)
    assert (certificate.verdict, certificate.is_covered) == ("not proved", False)
    assert certificate.reason == "best is of kind 'argmax'"
    assert failure_of(certificate) is None


def test_a_network_of_few_events_is_proved_by_all_of_them(tmp_path):
    network = _argmax(3)
    latency = build(network, QUICKLY, tmp_path).metrics.modules["encoder_core"].latency_cycles
    assert certify(network, latency, tmp_path, tmp_path / "work", _silent).verdict == "proved"
    text = (tmp_path / "encoder.v").read_text()
    (tmp_path / "encoder.v").write_text(text.replace("assign y = {", "assign y = 2'd1 ^ {"))
    wrong = certify(network, latency, tmp_path, tmp_path / "work", _silent)
    assert (wrong.verdict, wrong.reason) == ("refuted", "an event differs")
