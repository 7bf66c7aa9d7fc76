"""Reads a .keras file: its layers and their arrays. No code of the file is ever run."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.documents import parse_json
from hexcoder.errors import InputError

MOST_BYTES = 1 << 29
"""Of a part of the file, unpacked."""


@dataclass(frozen=True)
class KerasLayer:
    """A layer.

    Parameters
    ----------
    kind, name : str
        Its class, and the name that the model gives it.
    config : dict
    sources : list of str
        Names of the layers that it reads, in the order of its arguments.
    arrays : dict of str to array
        Its variables by their path, such as ``iq/quantizer/vars/0``.
    where : str
        How a message speaks of it.
    """

    kind: str
    name: str
    config: dict[str, Any]
    sources: list[str]
    arrays: dict[str, np.ndarray]
    where: str

    def array(self, path: str) -> np.ndarray:
        """A variable; InputError if the file has none such."""
        if path not in self.arrays:
            raise InputError(f"{self.where}: the file has no variable '{path}' of it")
        return self.arrays[path]

    def get(self, key: str, default: Any = None) -> Any:
        """A key of the configuration."""
        value = self.config.get(key)
        return default if value is None else value


@dataclass(frozen=True)
class KerasModel:
    """Layers in order, and the names of those that go out."""

    layers: list[KerasLayer]
    outputs: list[str]


def read_keras(path: Path) -> KerasModel:
    """Read a file of Keras 3.

    Raises
    ------
    InputError
        If it is none, or is cut off, or its parts do not belong together.
    """
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
    try:
        # From memory: what a broken archive points at is then no place in a file.
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            config = parse_json(_part(archive, path, "config.json").decode("utf-8"), str(path))
            weights = _part(archive, path, "model.weights.h5")
    except InputError:
        raise
    except Exception:  # whatever zipfile meets in broken bytes
        raise InputError(f"{path}: not a .keras file, or cut off") from None
    return layers_of(path, config, read_arrays(path, weights))


def layers_of(
    path: Path, config: Any, arrays: Mapping[str, np.ndarray] | None = None
) -> KerasModel:
    """The layers of a model's configuration.

    Parameters
    ----------
    arrays : mapping of str to array, optional
        Of Keras 3's weights' file, by path.
    """
    arrays = arrays or {}
    kinds = ("Functional", "Sequential", "Model")
    if not isinstance(config, dict) or config.get("class_name") not in kinds:
        raise InputError(
            f"{path}: its model is {_word(config)}; Functional and Sequential models are read"
        )
    inner = config.get("config")
    if isinstance(inner, list):
        # The oldest files of sequential models.
        inner = {"layers": inner}
    rows = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: its config has no layers")
    counts: Counter[str] = Counter()
    layers: list[KerasLayer] = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("config"), dict):
            raise InputError(f"{path}: a layer of its config is no object")
        kind = str(row.get("class_name"))
        name = str(row["config"].get("name", row.get("name")))
        container = _snake_case(kind)
        counts[container] += 1
        if counts[container] > 1:
            container += f"_{counts[container] - 1}"
        prefix = f"layers/{container}/"
        own = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        if config["class_name"] == "Sequential":
            sources = [layers[-1].name] if layers else []
        else:
            sources = list(_histories(row.get("inbound_nodes")))
        layers.append(
            KerasLayer(kind, name, row["config"], sources, own, f"{path}: layer '{name}' ({kind})")
        )
    outputs = [layers[-1].name]
    if config["class_name"] != "Sequential":
        outputs = list(_names(inner.get("output_layers")))
    return KerasModel(layers, outputs)


def _part(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    try:
        size = archive.getinfo(name).file_size
    except KeyError:
        raise InputError(f"{path}: not a .keras file: it has no {name}") from None
    if size > MOST_BYTES:
        raise InputError(f"{path}: its {name} is larger than {MOST_BYTES >> 20} MiB")
    return archive.read(name)


def read_arrays(path: Path, content: bytes) -> dict[str, np.ndarray]:
    """Every array of the weights' file by its path."""
    try:
        import h5py
    except ImportError:
        raise InputError(
            f"{path}: reading Keras files needs the package h5py: pip install 'hexcoder[import]'"
        ) from None
    found: dict[str, np.ndarray] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            if item.dtype.kind not in "iufb" or item.nbytes > MOST_BYTES:
                raise InputError(f"{path}: variable '{name}' holds no numbers, or too many")
            found[name] = np.asarray(item[()])

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            file.visititems(take)
    except InputError:
        raise
    except Exception as error:  # whatever HDF5 says of broken bytes
        first = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise InputError(f"{path}: its model.weights.h5 is broken: {first}") from None
    return found


def _snake_case(name: str) -> str:
    """A class's name as Keras writes it into its files."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _histories(value: Any) -> list[str]:
    """Names of the layers whose tensors stand in arguments."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            history = value.get("config", {}).get("keras_history", [])
            return [str(history[0])] if history else []
        return [name for one in value.values() for name in _histories(one)]
    if isinstance(value, list):
        # Keras 2 writes [name, node, tensor, {}].
        if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
            return [value[0]]
        return [name for one in value for name in _histories(one)]
    return []


def _names(value: Any) -> list[str]:
    """Names in ``[name, node, tensor]`` or a list of such."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [value[0]]
    return [name for one in value for name in _names(one)] if isinstance(value, list) else []


def _word(config: Any) -> str:
    return str(config.get("class_name"))[:40] if isinstance(config, dict) else "no object"
