"""A trained network in, a verified chip block out.

>>> import hexcoder
>>> config = hexcoder.load_config("tiny")
>>> network = hexcoder.train(config)
>>> hexcoder.compile(network, "rtl").modules["encoder_core"].latency_cycles
3

The functions are those of hexcoder.api; docs/api.md shows them at work. The program ``hexcoder`` is
the same on the command line.
"""

import importlib
from typing import TYPE_CHECKING, Any

from hexcoder.version import __version__

__all__ = [
    "CheckFailed",
    "Classical",
    "Codec",
    "Config",
    "GraphBuilder",
    "InputError",
    "Network",
    "__version__",
    "compile",
    "decode",
    "encode",
    "export_model",
    "freeze",
    "golden",
    "import_float",
    "import_model",
    "layer_outputs",
    "layout",
    "load_config",
    "load_encoder",
    "load_events",
    "load_network",
    "nn",
    "prove",
    "read_metrics",
    "save_network",
    "score",
    "shipped_configs",
    "synthesise",
    "to_integers",
    "to_reals",
    "train",
    "train_model",
    "write_report",
]

if TYPE_CHECKING:
    from hexcoder.api import (
        CheckFailed,
        Classical,
        Codec,
        Config,
        GraphBuilder,
        InputError,
        Network,
        compile,
        decode,
        encode,
        export_model,
        freeze,
        golden,
        import_float,
        import_model,
        layer_outputs,
        layout,
        load_config,
        load_encoder,
        load_events,
        load_network,
        prove,
        read_metrics,
        save_network,
        score,
        shipped_configs,
        synthesise,
        to_integers,
        to_reals,
        train,
        train_model,
        write_report,
    )
    from hexcoder.models import nn


def __getattr__(name: str) -> Any:
    # Where it is asked for: what is below takes nothing from above, and loads no torch.
    if name not in __all__:
        raise AttributeError(f"module 'hexcoder' has no attribute '{name}'")
    if name == "nn":
        return importlib.import_module("hexcoder.models.nn")
    return getattr(importlib.import_module("hexcoder.api"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
