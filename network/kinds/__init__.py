"""The kinds of layers: each file in this folder is one, and is found by being here."""

import importlib
import pkgutil

from hexcoder.network.layer import Layer


def _kind(module: str) -> type[Layer]:
    """The one class of layer that a file of this folder defines."""
    name = f"{__name__}.{module}"
    classes = [
        part
        for part in vars(importlib.import_module(name)).values()
        if isinstance(part, type) and issubclass(part, Layer) and part.__module__ == name
    ]
    if len(classes) != 1:
        raise ImportError(f"{name} must define one kind of layer: it has {len(classes)}")
    return classes[0]


KINDS = {module.name: _kind(module.name) for module in pkgutil.iter_modules(__path__)}
"""Classes by kind."""
