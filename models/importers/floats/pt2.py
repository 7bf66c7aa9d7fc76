"""Reads what ``torch.export.save`` writes: its graph as JSON, its weights as bytes.

``torch.export.load`` is not asked: it unpickles parts of the file, which runs code that may stand
there. A part that is a pickle is refused.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hexcoder.documents import parse_json
from hexcoder.errors import InputError

MOST_BYTES = 1 << 29
"""Of a part of the file, unpacked."""
EXPORT = "torch.export.save(torch.export.export(model.eval(), (example,)), 'model.pt2')"
"""What makes a file that is read."""
_TYPES = {1: "u1", 2: "i1", 3: "i2", 4: "i4", 5: "i8", 6: "f2", 7: "f4", 8: "f8", 12: "?"}
"""Of torch's ScalarType in the file."""


@dataclass(frozen=True)
class Call:
    """A call of an operator of torch.

    Parameters
    ----------
    target, name : str
        Such as ``conv2d.default``, and the name of the node.
    arguments : dict of str to object
        Numbers, lists, texts; tensors as :class:`Tensor`, a side that is not given as None.
    outputs : list of str
    where : str
        How a message speaks of it.
    """

    target: str
    name: str
    arguments: Mapping[str, Any]
    outputs: list[str]
    where: str


@dataclass(frozen=True)
class Tensor:
    """A tensor by its name."""

    name: str


@dataclass(frozen=True)
class Program:
    """An exported module: calls in order, shapes (None: not given) and constants of tensors."""

    inputs: list[str]
    outputs: list[str]
    calls: list[Call]
    shapes: dict[str, list[int | None]]
    constants: dict[str, np.ndarray]


def read_pt2(path: Path, content: bytes | None = None) -> Program:
    """Read a file, or its bytes where they are given.

    Raises
    ------
    InputError
        If it is none, is a pickle, or its parts do not belong together.
    """
    if content is None:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        content = path.read_bytes()
    try:
        # From memory: what a broken archive points at is then no place in a file.
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _program(archive, path)
    except InputError:
        raise
    except zipfile.BadZipFile:
        if content[:1] == b"\x80":
            raise InputError(_pickled(path)) from None
        raise InputError(
            f"{path}: not a file of torch.export, or cut off; write {EXPORT}"
        ) from None
    except Exception as error:  # whatever a broken file makes of these
        raise InputError(
            f"{path}: its parts are not as torch.export.save writes them "
            f"({type(error).__name__}); write {EXPORT}"
        ) from None


def _pickled(path: Path) -> str:
    return f"{path}: a pickle or TorchScript is code, which is not run; write {EXPORT}"


def _program(archive: zipfile.ZipFile, path: Path) -> Program:
    names = archive.namelist()
    models = [name for name in names if name.endswith("/models/model.json")]
    if len(models) != 1:
        if any(name.endswith("data.pkl") for name in names):
            raise InputError(_pickled(path))
        raise InputError(f"{path}: it holds {len(models)} models of torch.export; one is read")
    root = models[0].removesuffix("models/model.json")
    module = _json(archive, path, models[0])["graph_module"]
    graph = module["graph"]
    arrays = {
        **_arrays(archive, path, f"{root}data/weights/", "model_weights_config.json"),
        **_arrays(archive, path, f"{root}data/constants/", "model_constants_config.json"),
    }
    inputs, constants = [], {}
    for row in module["signature"]["input_specs"]:
        ((kind, spec),) = row.items()
        name = spec["arg"]["name"] if kind != "user_input" else _tensor_name(path, spec["arg"])
        if kind == "user_input":
            inputs.append(name)
            continue
        key = spec.get("parameter_name", spec.get("buffer_name", spec.get("tensor_constant_name")))
        if key not in arrays:
            raise InputError(f"{path}: it has no values of '{key}', which the model takes")
        constants[name] = arrays[key]
    outputs = []
    for row in module["signature"]["output_specs"]:
        ((kind, spec),) = row.items()
        if kind != "user_output":
            raise InputError(
                f"{path}: an output is a {kind.replace('_', ' ')}: export model.eval()"
            )
        outputs.append(_tensor_name(path, spec["arg"]))
    shapes = {
        name: [side.get("as_int") for side in value["sizes"]]
        for name, value in graph["tensor_values"].items()
    }
    calls = [_call(node, path, number) for number, node in enumerate(graph["nodes"])]
    return Program(inputs, outputs, calls, shapes, constants)


