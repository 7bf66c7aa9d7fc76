"""A full adder, drawn in the frame of c4m-flexcell's cells.

The mirror adder of 28 transistors (Weste and Harris, CMOS VLSI Design, "Single-Bit Addition"): an
inverting carry gate, an inverting sum gate that reads it, and an inverter behind each. Pull-up and
pull-down are the same graph, so that each gate is one straight column of poly over both. It is
drawn by hand, process by process: the generator's columns have no place for wires that pass over a
gate.

Imported by pdk.cells.worker alone.
"""

from itertools import pairwise
from typing import Any

from c4m.flexcell.activecolumnscell import ActiveColumnsCellFrame
from pdkmaster.technology.geometry import Rect

from hexcoder.pdk.process import AdderDrawing, Process


def _kind(net: str) -> str:
    if net in ("carry", "sum"):
        return "output"
    return net.rstrip("01") if net not in ("carry_n", "sum_n") else "wire"


class FullAdder(ActiveColumnsCellFrame):
    """Three inputs of one weight, sum and carry of them."""

    def __init__(self, *, name: str, fab: Any, process: Process, drawing: AdderDrawing):
        super().__init__(name=name, fab=fab, draw_implants=False)
        self._drawing = drawing
        layers = {part: fab.tech.primitives[its] for part, its in process.primitives.items()}
        self._metal, self._poly = layers["metal"], layers["poly"]
        self._active, self._contact = layers["active"], layers["contact"]
        self._implants = {"n": layers["n_implant"], "p": layers["p_implant"]}
        for pin in drawing.pins:
            self.circuit.new_net(name=pin, external=True)
        self._connect()
        self.set_width(width=drawing.width)
        self._draw_transistors()
        self._draw_wires()

    def _net(self, name: str, kind: str) -> Any:
        """A net by its name in the tables, on the side of n or p."""
        if name == "supply":
            return self.vss if kind == "n" else self.vdd
        if name.startswith(("either", "series")) and name[-1].isdigit():
            name = f"{name}_{kind}"
        # PDKMaster's mapping takes elements for "in", not names.
        if name not in set(self.circuit.nets.keys()):
            self.circuit.new_net(name=name, external=False)
        return self.circuit.nets[name]

    def _connect(self) -> None:
        drawing = self._drawing
        gates = iter(enumerate(drawing.gates))
        for strip in drawing.sides:
            for (_, left), (_, right) in pairwise(strip):
                number, (_, gate) = next(gates)
                for kind, model in (("n", self.canvas.nmos), ("p", self.canvas.pmos)):
                    bottom, top = drawing.diffusion[kind]
                    device = self.circuit.instantiate(
                        model, name=f"{kind}{number}", l=drawing.gate, w=round(top - bottom, 4)
                    )
                    bulk = self.vss if kind == "n" else self.vdd
                    for net, port in (
                        (self._net(gate, kind), "gate"),
                        (self._net(left, kind), "sourcedrain1"),
                        (self._net(right, kind), "sourcedrain2"),
                        (bulk, "bulk"),
                    ):
                        net.childports += device.ports[port]

    def _add(self, layer: Any, net: Any, box: tuple[float, float, float, float]) -> None:
        left, bottom, right, top = box
        shape = Rect(left=left, bottom=bottom, right=right, top=top)
        self.layouter.layout.add_shape(layer=layer, net=net, shape=shape)

    def _cut(self, net: Any, x: float, y: float) -> None:
        half = self._drawing.cut / 2
        self._add(self._contact, net, (x - half, y - half, x + half, y + half))

    def _draw_transistors(self) -> None:
        drawing = self._drawing
        for kind, (bottom, top) in drawing.diffusion.items():
            low, high = drawing.implant[kind]
            self._add(self._implants[kind], None, (0.0, low, drawing.width, high))
            for strip in drawing.sides:
                left, right = strip[0][0] - drawing.beyond_side, strip[-1][0] + drawing.beyond_side
                self._add(self._active, None, (left, bottom, right, top))
                for x, net in strip:
                    for y in drawing.cuts[kind].get(_kind(net), ()):
                        self._cut(self._net(net, kind), x, y)
        bottom = drawing.diffusion["n"][0] - drawing.beyond_gate
        top = drawing.diffusion["p"][1] + drawing.beyond_gate
        half = drawing.gate / 2
        for x, name in drawing.gates:
            self._add(self._poly, self._net(name, "n"), (x - half, bottom, x + half, top))

    def _draw_wires(self) -> None:
        across, along = self._drawing.pad
        for x, y, name in self._drawing.pads:
            net = self._net(name, "n")
            self._add(self._poly, net, (x - across, y - along, x + across, y + along))
            self._cut(net, x, y)
        for name, *box in self._drawing.wires:
            left, bottom, right, top = box
            self._add(self._metal, self._net(name, "n"), (left, bottom, right, top))
        for name, (left, bottom, right, top) in self._drawing.pins.items():
            shape = Rect(left=left, bottom=bottom, right=right, top=top)
            self.layouter.add_wire(
                net=self._net(name, "n"), wire=self._metal, pin=self._metal.pin, shape=shape
            )
