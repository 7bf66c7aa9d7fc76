"""A classical method as Verilog."""

from collections.abc import Mapping

from amaranth.lib import wiring

from hexcoder.gen.classical.circuit import ClassicalEncoder, delays_ns, register_bits
from hexcoder.gen.frame_design import FrameDesign
from hexcoder.gen.places import RankedModule
from hexcoder.metrics.rtl import RtlClassical
from hexcoder.sensor.classical.method import Classical


class ClassicalDesign(FrameDesign[Classical]):
    """A fixed algorithm."""

    def register_bits(self) -> dict[str, int]:
        return register_bits(self.source)

    def delays_ns(self) -> list[float]:
        return delays_ns(self.source, self.settings.technology)

    def circuit(self) -> tuple[RankedModule, Mapping[str, wiring.Component]]:
        return ClassicalEncoder(self.source, self.places), {}

    def parts(self, registers: dict[str, int]) -> RtlClassical:
        method = self.source
        return RtlClassical(
            method=method.method,
            kept=method.kept,
            threshold_adc=method.threshold_adc,
            registers=registers,
        )
