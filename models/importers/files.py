"""Which reader a file needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.network.schema import NetworkGraph

KINDS = "ONNX or QONNX (.onnx)"


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
    from hexcoder.models.importers.onnx_import import import_onnx

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a model: {KINDS}")
    if path.suffix.lower() == ".onnx":
        return import_onnx(path, input_types, samples)
    raise InputError(f"{path}: no kind of model that is known; known are {KINDS}")
