"""The design of an interval, which a config may leave to the compiler."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hexcoder.errors import InputError
from hexcoder.gen.compiler import Progress, Settings
from hexcoder.gen.design import Design, Emitted
from hexcoder.gen.emit.fixed import FixedDesign
from hexcoder.gen.folding.design import FoldedDesign, check_stages
from hexcoder.metrics.rtl import RtlFile, RtlInterval, Size
from hexcoder.network.schema import Network


def intervals(most: int) -> list[int]:
    """Powers of two, their multiples by 1.5, and ``most`` itself, from 1 on."""
    powers = [1 << k for k in range(most.bit_length())]
    return sorted({n for power in powers for n in (power, 3 * power) if n <= most} | {most})


def design_of(network: Network, settings: Settings, progress: Progress) -> Design:
    """The design, of fixed weights, of the interval that ``settings`` ask for."""
    kinds = {1: FixedDesign, "auto": ChosenDesign}
    return kinds.get(settings.pipeline.interval, FoldedDesign)(network, settings, progress)


class ChosenDesign(Design):
    """Of the designs at all :func:`intervals` the smallest whose latency is within the bound.

    Raises
    ------
    InputError
        If none is, with the latency of the fastest.
    """

    is_loadable = False

    def __init__(self, network: Network, settings: Settings, progress: Progress):
        super().__init__(network, settings)
        check_stages(settings)
        self.tried: list[RtlInterval] = []
        best: tuple[float, Design, Emitted] | None = None
        candidates = intervals(settings.pipeline.most_interval)
        for number, interval in enumerate(candidates):
            progress(f"interval {interval}", number / len(candidates))
            pipeline = settings.pipeline.model_copy(update={"interval": interval})
            its = replace(settings, pipeline=pipeline)
            design = design_of(network, its, lambda name, part: None)
            emitted = design.emit()
            found = self._found(emitted.metrics)
            self.tried.append(found)
            fits = self._nanoseconds(found) <= (settings.pipeline.most_latency_ns or float("inf"))
            if fits and (best is None or found.area_um2 < best[0]):
                best = found.area_um2, design, emitted
        if best is None:
            fastest = min(self.tried, key=lambda one: one.latency_cycles)
            raise InputError(
                f"key 'pipeline.most_latency_ns' = {settings.pipeline.most_latency_ns:g}: no "
                f"design is as fast; interval {fastest.interval_cycles} takes "
                f"{self._nanoseconds(fastest):g} ns"
            )
        _, self.chosen, self._emitted = best

    def _found(self, metrics: RtlFile) -> RtlInterval:
        total = metrics.total
        assert isinstance(total, Size)
        registers = total.register_bits * self.settings.technology.register_um2
        return RtlInterval(
            interval_cycles=metrics.interval_cycles,
            latency_cycles=metrics.latency_cycles,
            area_um2=round(total.area_um2 + registers, 1),
        )

    def _nanoseconds(self, found: RtlInterval) -> float:
        return found.latency_cycles * self.settings.clock.period_ns

    def check(self, network: Network, inputs: np.ndarray) -> None:
        self.chosen.check(network, inputs)

    def emit(self) -> Emitted:
        metrics = self._emitted.metrics.model_copy(update={"intervals": self.tried})
        return Emitted(self._emitted.verilog, metrics)
