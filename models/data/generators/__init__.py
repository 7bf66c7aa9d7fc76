"""Generated samples of the field's tasks. None is real data, and each file says how it is made.

A generator is a function ``generate(count, random)`` in a file of this folder, which gives inputs
(count, ...) and answers (count, ...), float32 or integers.
"""

import importlib
import pkgutil

import numpy as np

NAMES = tuple(module.name for module in pkgutil.iter_modules(__path__))
"""Names for a config's ``data.generator``."""


def generate_task(name: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and answers of a task.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    count, seed : int
    """
    module = importlib.import_module(f"{__name__}.{name}")
    return module.generate(count, np.random.default_rng(seed))
