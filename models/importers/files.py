"""Which reader a file needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.schema import NetworkGraph

KINDS = (
    "ONNX and QONNX (.onnx), Keras with HGQ2 (.keras), Keras 2 with binary and ternary layers "
    "(.json, its weights beside it), conifer, XGBoost, alkaid's ALIR and networks of tables "
    "(.json), torch.export (.pt2), dwn2rtl's checkpoints, LightGBM (text)"
)


def import_model(
    path: Path,
    input_types: Mapping[str, FixedPoint] | FixedPoint | None = None,
    samples: np.ndarray | None = None,
    weights: Path | None = None,
    leaf_type: FixedPoint | None = None,
) -> NetworkGraph:
    """Read a model that another tool made; what kind it is is found from the file.

    Parameters
    ----------
    path : Path
    input_types : FixedPoint or mapping of str to FixedPoint, optional
        Of inputs that the model does not quantise itself.
    samples : float array (n, ...), optional
        Inputs of the model, from which such types are taken where they are not given.
    weights : Path, optional
        Those of Keras 2, where they do not lie beside its JSON.
    leaf_type : FixedPoint, optional
        To which leaves of XGBoost and LightGBM are rounded.

    Raises
    ------
    InputError
        If the file is none that is read, or cannot be imported exactly: what, where, and what
        would do.
    """
    from hexcoder.models.importers.dwn import import_dwn, is_torch_checkpoint
    from hexcoder.models.importers.floats.exported import read_exported
    from hexcoder.models.importers.floats.read import TORCH
    from hexcoder.models.importers.onnx.graph import import_onnx, import_operators
    from hexcoder.models.importers.trees.lightgbm import import_lightgbm, is_lightgbm

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a model: {KINDS}")
    if path.suffix.lower() == ".onnx":
        return import_onnx(path, input_types, samples)
    if is_torch_checkpoint(path):
        return import_dwn(path, _only(input_types))
    if path.suffix.lower() in TORCH:
        return import_operators(path, read_exported(path), input_types, samples)
    if path.suffix.lower() == ".keras":
        from hexcoder.models.importers.hgq.layers import import_hgq

        return import_hgq(path, _only(input_types))
    if path.suffix.lower() == ".json":
        return _import_json(path, input_types, samples, weights, leaf_type)
    if is_lightgbm(path):
        return import_lightgbm(path, _only(input_types), samples, leaf_type)
    raise InputError(f"{path}: no kind of model that is known; known are {KINDS}")


def _import_json(
    path: Path,
    input_types: Mapping[str, FixedPoint] | FixedPoint | None,
    samples: np.ndarray | None,
    weights: Path | None,
    leaf_type: FixedPoint | None,
) -> NetworkGraph:
    """A JSON file, of the kind that its keys say."""
    from hexcoder.models.importers.alir import import_alir, is_alir
    from hexcoder.models.importers.floats.keras import read_float_keras
    from hexcoder.models.importers.lut_network import import_lut_network, is_lut_network
    from hexcoder.models.importers.onnx.graph import import_operators
    from hexcoder.models.importers.trees.conifer import import_conifer
    from hexcoder.models.importers.trees.xgboost import import_xgboost

    value = read_json(path, f"give a model: {KINDS}")
    if isinstance(value, dict) and "trees" in value and "init_predict" in value:
        return import_conifer(value, path)
    if isinstance(value, dict) and "learner" in value:
        return import_xgboost(value, path, _only(input_types), samples, leaf_type)
    if is_alir(value):
        return import_alir(value, path)
    if is_lut_network(value):
        return import_lut_network(value, path)
    if isinstance(value, dict) and "class_name" in value:
        return import_operators(path, read_float_keras(path, weights), input_types, samples)
    raise InputError(
        f"{path}: no model that is known: conifer's has the key 'trees', XGBoost's 'learner', "
        "that of Keras 'class_name', that of alkaid 'meta', a network of tables 'format'"
    )


def _only(types: Mapping[str, FixedPoint] | FixedPoint | None) -> FixedPoint | None:
    """The type of a model's one input."""
    if isinstance(types, Mapping):
        return next(iter(types.values()), None)
    return types
