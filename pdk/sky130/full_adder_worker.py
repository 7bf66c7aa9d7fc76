"""A full adder of sky130, drawn in the frame of c4m-flexcell's cells.

The mirror adder of 28 transistors (Weste and Harris, CMOS VLSI Design, "Single-Bit Addition"): an
inverting carry gate, an inverting sum gate that reads it, and an inverter behind each. Pull-up and
pull-down are the same graph, so that each gate is one straight column of poly over both. It is
drawn by hand: the generator's columns have no place for wires that pass over a gate.

Imported by pdk.sky130.cells_worker alone. All places in um.
"""

from itertools import pairwise
from typing import Any

from c4m.flexcell.activecolumnscell import ActiveColumnsCellFrame
from pdkmaster.technology.geometry import Rect

NAME = "fulladder_x0"
WIDTH_UM = 7.20

_CUT, _WIRE, _GATE = 0.17, 0.17, 0.15

_GATES = (
    # The carry's inverter and the carry.
    (0.475, "carry_n"), (0.94, "i0"), (1.37, "i1"), (1.80, "i2"), (2.23, "i1"), (2.66, "i0"),
    # The sum and its inverter.
    (3.61, "i0"), (4.04, "i1"), (4.47, "i2"), (4.90, "carry_n"), (5.33, "i2"), (5.76, "i1"),
    (6.19, "i0"), (6.725, "sum_n"),
)  # fmt: skip
"""Columns of poly from the left: place and net."""

_SIDES = (
    ((0.26, "carry"), (0.70, "supply"), (1.155, "series0"), (1.585, "carry_n"), (2.015, "either0"),
     (2.445, "supply"), (2.875, "either0")),
    ((3.395, "supply"), (3.825, "series1"), (4.255, "series2"), (4.685, "sum_n"),
     (5.115, "either1"), (5.545, "supply"), (5.975, "either1"), (6.455, "supply"), (6.94, "sum")),
)  # fmt: skip
"""Diffusions beside them, strip by strip: place and net. Those named supply, series and either are
one net of n and another of p."""

_DIFFUSION = {"n": (0.66, 1.43), "p": (3.815, 4.94)}
_BEYOND_A_SIDE = 0.125
_BEYOND_A_GATE = 0.13
_IMPLANT = {"n": (0.535, 1.555), "p": (3.69, 5.065)}
"""Of the transistors; none between them, where poly has its contacts (licon.9)."""

_CUTS = {
    "n": {"supply": (0.865,), "either": (1.205,), "wire": (1.285,), "output": (1.205,)},
    "p": {"supply": (4.735,), "either": (4.055, 4.395), "wire": (3.975, 4.315),
          "output": (4.055, 4.395)},
}  # fmt: skip
"""Height of the cuts on a diffusion."""

_PADS = (
    *((x, 2.695, "i0") for x in (0.94, 2.66, 3.61, 6.19)),
    *((x, 2.225, "i1") for x in (1.37, 2.23, 4.04, 5.76)),
    *((x, 3.035, "i2") for x in (1.80, 4.47, 5.33)),
    (0.51, 1.705, "carry_n"), (0.51, 3.495, "carry_n"), (4.90, 1.885, "carry_n"),
    (6.69, 1.705, "sum_n"), (6.69, 3.495, "sum_n"),
)  # fmt: skip
"""Cuts on poly. A pad beside that of the next column is two rows away, or 0.47."""

_PAD = 0.135, 0.165

