"""Step: Liberty of the block at every corner."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from hexcoder.flow.analysis.power import analyse_power
from hexcoder.flow.layout.block import SPEF, LaidOut, placed, ports, wire_loads
from hexcoder.flow.layout.names import split_bit
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL, PARASITICS
from hexcoder.flow.layout.steps.timing import DERATE
from hexcoder.flow.layout.steps.views import CLOCK
from hexcoder.flow.layout.views.block_liberty import (
    BlockPort,
    measure_block,
    spef_commands,
    write_block_liberty,
)
from hexcoder.flow.programs import COMPILER, STA
from hexcoder.flow.simulated import simulation, vectors
from hexcoder.flow.vectors import VECTORS
from hexcoder.flow.views import flat
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.reads import Key
from hexcoder.steps.step import Progress, Step


def write_liberty(block: LaidOut, progress: Progress) -> None:
    """Measure and write them."""
    netlist, wiring = block.view(flat), block.view(placed).wiring
    rates = block.view(simulation).toggle_rates(block.view(vectors).activity)
    period_ns, out = block.config.clock.period_ns, block.folder / "block_liberty"
    for corner in block.pdk.corners:
        pdk = block.pdk.at(corner)
        library = read_liberty(pdk.liberty)
        folder = out / corner
        folder.mkdir(parents=True, exist_ok=True)
        loads = wire_loads(block, library)
        found = block_ports(block.view(ports), netlist.ports, loads)
        clock = next(port for port in found if port.name == CLOCK)
        rest = [port for port in found if port.name != CLOCK]
        commands = spef_commands(block.folder / SPEF, DERATE)
        timing = measure_block(block.netlist, pdk, rest, CLOCK, period_ns, commands, folder)
        powers = analyse_power(netlist, rates, loads, pdk, library, period_ns)
        total = sum((one.data + one.clock).total_w for one in powers)
        leakage = sum((one.data + one.clock).leakage_w for one in powers)
        write_block_liberty(
            out / f"{block.top}_{corner}.lib",
            block.top,
            corner,
            pdk,
            wiring.width * wiring.height / 1e6,
            rest,
            clock,
            timing,
            leakage,
            (total - leakage) * period_ns * 1e-9,
        )


def block_ports(
    directions: Mapping[str, str], nets: Mapping[str, Sequence[int]], loads_f: np.ndarray
) -> list[BlockPort]:
    """Ports with all their bits, and the load of the heaviest.

    Parameters
    ----------
    directions : mapping of str to str
        By port, bit by bit: ``x(3)``.
    nets : mapping of str to sequence of int
        Nets of each port.
    loads_f : float array (nets,)
    """
    bits: dict[str, list[str]] = defaultdict(list)
    for port in directions:
        bits[split_bit(port)[0]].append(port)
    made = []
    for name, names in bits.items():
        most = max(float(loads_f[net]) for net in nets[name])
        is_bus = names != [name]
        made.append(BlockPort(name, directions[names[0]], len(names), is_bus, most))
    return made


BLOCK_LIBERTY = Step(
    "layout.block_liberty",
    write_liberty,
    reads=(
        *FINAL,
        *DRAWN,
        *PARASITICS,
        *VECTORS,
        Key("clock.period_ns"),
        PdkFiles(corners=True),
    ),
    writes=("block_liberty/",),
    needs=(STA, COMPILER),
)
