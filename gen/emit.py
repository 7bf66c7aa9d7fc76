"""From a compiled network to Verilog text, the same bytes on every run."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from amaranth.back import rtlil, verilog
from amaranth.lib import wiring

from gen.circuit import EncoderCore, layer_circuit, layer_module
from gen.encoder import Encoder
from gen.graph import Graph
from hexcoder.config import Pipeline
from models.front_end import sensor_image_order
from models.network import Network

PARALLEL_NODES = 1500
"""Above this size a process for each layer pays for its start."""


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


def _rtlil(component: wiring.Component, name: str) -> str:
    with _without_garbage_collection():
        return rtlil.convert(component, name=name, emit_src=False)


def _layer_rtlil(graph: Graph, name: str) -> str:
    """RTLIL of one layer; made from the graph, because a component cannot go between processes."""
    circuit = layer_circuit(graph, name)
    return _rtlil(circuit, layer_module(circuit.layer))


def _layers_rtlil(graph: Graph) -> list[str]:
    names = [layer.name for layer in graph.layers if layer.kind != "flatten"]
    if len(graph.nodes) < PARALLEL_NODES:
        return [_layer_rtlil(graph, name) for name in names]
    # Started anew, not forked: a progress bar's thread may be running in this process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(len(names), os.cpu_count() or 1), context) as pool:
        return list(pool.map(_layer_rtlil, [graph] * len(names), names))


def emit(network: Network, graph: Graph, places: Pipeline) -> Emitted:
    """Write a compiled graph as Verilog.

    Module ``encoder_core`` is the network alone, with a module for each layer. Where the input is
    an image of the sensor, module ``encoder`` stands round it.
    """
    core = EncoderCore(graph)
    order = sensor_image_order(network)
    encoder = Encoder(core, order.tolist(), places.energies) if order is not None else None
    parts = [*_layers_rtlil(graph), _rtlil(core, "encoder_core")]
    if encoder is not None:
        parts.append(_rtlil(encoder, "encoder"))
    # One run of Yosys for all modules: its start takes longer than a small network. Amaranth has
    # this step only behind a name of its own; the version is pinned.
    text = verilog._convert_rtlil_text("\n".join(parts), strip_internal_attrs=True)
    # The first line names the converter and its build; the rest is ours.
    text = re.sub(r"\A/\*.*?\*/\n", "", text)
    return Emitted(f"// hexcoder: network {network.name}\n{text}", core, encoder)