def _tensor_name(path: Path, argument: Mapping[str, Any]) -> str:
    if "as_tensor" not in argument:
        raise InputError(f"{path}: an input or output of the module is no tensor")
    return argument["as_tensor"]["name"]


def _call(node: Mapping[str, Any], path: Path, number: int) -> Call:
    target = str(node["target"]).removeprefix("torch.ops.aten.")
    arguments = {row["name"]: _argument(row["arg"]) for row in node["inputs"]}
    outputs: list[str] = []
    for row in node["outputs"]:
        ((_, made),) = row.items()
        several = made if isinstance(made, list) else [made]
        outputs += [one["name"] for one in several if isinstance(one, dict) and "name" in one]
    name = str(node.get("name") or (outputs or [f"node_{number}"])[0])
    return Call(target, name, arguments, outputs, f"{path}: operator {target[:60]} '{name[:60]}'")


def _argument(argument: Mapping[str, Any]) -> Any:
    """A value; a size that the file does not give is None."""
    ((kind, value),) = argument.items()
    if kind == "as_tensor":
        return Tensor(value["name"])
    if kind == "as_tensors":
        return [Tensor(one["name"]) for one in value]
    if kind == "as_sym_ints":
        return [one.get("as_int") for one in value]
    if kind == "as_none" or kind.startswith("as_sym"):
        return value.get("as_int") if isinstance(value, dict) else None
    return value


def _arrays(
    archive: zipfile.ZipFile, path: Path, folder: str, config: str
) -> dict[str, np.ndarray]:
    """Tensors that lie in the file as bytes."""
    if f"{folder}{config}" not in archive.namelist():
        return {}
    found = {}
    for name, row in _json(archive, path, f"{folder}{config}")["config"].items():
        if row["use_pickle"] or "tensor_meta" not in row or not row["tensor_meta"]:
            raise InputError(f"{path}: '{name}' is a pickle, which is code and is not read")
        meta = row["tensor_meta"]
        if meta["dtype"] not in _TYPES:
            raise InputError(f"{path}: '{name}' has a type that is not read; use float32")
        kind = np.dtype(_TYPES[meta["dtype"]]).newbyteorder("<")
        data = np.frombuffer(_bytes(archive, path, f"{folder}{row['path_name']}"), kind)
        sides, strides = (
            [int(side["as_int"]) for side in meta[key]] for key in ("sizes", "strides")
        )
        first = int(meta["storage_offset"]["as_int"])
        last = first + sum((side - 1) * step for side, step in zip(sides, strides, strict=True))
        if min([first, *sides, *strides], default=0) < 0 or (
            math.prod(sides) and last >= data.size
        ):
            raise InputError(f"{path}: '{name}' is larger than what the file holds of it")
        view = np.lib.stride_tricks.as_strided(
            data[first:], sides, [step * kind.itemsize for step in strides], writeable=False
        )
        if view.nbytes > MOST_BYTES:
            raise InputError(f"{path}: '{name}' is larger than {MOST_BYTES >> 20} MiB")
        found[name] = np.array(view)
    return found


def _json(archive: zipfile.ZipFile, path: Path, name: str) -> Any:
    return parse_json(_bytes(archive, path, name).decode("utf-8"), str(path))


def _bytes(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise InputError(f"{path}: its part {name} is larger than {MOST_BYTES >> 20} MiB")
    return archive.read(name)
