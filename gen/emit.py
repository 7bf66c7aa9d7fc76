"""From a compiled network to Verilog text, the same bytes on every run."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from amaranth.back import verilog
from amaranth.lib import wiring

from gen.circuit import EncoderCore
from gen.encoder import Encoder
from gen.graph import Graph
from hexcoder.config import Pipeline
from models.front_end import sensor_image_order
from models.network import Network


@dataclass(frozen=True, slots=True)
class Emitted:
    """Verilog and the circuits that it describes; ``encoder`` only for sensor images."""

    text: str
    core: EncoderCore
    encoder: Encoder | None


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Elaboration makes millions of small objects and no garbage; collecting doubles its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _convert(component: wiring.Component, name: str) -> str:
    with _without_garbage_collection():
        text = verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    # The first line names the converter and its build; the rest is ours.
    return re.sub(r"\A/\*.*?\*/\n", "", text)


def emit(network: Network, graph: Graph, places: Pipeline) -> Emitted:
    """Write a compiled graph as Verilog.

    Module ``encoder_core`` is the network alone. Where the input is an image of the sensor, module
    ``encoder`` stands round it.
    """
    core = EncoderCore(graph)
    order = sensor_image_order(network)
    encoder = Encoder(core, order.tolist(), places.energies) if order is not None else None
    parts = [f"// hexcoder: network {network.name}\n", _convert(core, "encoder_core")]
    if encoder is not None:
        parts.append(_convert(encoder, "encoder"))
    return Emitted("".join(parts), core, encoder)
