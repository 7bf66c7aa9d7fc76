"""Evaluates small combinational components on every given input with Amaranth's simulator."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.lib import wiring
from amaranth.sim import Simulator


def outputs_of(
    component: wiring.Component, inputs: Iterable[dict[str, int]], output: str = "o"
) -> list[int]:
    """Output for each setting of the inputs."""
    found: list[int] = []

    async def bench(context):
        for setting in inputs:
            for name, value in setting.items():
                context.set(getattr(component, name), value)
            await context.delay(1e-9)
            found.append(context.get(getattr(component, output)))

    simulator = Simulator(component)
    simulator.add_testbench(bench)
    simulator.run()
    return found
