"""An adaptive code as Verilog."""

from collections.abc import Mapping

from amaranth.lib import wiring

from hexcoder.gen.codec.circuit import CodecEncoder
from hexcoder.gen.codec.stages import delays_ns, register_bits
from hexcoder.gen.frame_design import FrameDesign
from hexcoder.gen.places import RankedModule
from hexcoder.metrics.rtl import RtlCode, RtlStep
from hexcoder.sensor.codec.codec import Codec


class CodecDesign(FrameDesign[Codec]):
    """A code with its tables in gates."""

    def register_bits(self) -> dict[str, int]:
        return register_bits(self.source)

    def delays_ns(self) -> list[float]:
        return delays_ns(self.source, self.settings.technology)

    def circuit(self) -> tuple[RankedModule, Mapping[str, wiring.Component]]:
        encoder = CodecEncoder(self.source, self.places)
        return encoder, encoder.parts

    def parts(self, registers: dict[str, int]) -> RtlCode:
        codec = self.source
        steps = [
            RtlStep(
                shift=shift,
                factor=factor,
                tables=[codec.modes[mode].table for mode in codec.modes_of((shift, factor))],
            )
            for shift, factor in codec.steps
        ]
        return RtlCode(
            payload_bits=codec.payload_bits,
            mode_bits=codec.mode_bits,
            charge_bits=codec.charge_bits,
            symbols=codec.symbols.count,
            cells=codec.symbols.cells,
            tables=len(codec.tables),
            steps=steps,
            registers=registers,
        )
