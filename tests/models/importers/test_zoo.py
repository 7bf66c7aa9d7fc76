"""Models that others trained, and what their own tools answered; skipped where they are not."""

from pathlib import Path

import numpy as np
import pytest

from hexcoder.models.importers.files import import_model
from hexcoder.models.importers.floats.read import import_float
from hexcoder.models.importers.samples import compare_samples
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals

ZOO = Path(__file__).parents[4] / "shared" / "zoo"
MODELS = {
    "TFC_1W1A": "qonnx_model_zoo/TFC_1W1A.onnx",
    "TFC_2W2A": "qonnx_model_zoo/TFC_2W2A.onnx",
    "qkeras_jettagging": "qonnx_model_zoo/qkeras_jettagging.onnx",
    "kwsmlp_w3a3": "qonnx_model_zoo/kwsmlp_w3a3.onnx",
    "finn_build_dataflow": "finn/model.onnx",
    "hgq_jsc_openml_758": "hgq/jsc_openml_758.keras",
    "hgq_jsc_cernbox_7498": "hgq/jsc_cernbox_7498.keras",
    "hgq_lin8part": "hgq/lin8part.keras",
    "hls4ml_KERAS_3layer_ternary_small": "keras/KERAS_3layer_ternary_small.json",
    "conifer_compositeID_EE_v1": "conifer/compositeID_EE_v1.json",
    "conifer_multiclass_EE": "conifer/multiclass_EE.json",
}


@pytest.mark.skipif(not ZOO.is_dir(), reason="the models of others are not part of the project")
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_others_answers_as_its_own_tool_does(name):
    arrays = dict(np.load(ZOO / "golden" / f"{name}.npz"))
    network = import_model(ZOO / "models" / MODELS[name], samples=arrays["inputs"])
    found = compare_samples(network, arrays)
    if name.startswith("hls4ml"):
        # Its last scale has 16 bits, with which two outputs of one sample are equal.
        assert found.argmax_differs == 0
        return
    assert found.passed, found
    # Where outputs are behind a softmax the sums inside are what is compared.
    assert found.tensors


@pytest.mark.skipif(not ZOO.is_dir(), reason="the models of others are not part of the project")
def test_garnet_by_calibration_loses_less_than_hls4ml_s_emulation():
    """Both at 16 bits, against the float model's answers to the same clusters."""
    golden = np.load(ZOO / "golden" / "garnet_1layer.npz")
    vertices = golden["inputs"].reshape(len(golden["nvert"]), -1)
    samples = np.concatenate([vertices, golden["nvert"]], axis=1)
    network, _ = import_float(ZOO / "models" / "keras" / "garnet_1layer.json", samples, 16)
    found = to_reals(network, evaluate(network, to_integers(network, samples)))
    wanted = golden["reference_outputs"]
    loss = np.abs(1 / (1 + np.exp(-found)) - wanted)
    theirs = np.abs(golden["hls4ml_outputs"] - wanted)
    assert loss.mean() < theirs.mean() / 2
    assert loss.max() < theirs.max()
