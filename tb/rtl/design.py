"""What a simulation needs to know of a compiled module, read from the files that gen/ wrote."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.fixed_point import FixedPoint
from hexcoder.metrics.rtl import RtlFile
from hexcoder.network.modules import ModuleUnderTest
from hexcoder.network.packing import signed_fields
from hexcoder.network.schema import Network
from hexcoder.tb.modules import read_rtl


@dataclass(frozen=True, slots=True)
class Watched:
    """A tensor inside a module that can be watched: element k lies in bits [k*width +: width].

    ``path`` is its signal, from the module down, separated by dots; ``latency`` counts clocks from
    the module's input. No hardware computes the elements ``not_built``: nothing reads them. Each
    element is so much above what the signal holds as ``offsets`` says.
    """

    name: str
    path: str
    latency: int
    elements: int
    type: FixedPoint
    not_built: frozenset[int]
    offsets: tuple[int, ...] = ()

    def values(self, raw: np.ndarray) -> np.ndarray:
        """Values of the elements from the unsigned fields of the signal: int64 (..., elements)."""
        width, offsets = self.type.width, np.array(self.offsets or [0], np.int64)
        return signed_fields((raw + offsets) & ((1 << width) - 1), width, self.type.signed)


@dataclass(frozen=True, slots=True)
class Design:
    """A module of a compiled network: its ports and what is watched in it."""

    module: str
    verilog: Path
    latency: int
    input_widths: tuple[int, ...]
    output_widths: tuple[int, ...]
    watched: tuple[Watched, ...]
    interval: int = 1


def read_design(module: ModuleUnderTest, folder: Path) -> Design:
    """Where a module's ports and layers are in the Verilog of ``folder``."""
    return Design(
        module=module.name,
        verilog=(folder / "encoder.v").resolve(),
        latency=module.latency,
        interval=module.interval,
        input_widths=module.input_widths,
        output_widths=module.output_widths,
        watched=tuple(_watched(module, read_rtl(folder))),
    )


def _watched(module: ModuleUnderTest, rtl: RtlFile) -> list[Watched]:
    network, watched, prefix = module.network, [], ""
    if not isinstance(network, Network):
        return watched
    offset = rtl.modules[module.name].front_end_latency_cycles
    if offset is not None:
        # The network is a part of the module, behind the front end.
        prefix, source = "core.", network.input
        elements = int(np.prod(source.shape))
        watched.append(
            Watched("front_end", "front_end_output", offset, elements, source.type, frozenset())
        )
    for layer, context in zip(rtl.layers, network.contexts(), strict=True):
        if layer.signal is not None:
            assert layer.signal_latency_cycles is not None
            watched.append(
                Watched(
                    context.name,
                    prefix + layer.signal,
                    (offset or 0) + layer.signal_latency_cycles,
                    int(np.prod(context.output_shape)),
                    context.output_type,
                    frozenset(layer.elements_not_built),
                    tuple(layer.offsets or ()),
                )
            )
    return watched
