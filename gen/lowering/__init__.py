"""How each kind of layer becomes nodes: a file for each kind of network/kinds/, of its name.

``lower(context, builder, sources)`` adds the nodes of a layer and gives its output elements; of a
kind with weights, ``terms(context)`` says which products each output is the sum of.
"""

import importlib
import pkgutil
from typing import Any

LOWERINGS: dict[str, Any] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
}
"""Modules by kind."""
