"""Transistors and parasitics of drawn cells, by KLayout."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from klayout import db

from hexcoder.pdk.process import Process


@dataclass(frozen=True, slots=True)
class Transistor:
    """A transistor as drawn: um, um2; source and drain as net and number of its diffusion."""

    kind: str
    source: tuple[str, int]
    gate: str
    drain: tuple[str, int]
    width: float
    length: float
    source_area: float
    drain_area: float
    source_perimeter: float
    drain_perimeter: float


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """What a drawn cell consists of.

    ``wires`` has the capacitance of each net's wires in fF, ``contacts`` the resistance in ohm
    between a net and each of its diffusions.
    """

    process: Process
    name: str
    transistors: tuple[Transistor, ...]
    wires: dict[str, float]
    contacts: dict[tuple[str, int], float] = field(default_factory=dict)

    def spice(self, pins: list[str]) -> str:
        """Subcircuit for ngspice, with the models of the process."""
        lines = [f".subckt {self.name} {' '.join(pins)}"]
        models = self.process.transistors
        for number, t in enumerate(self.transistors):
            nodes = [_node(*t.drain, self), t.gate, _node(*t.source, self)]
            bulk = "vdd" if t.kind == "pfet" else "vss"
            lines.append(
                f"M{number} {' '.join(nodes)} {bulk} {models[t.kind]} "
                f"l={t.length:.4g}u w={t.width:.4g}u "
                f"ad={t.drain_area:.5g}p as={t.source_area:.5g}p "
                f"pd={t.drain_perimeter:.5g}u ps={t.source_perimeter:.5g}u"
            )
        for number, (net, farads) in enumerate(sorted(self.wires.items())):
            if net not in ("vdd", "vss"):
                lines.append(f"C{number} {net} vss {farads:.5g}f")
        for number, ((net, place), ohms) in enumerate(sorted(self.contacts.items())):
            lines.append(f"R{number} {net} {_node(net, place, self)} {ohms:.5g}")
        return "\n".join([*lines, f".ends {self.name}"])


def _node(net: str, place: int, cell: DrawnCell) -> str:
    return f"{net}_d{place}" if (net, place) in cell.contacts else net


class _Extraction:
    def __init__(self, process: Process, layout: db.Layout, cell: db.Cell):
        self.process, self.dbu = process, layout.dbu
        self.work = work = db.LayoutToNetlist(db.RecursiveShapeIterator(layout, cell, []))
        raw = {n: work.make_layer(layout.layer(*ld), n) for n, ld in process.layers.items()}
        labels = work.make_text_layer(layout.layer(*process.labels), "labels")
        bulk = work.make_layer("bulk")
        nwell, diff, tap, poly = (raw[name] for name in ("nwell", "diffusion", "tap", "poly"))
        inside, outside = diff & nwell, diff - nwell
        active = {"pfet": inside & raw["p_implant"], "nfet": outside & raw["n_implant"]}
        taps = {"ntap": tap & nwell & raw["n_implant"], "ptap": (tap - nwell) & raw["p_implant"]}
        self.sides: dict[str, db.Region] = {}
        self.gates = db.Region()
        for kind, region in active.items():
            gate, side = region & poly, region - poly
            work.register(gate, f"{kind} gate")
            work.register(side, f"{kind} side")
            self.sides[kind] = side
            self.gates += gate
            well = nwell if kind == "pfet" else bulk
            parts: dict[str, db.ShapeCollection]
            marks: dict[str, db.ShapeCollection]
            parts = {"SD": side, "G": gate, "W": well, "P": poly}
            marks = {"tS": side, "tD": side, "tG": poly, "tW": well}
            work.extract_devices(db.DeviceExtractorMOS4Transistor(kind), parts | marks)
        for name, region in taps.items():
            work.register(region, name)
        conducting = [poly, *self.sides.values(), *taps.values()]
        for region in (*conducting, nwell, raw["metal"], raw["contact"]):
            work.connect(region)
        for region in conducting:
            work.connect(region, raw["contact"])
        work.connect(raw["contact"], raw["metal"])
        work.connect(nwell, taps["ntap"])
        work.connect(raw["metal"], labels)
        work.connect_global(bulk, "vss")
        work.connect_global(taps["ptap"], "vss")
        work.extract_netlist()
        self.wires = {"poly": poly, "metal": raw["metal"]}
        contacts = layout.layer(*process.layers["contact"])
        self.cuts = db.Region(cell.begin_shapes_rec(contacts))
        self.circuit = work.netlist().circuit_by_name(cell.name)
        self.places: dict[tuple[str, str], int] = {}
        self.contacts: dict[tuple[str, int], float] = {}

    def name(self, net: Any) -> str:
        return net.name or f"n{net.cluster_id}"

    def _side(self, device: Any, terminal: str, kind: str) -> tuple[str, int]:
        """A net and the number of its diffusion; the contacts on that are counted."""
        ref = self.terminals[device.id(), terminal]
        net = self.name(ref.net())
        shapes = db.Region()
        for region in self.work.shapes_of_terminal(ref).values():
            shapes += region
        shape = self.sides[kind].interacting(shapes).merged()
        place = self.places.setdefault((net, str(shape)), len(self.places))
        count = self.cuts.inside(shape).count()
        if count:
            self.contacts[net, place] = self.process.contact_ohm[kind] / count
        return net, place

    def cell(self, name: str) -> DrawnCell:
        self.terminals = {
            (ref.device().id(), ref.terminal_def().name): ref
            for net in self.circuit.each_net()
            for ref in net.each_terminal()
        }
        transistors = []
        for device in self.circuit.each_device():
            kind = device.device_class().name
            value = device.parameter
            transistors.append(
                Transistor(
                    kind,
                    self._side(device, "S", kind),
                    self.name(device.net_for_terminal("G")),
                    self._side(device, "D", kind),
                    value("W"), value("L"), value("AS"), value("AD"), value("PS"), value("PD"),
                )
            )  # fmt: skip
        wires = {}
        for net in self.circuit.each_net():
            total = 0.0
            for layer, (per_area, per_length) in self.process.wire_ff.items():
                shape = self.work.shapes_of_net(net, self.wires[layer], True)
                if layer == "poly":  # the gate itself is in the transistor's model
                    shape -= self.gates
                shape = shape.merged()
                total += shape.area() * self.dbu**2 * per_area
                total += shape.perimeter() * self.dbu * per_length
            wires[self.name(net)] = total
        return DrawnCell(self.process, name, tuple(transistors), wires, self.contacts)


def read_cells(process: Process, gds: Path) -> dict[str, DrawnCell]:
    """Extract all cells of a GDS that have transistors."""
    layout = db.Layout()
    layout.read(str(gds))
    found = {}
    for cell in layout.each_cell():
        extraction = _Extraction(process, layout, cell)
        if extraction.circuit is not None and any(True for _ in extraction.circuit.each_device()):
            found[cell.name] = extraction.cell(cell.name)
    return found
