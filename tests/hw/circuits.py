"""Evaluates small components on every given input with Amaranth's simulator."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.lib import wiring
from amaranth.sim import Simulator


def outputs_of(
    component: wiring.Component,
    inputs: Iterable[dict[str, int]],
    output: str = "o",
    *,
    clocked: bool = False,
) -> list[int]:
    """Output for each setting of the inputs; with ``clocked`` each stands for one clock."""
    found: list[int] = []

    async def bench(context):
        for setting in inputs:
            for name, value in setting.items():
                context.set(getattr(component, name), value)
            if not clocked:
                await context.delay(1e-9)
            found.append(context.get(getattr(component, output)))
            if clocked:
                await context.tick()

    simulator = Simulator(component)
    if clocked:
        simulator.add_clock(25e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return found
