"""From a compiled network to Verilog text, the same bytes on every run."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from amaranth.back import rtlil, verilog
from amaranth.lib import wiring

from gen.compiler import Compiled, Settings
from gen.emit.circuit import EncoderCore, layer_module
from gen.emit.encoder import Encoder, sum_needs_registers
from gen.emit.verilog import layer_verilog
from hw.full_adder import FullAdder
from network.schema import Network
from sensor.front_end import sensor_image_order


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


def rtlil_text(component: wiring.Component, name: str) -> str:
    """A component and what is below it in RTLIL."""
    with _without_garbage_collection():
        return rtlil.convert(component, name=name, emit_src=False)


def verilog_text(parts: Sequence[str]) -> str:
    """Verilog of modules in RTLIL."""
    # One run of Yosys for all modules: its start takes longer than a small network. Amaranth has
    # this step only behind a name of its own; the version is pinned.
    text = verilog._convert_rtlil_text("\n".join(parts), strip_internal_attrs=True)
    # The first line names the converter and its build; the rest is ours.
    return re.sub(r"\A/\*.*?\*/\n", "", text)


def emit(network: Network, compiled: Compiled, settings: Settings) -> Emitted:
    """Write a compiled network as Verilog.

    Module ``encoder_core`` is the network alone, with a module for each layer. Where the input is
    an image of the sensor, module ``encoder`` stands round it. Layers are written directly:
    elaborating tens of thousands of single-bit gates takes minutes.
    """
    core = EncoderCore(compiled.graph, compiled.layers)
    order = sensor_image_order(network)
    encoder = None
    if order is not None:
        places = settings.pipeline
        register_sum = places.sum
        if register_sum == "auto":
            register_sum = sum_needs_registers(settings.clock, settings.technology)
        encoder = Encoder(core, order.tolist(), places.energies, register_sum)
    parts = [rtlil_text(FullAdder(), "full_adder"), rtlil_text(core, "encoder_core")]
    if encoder is not None:
        parts.append(rtlil_text(encoder, "encoder"))
    text = verilog_text(parts)
    layers = [
        layer_verilog(compiled.layers[layer.name], layer_module(layer)) for layer in core.arithmetic
    ]
    return Emitted(
        "\n".join([f"// hexcoder: network {network.name}", *layers, text]), core, encoder
    )
