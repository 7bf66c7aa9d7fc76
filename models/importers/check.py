"""Link 0 of the chain of proof, run here: a model's own tool beside the imported network."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.models.importers.samples import INSIDE
from hexcoder.models.importers.trees.lightgbm import is_lightgbm
from hexcoder.network.real_values import to_integers
from hexcoder.network.schema import NetworkGraph, RealInput
from hexcoder.sensor.tables.samples import INPUTS, OUTPUTS

Arrays = dict[str, np.ndarray]
SUMS = ("MatMul", "Gemm", "Conv")
"""Operators of ONNX whose results are compared one by one."""


def random_inputs(network: NetworkGraph, count: int, seed: int) -> np.ndarray:
    """Real inputs over the whole range of the network's inputs: float64 (n, elements)."""
    random = np.random.default_rng(seed)
    parts = []
    for tensor in network.inputs:
        real, type_ = tensor.real or RealInput(), tensor.type
        whole = random.integers(type_.minimum, type_.maximum + 1, (count, *tensor.shape))
        scale = type_.step if real.scale is None else np.array(real.scale)
        parts.append((whole * scale + np.array(real.offset)).reshape(count, -1))
    return np.concatenate(parts, axis=1)


def own_answers(path: Path, network: NetworkGraph, inputs: np.ndarray) -> tuple[str, Arrays]:
    """What a model's own tool answers: its name, and arrays as a file of samples has them.

    Parameters
    ----------
    inputs : float array (n, ...)
        Real inputs. The tool gets them as the network takes them in float32.

    Raises
    ------
    InputError
        If the tool is not installed: which, and how it is installed.
    """
    given = _float32(network, inputs)
    run, tool, package = _tool(path)
    try:
        arrays = run(path, network, given)
    except ImportError as error:
        raise InputError(
            f"{path}: --check needs {tool}: pip install {package} ({error.name or error} is "
            "missing)"
        ) from None
    except Exception as error:  # whatever a foreign tool makes of its own file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: {tool} itself fails on it: {reason[:200]}") from None
    return tool, {INPUTS: given, **arrays}


def _float32(network: NetworkGraph, inputs: np.ndarray) -> np.ndarray:
    """Inputs that float32 holds: another integer than the network's would compare nothing."""
    given = np.asarray(inputs, dtype=np.float32).astype(np.float64)
    flat = given.reshape(len(given), -1)
    same = (to_integers(network, flat) == to_integers(network, inputs)).all(axis=1)
    return given[same]


def _tool(path: Path) -> tuple[Callable[[Path, NetworkGraph, np.ndarray], Arrays], str, str]:
    """How a model is run, by what tool, and the package that has it."""
    if path.suffix.lower() == ".onnx":
        return _qonnx, "qonnx", "qonnx"
    if path.suffix.lower() == ".keras":
        return _keras, "Keras with HGQ2", "keras HGQ2"
    if is_lightgbm(path):
        return _lightgbm, "LightGBM", "lightgbm"
    value = read_json(path, "give a model")
    if isinstance(value, dict) and "learner" in value:
        return _xgboost, "XGBoost", "xgboost-cpu"
    return _conifer, "conifer", "conifer"


def _one_shape(network: NetworkGraph, inputs: np.ndarray) -> np.ndarray:
    return inputs.reshape(len(inputs), *network.inputs[0].shape).astype(np.float32)


def _qonnx(path: Path, network: NetworkGraph, inputs: np.ndarray) -> Arrays:
    """One sample at a time; outputs, and the sums inside."""
    import qonnx.core.onnx_exec as execution  # type: ignore[import-not-found]
    from qonnx.core.modelwrapper import ModelWrapper  # type: ignore[import-not-found]
    from qonnx.util.cleanup import cleanup_model  # type: ignore[import-not-found]

    model = cleanup_model(ModelWrapper(str(path)))
    shapes = {one.name: model.get_tensor_shape(one.name) for one in model.graph.input}
    counts: Counter[str] = Counter()
    kept: dict[str, str] = {}
    known = {context.name for context in network.contexts()}
    for node in model.graph.node:
        name = f"{node.op_type}_{counts[node.op_type]}"
        counts[node.op_type] += 1
        if node.op_type in SUMS and name in known:
            kept[f"{INSIDE}{name}"] = node.output[0]
    kept[OUTPUTS] = model.graph.output[0].name
    found: dict[str, list[np.ndarray]] = {key: [] for key in kept}
    for row in inputs.reshape(len(inputs), -1):
        start, given = 0, {}
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            given[name] = row[start : start + size].reshape(shape).astype(np.float32)
            start += size
        context = execution.execute_onnx(model, given, True)
        for key, tensor in kept.items():
            found[key].append(np.asarray(context[tensor], np.float64).ravel())
    return {key: np.stack(rows) for key, rows in found.items()}


def _keras(path: Path, network: NetworkGraph, inputs: np.ndarray) -> Arrays:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import hgq.layers  # type: ignore[import-not-found]  # noqa: F401
    import keras  # type: ignore[import-not-found]

    model = keras.models.load_model(path, compile=False)
    found = model.predict(_one_shape(network, inputs), verbose=0)
    parts = found if isinstance(found, list) else [found]
    return {OUTPUTS: np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)}


def _xgboost(path: Path, network: NetworkGraph, inputs: np.ndarray) -> Arrays:
    """Its margins, before the objective's last function."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(path)
    data = xgboost.DMatrix(inputs.reshape(len(inputs), -1))
    found = booster.predict(data, output_margin=True)
    return {OUTPUTS: np.asarray(found, np.float64).reshape(len(inputs), -1)}


def _lightgbm(path: Path, network: NetworkGraph, inputs: np.ndarray) -> Arrays:
    """Its sums, before the objective's last function."""
    import lightgbm  # type: ignore[import-not-found]

    booster: Any = lightgbm.Booster(model_file=str(path))
    # A forest's raw scores are sums; its answers are their means.
    is_forest = network.outputs[0].real is not None and network.outputs[0].real.scale is not None
    found = booster.predict(inputs.reshape(len(inputs), -1), raw_score=not is_forest)
    return {OUTPUTS: np.asarray(found, np.float64).reshape(len(inputs), -1)}


def _conifer(path: Path, network: NetworkGraph, inputs: np.ndarray) -> Arrays:
    import conifer  # type: ignore[import-not-found]

    model: Any = conifer.model.load_model(str(path))
    model.compile()
    found = model.decision_function(inputs.reshape(len(inputs), -1))
    return {OUTPUTS: np.asarray(found, np.float64).reshape(len(inputs), -1)}