_WIRES = (
    # Inputs: a row each, and a column that several tracks of m1 cross.
    ("i0", 0.775, 2.61, 6.355, 2.78), ("i0", 6.105, 2.04, 6.275, 3.16),
    ("i1", 0.425, 2.14, 5.925, 2.31), ("i1", 0.425, 2.04, 0.595, 3.16),
    ("i2", 1.635, 2.95, 5.495, 3.12), ("i2", 3.74, 2.95, 3.91, 4.48),
    # The carry, inverted: from its n side to both of its gates, from its p side to the first.
    ("carry_n", 0.425, 1.54, 0.595, 1.87), ("carry_n", 0.425, 1.70, 1.67, 1.87),
    ("carry_n", 1.50, 1.12, 1.67, 1.97), ("carry_n", 1.50, 1.80, 5.065, 1.97),
    ("carry_n", 0.425, 3.33, 0.595, 3.66), ("carry_n", 0.425, 3.33, 1.67, 3.50),
    ("carry_n", 1.50, 3.33, 1.67, 4.48),
    # The sum, inverted.
    ("sum_n", 4.60, 1.12, 4.77, 1.63), ("sum_n", 4.60, 1.46, 6.775, 1.63),
    ("sum_n", 6.605, 1.46, 6.775, 1.87), ("sum_n", 4.60, 3.33, 4.77, 4.48),
    ("sum_n", 4.60, 3.33, 6.775, 3.50), ("sum_n", 6.605, 3.33, 6.775, 3.66),
    # Outputs.
    ("carry", 0.085, 1.12, 0.255, 4.48), ("carry", 0.085, 1.12, 0.425, 1.29),
    ("carry", 0.085, 3.97, 0.425, 4.48),
    ("sum", 6.945, 1.12, 7.115, 4.48), ("sum", 6.775, 1.12, 7.115, 1.29),
    ("sum", 6.775, 3.97, 7.115, 4.48),
    # Between the diffusions of one net.
    ("either0_n", 1.85, 1.12, 3.04, 1.29), ("either0_p", 1.85, 4.31, 3.04, 4.48),
    ("either0_p", 1.93, 3.89, 2.10, 4.48), ("either0_p", 2.79, 3.89, 2.96, 4.48),
    ("either1_n", 4.95, 1.12, 6.14, 1.29), ("either1_p", 4.95, 4.31, 6.14, 4.48),
    ("either1_p", 5.03, 3.89, 5.20, 4.48), ("either1_p", 5.89, 3.89, 6.06, 4.48),
)  # fmt: skip
"""Of li: net and box."""

_PINS = {
    "i0": (6.105, 2.04, 6.275, 3.16),
    "i1": (0.425, 2.04, 0.595, 3.16),
    "i2": (3.74, 3.20, 3.91, 4.48),
    "carry": (0.085, 1.12, 0.255, 4.48),
    "sum": (6.945, 1.12, 7.115, 4.48),
}
"""Where a cut to m1 may stand on any track: its li keeps 0.17 um from other nets there."""


def _kind(net: str) -> str:
    if net in ("carry", "sum"):
        return "output"
    return net.rstrip("01") if net not in ("carry_n", "sum_n") else "wire"


class FullAdder(ActiveColumnsCellFrame):
    """Three inputs of one weight, sum and carry of them."""

    def __init__(self, *, name: str, fab: Any):
        super().__init__(name=name, fab=fab, draw_implants=False)
        primitives = fab.tech.primitives
        self._li, self._poly = primitives["li"], primitives["poly"]
        self._active, self._licon = primitives["difftap"], primitives["licon"]
        self._implants = {"n": primitives["nsdm"], "p": primitives["psdm"]}
        for pin in _PINS:
            self.circuit.new_net(name=pin, external=True)
        self._connect()
        self.set_width(width=WIDTH_UM)
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
        gates = iter(enumerate(_GATES))
        for strip in _SIDES:
            for (_, left), (_, right) in pairwise(strip):
                number, (_, gate) = next(gates)
                for kind, model in (("n", self.canvas.nmos), ("p", self.canvas.pmos)):
                    bottom, top = _DIFFUSION[kind]
                    device = self.circuit.instantiate(
                        model, name=f"{kind}{number}", l=_GATE, w=round(top - bottom, 4)
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
        half = _CUT / 2
        self._add(self._licon, net, (x - half, y - half, x + half, y + half))

    def _draw_transistors(self) -> None:
        for kind, (bottom, top) in _DIFFUSION.items():
            low, high = _IMPLANT[kind]
            self._add(self._implants[kind], None, (0.0, low, WIDTH_UM, high))
            for strip in _SIDES:
                left, right = strip[0][0] - _BEYOND_A_SIDE, strip[-1][0] + _BEYOND_A_SIDE
                self._add(self._active, None, (left, bottom, right, top))
                for x, net in strip:
                    for y in _CUTS[kind].get(_kind(net), ()):
                        self._cut(self._net(net, kind), x, y)
        bottom, top = _DIFFUSION["n"][0] - _BEYOND_A_GATE, _DIFFUSION["p"][1] + _BEYOND_A_GATE
        for x, name in _GATES:
            net = self._net(name, "n")
            self._add(self._poly, net, (x - _GATE / 2, bottom, x + _GATE / 2, top))

    def _draw_wires(self) -> None:
        across, along = _PAD
        for x, y, name in _PADS:
            net = self._net(name, "n")
            self._add(self._poly, net, (x - across, y - along, x + across, y + along))
            self._cut(net, x, y)
        for name, *box in _WIRES:
            left, bottom, right, top = box
            self._add(self._li, self._net(name, "n"), (left, bottom, right, top))
        for name, (left, bottom, right, top) in _PINS.items():
            shape = Rect(left=left, bottom=bottom, right=right, top=top)
            self.layouter.add_wire(
                net=self._net(name, "n"), wire=self._li, pin=self._li.pin, shape=shape
            )
