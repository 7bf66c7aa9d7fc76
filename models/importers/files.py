"""Which reader a file needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.schema import NetworkGraph

KINDS = "ONNX and QONNX (.onnx), Keras with HGQ2 (.keras), conifer and XGBoost (.json)"


def import_model(
    path: Path,
    input_types: Mapping[str, FixedPoint] | FixedPoint | None = None,
    samples: np.ndarray | None = None,
) -> NetworkGraph:
    """Read a model that another tool made; what kind it is is found from the file.

    Parameters
    ----------
    path : Path
    input_types : FixedPoint or mapping of str to FixedPoint, optional
        Of inputs that the model does not quantise itself.
    samples : float array (n, ...), optional
        Inputs of the model, from which such types are taken where they are not given.

    Raises
    ------
    InputError
        If the file is none that is read, or cannot be imported exactly: what, where, and what
        would do.
    """
    from hexcoder.models.importers.onnx.graph import import_onnx

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a model: {KINDS}")
    if path.suffix.lower() == ".onnx":
        return import_onnx(path, input_types, samples)
    if path.suffix.lower() == ".keras":
        from hexcoder.models.importers.hgq.layers import import_hgq

        return import_hgq(path, _only(input_types))
    if path.suffix.lower() == ".json":
        return _import_json(path, input_types, samples)
    raise InputError(f"{path}: no kind of model that is known; known are {KINDS}")


def _import_json(
    path: Path,
    input_types: Mapping[str, FixedPoint] | FixedPoint | None,
    samples: np.ndarray | None,
) -> NetworkGraph:
    """A JSON file, of the kind that its keys say."""
    from hexcoder.models.importers.trees import import_conifer, import_xgboost

    value = read_json(path, f"give a model: {KINDS}")
    if isinstance(value, dict) and "trees" in value and "init_predict" in value:
        return import_conifer(value, path)
    if isinstance(value, dict) and "learner" in value:
        return import_xgboost(value, path, _only(input_types), samples)
    raise InputError(
        f"{path}: no model that is known: conifer's has the key 'trees', XGBoost's 'learner'"
    )


def _only(types: Mapping[str, FixedPoint] | FixedPoint | None) -> FixedPoint | None:
    """The type of a model's one input."""
    if isinstance(types, Mapping):
        return next(iter(types.values()), None)
    return types
