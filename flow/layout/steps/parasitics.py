"""Step: resistance and capacitance of the drawn wires."""

from hexcoder.files import write_json
from hexcoder.flow.layout.block import DELAYS, SPEF, WIRES, LaidOut, placed, ports
from hexcoder.flow.layout.parasitics import NetTree, extract, wire_delays, write_spef
from hexcoder.flow.layout.steps.reads import DRAWN, FINAL
from hexcoder.flow.layout.wiring import Pin
from hexcoder.flow.views import flat
from hexcoder.metrics.layout import ParasiticsMetrics
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.reads import PdkFiles
from hexcoder.steps.step import Progress, Step


def measure_wires(block: LaidOut, progress: Progress) -> ParasiticsMetrics:
    """Write the SPEF, and loads and delays of wires for our own analyses."""
    trees = extract(block.view(placed).wiring, drawn_cells(block.process) / "cells.gds")
    instances, cells = block.view(flat).instances, block.library.cells
    directions = {
        (instance.path, pin): "O" if cells[instance.kind].pins[pin].function else "I"
        for instance in instances
        for pin in instance.pins
    }
    block_ports = block.view(ports)
    write_spef(trees, block_ports, directions, block.top, block.folder / SPEF)
    pin_ff = {
        (instance.path, pin): cells[instance.kind].pins[pin].capacitance_f * 1e15
        for instance in instances
        for pin in instance.pins
    }

    def driver(net: str, tree: NetTree) -> Pin | None:
        for pin in tree.pins:
            if pin.instance and directions.get((pin.instance, pin.pin)) == "O":
                return pin
            if not pin.instance and block_ports.get(net) == "input":
                return pin
        return None

    write_json(block.folder / WIRES, {net: tree.total_ff for net, tree in trees.items()})
    write_json(
        block.folder / DELAYS,
        [
            [pin.instance, pin.pin, seconds]
            for net, tree in trees.items()
            if (start := driver(net, tree)) is not None
            for pin, seconds in wire_delays(tree, start, pin_ff).items()
            if pin.instance
        ],
    )
    total_ff = sum(tree.total_ff for tree in trees.values())
    return ParasiticsMetrics(parasitics__capacitance_pf=round(total_ff / 1000, 3))


PARASITICS = Step(
    "layout.parasitics",
    measure_wires,
    ParasiticsMetrics,
    reads=(*DRAWN, *FINAL, PdkFiles()),
    writes=(SPEF, WIRES, DELAYS),
)
