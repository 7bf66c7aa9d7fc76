"""Step: what the clock and the world outside ask of the netlist, as SDC."""

from hexcoder.flow.analysis.sta import write_constraints
from hexcoder.flow.block import Block
from hexcoder.flow.design import DESIGN
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import Key
from hexcoder.steps.step import Progress, Step

ASYNCHRONOUS = ("scl", "sda", "sda_low", "device_address*")
"""Ports of designs with weights in registers that no clock constrains."""


def constrain(block: Block, progress: Progress) -> None:
    """Write constraints.sdc."""
    write_constraints(
        block.constraints,
        block.config.clock,
        block.pdk,
        block.library,
        block.wire_load,
        asynchronous=ASYNCHRONOUS if block.design.is_loadable else (),
    )


CONSTRAINTS = Step(
    "asic.constraints",
    constrain,
    reads=(DESIGN, Key("clock"), Key("silicon.wire_load"), PdkFiles()),
    writes=("constraints.sdc",),
)
