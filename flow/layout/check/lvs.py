"""Layout against netlist, transistor by transistor, by KLayout.

The drawn block is extracted with its hierarchy: transistors from diffusion and poly, nets through
contacts and all metals. It is compared with the final netlist, whose cells are the circuits that
the cells' generator drew from. Bulks are left out of the comparison: wells run through whole rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from klayout import db

from hexcoder.documents import read_json
from hexcoder.flow.layout.wiring import SUPPLIES, Box, Wiring
from hexcoder.netlist.files import Netlist
from hexcoder.pdk.process import Process

KINDS = ("nfet", "pfet")
SHOWN = 8
_DEVICE = re.compile(r"^\S+ (\S+) (\S+) (\S+) \S+ (\S+) (.*)$", re.IGNORECASE)


HINTS, _HINT = (250, 0), "hint:"
"""Layer and datatype that no layout uses, and what a name on it begins with."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether layout and netlist are the same circuit.

    Attributes
    ----------
    transistors : int
        In the whole block, decoupling included.
    circuits : int
        Cells compared, and the block.
    mismatches : tuple of str
        The first differences, one line each.
    """

    transistors: int
    circuits: int
    passed: bool
    mismatches: tuple[str, ...]


class _Logger(db.GenericNetlistCompareLogger):
    def __init__(self) -> None:
        super().__init__()
        self.where = ""
        self.lines: list[str] = []
        self.circuits = 0

    def begin_circuit(self, a: Any, b: Any) -> None:
        self.where = (a or b).name
        self.circuits += 1

    def _say(self, what: str, a: Any, b: Any) -> None:
        names = [f"{x.expanded_name()}" if x is not None else "nothing" for x in (a, b)]
        self.lines.append(f"{self.where}: {what}: layout {names[0]}, netlist {names[1]}")

    def circuit_mismatch(self, a: Any, b: Any, msg: str) -> None:
        names = [x.name if x is not None else "nothing" for x in (a, b)]
        self.lines.append(f"circuit: layout {names[0]}, netlist {names[1]}")

    def net_mismatch(self, a: Any, b: Any, msg: str) -> None:
        self._say("net", a, b)

    def pin_mismatch(self, a: Any, b: Any, msg: str) -> None:
        self._say("pin", a, b)

    def device_mismatch(self, a: Any, b: Any, msg: str) -> None:
        self._say("transistor", a, b)

    def subcircuit_mismatch(self, a: Any, b: Any, msg: str) -> None:
        self._say("cell", a, b)


def _hints(wiring: Wiring, instances: Instances) -> dict[str, Box]:
    """By net of the netlist: metal of a pin that it should be on.

    Without them the comparison has to find out which of many equal adders is which.
    """
    found: dict[str, Box] = {}
    for net, pins in wiring.pins.items():
        if net in SUPPLIES:
            continue
        for pin in pins:
            name = instances.connections.get(pin.instance, {}).get(pin.pin)
            if name is not None:
                found.setdefault(name, pin.box)
                break
    return found


def _extract(gds: Path, process: Process, top: str, hints: Mapping[str, Box]) -> db.LayoutToNetlist:
    stack = process.stack
    layout = db.Layout()
    layout.read(str(gds))
    cell = layout.cell(top)
    named, nm = layout.layer(*HINTS), 1 / (layout.dbu * 1000)
    for name, box in hints.items():
        x, y = (box.left + box.right) // 2, (box.bottom + box.top) // 2
        cell.shapes(named).insert(
            db.Text(_HINT + name, db.Trans(db.Vector(round(x * nm), round(y * nm))))
        )
    work = db.LayoutToNetlist(db.RecursiveShapeIterator(layout, cell, []))
    work._layout = layout  # kept as long as the extraction
    raw = {name: work.make_layer(layout.layer(*ld), name) for name, ld in process.layers.items()}
    metals = {
        name: raw["metal"] if name == stack.pins else work.make_layer(layout.layer(*ld), name)
        for name, ld in stack.gds.items()
    }
    active = {
        "pfet": (raw["diffusion"] & raw["nwell"]) & raw["p_implant"],
        "nfet": (raw["diffusion"] - raw["nwell"]) & raw["n_implant"],
    }
    conducting = [raw["poly"]]
    for kind, region in active.items():
        gate, side = region & raw["poly"], region - raw["poly"]
        work.register(gate, f"{kind} gate")
        work.register(side, f"{kind} side")
        parts: dict[str, db.ShapeCollection] = {"SD": side, "G": gate, "P": raw["poly"]}
        marks: dict[str, db.ShapeCollection] = {"tS": side, "tD": side, "tG": raw["poly"]}
        work.extract_devices(db.DeviceExtractorMOS3Transistor(kind), parts | marks)
        conducting.append(side)
    for region in (*conducting, raw["contact"], *metals.values()):
        work.connect(region)
    for region in conducting:
        work.connect(region, raw["contact"])
    work.connect(raw["contact"], raw["metal"])
    for below, above in pairwise(metals):
        work.connect(metals[below], metals[above])
    for metal in stack.metals:
        where = layout.layer(metal.gds[0], stack.label_datatype)
        labels = work.make_text_layer(where, f"{metal.name} labels")
        work.connect(metals[metal.name], labels)
    # Nets of the block alone: a cell's own labels have no such name.
    texts = work.make_text_layer(named, "hints")
    work.connect(metals[stack.pins], texts)
    work.extract_netlist()
    return work


def _reference(
    spice: Path, drawn: Iterable[str], wiring: Wiring, instances: Instances
) -> db.Netlist:
    """Netlist of the block, of cells as their generator describes them."""
    netlist = db.Netlist()
    kind_of = {model: kind for kind, model in wiring.process.transistors.items()}
    classes = {}
    for kind in KINDS:
        classes[kind] = db.DeviceClassMOS3Transistor()
        classes[kind].name = kind
        netlist.add(classes[kind])
    circuits, pins = {}, {}
    text = spice.read_text()
    for name in sorted(set(drawn)):
        found = re.search(rf"^\.subckt {re.escape(name)} (.*?)\n(.*?)^\.ends", text, re.S | re.M)
        assert found is not None
        devices = [_DEVICE.match(line) for line in found[2].splitlines()]
        devices = [found for found in devices if found is not None and found[4] in kind_of]
        circuit = circuits[name] = db.Circuit()
        circuit.name = name
        netlist.add(circuit)
        nets: dict[str, Any] = {}

        def net(key: str, nets: dict[str, Any] = nets, circuit: Any = circuit) -> Any:
            if key not in nets:
                nets[key] = circuit.create_net(key)
            return nets[key]

        pins[name] = {}
        for pin in found[1].split():
            pins[name][pin] = circuit.create_pin(pin)
            circuit.connect_pin(pins[name][pin], net(pin))
        for number, (drain, gate, source, model, values) in enumerate(d.groups() for d in devices):
            device = circuit.create_device(classes[kind_of[model]], f"M{number}")
            for terminal, key in (("D", drain), ("G", gate), ("S", source)):
                device.connect_terminal(terminal, net(key))
            for parameter in ("l", "w"):
                value = re.search(rf"\b{parameter}=([\d.e+-]+)u?", values)
                assert value is not None
                um = float(value[1]) * (1e6 if "e-" in value[1] else 1)
                device.set_parameter(parameter.upper(), um)
    top = db.Circuit()
    top.name = wiring.top
    netlist.add(top)
    nets = {}

    def top_net(key: str) -> Any:
        if key not in nets:
            nets[key] = top.create_net(key)
        return nets[key]

    for instance, kind in instances.kinds.items():
        if kind not in circuits:
            continue
        placed = top.create_subcircuit(circuits[kind], instance)
        its = instances.connections.get(instance, {}) | {supply: supply for supply in SUPPLIES}
        for pin, described in pins[kind].items():
            key = its.get(pin, f"{instance}.{pin}")
            placed.connect_pin(described, top_net(key))
    for port in sorted({p.pin for ps in wiring.pins.values() for p in ps if not p.instance}):
        top.connect_pin(top.create_pin(port), top_net(port))
    return netlist


@dataclass(slots=True)
class Instances:
    """Cell and connected nets of each instance of a netlist."""

    kinds: dict[str, str]
    connections: dict[str, dict[str, str]]


def netlist_instances(final: Netlist, wiring: Wiring) -> Instances:
    """Instances of the final netlist, and those of the block that are not in it.

    Fillers, diodes and spare cells are of the wiring; their nets go by the netlist's names.
    """
    module = read_json(final.json)["modules"][final.top]
    names: dict[int, str] = {}
    for port, its in module["ports"].items():
        for number, bit in enumerate(its["bits"]):
            names[bit] = f"{port}({number})" if len(its["bits"]) > 1 else port
    kinds = {instance.name: instance.cell for instance in wiring.instances}
    connections: dict[str, dict[str, str]] = {}
    for instance, cell in module["cells"].items():
        kinds[instance] = cell["type"]
        connections[instance] = {
            pin: names.get(bits[0], f"net {bits[0]}") for pin, bits in cell["connections"].items()
        }
    for net, pins in wiring.pins.items():
        known = (connections.get(pin.instance, {}).get(pin.pin) for pin in pins)
        name = next((name for name in known if name), net)
        for pin in pins:
            if pin.instance and pin.instance not in module["cells"]:
                connections.setdefault(pin.instance, {})[pin.pin] = name
    return Instances(kinds, connections)


def compare_layout(gds: Path, spice: Path, wiring: Wiring, instances: Instances) -> Comparison:
    """Compare a drawn block with its netlist.

    Parameters
    ----------
    gds : Path
    spice : Path
        ``cells.spice`` of the drawn cells.
    wiring : Wiring
        Tells which ports the block has.
    instances : Instances
        The netlist.
    """
    work = _extract(gds, wiring.process, wiring.top, _hints(wiring, instances))
    drawn = work.netlist()
    for circuit in list(drawn.each_circuit()):
        if circuit.name != wiring.top and not any(True for _ in circuit.each_device()):
            drawn.flatten_circuit(circuit)
    drawn.combine_devices()
    cells = [c.name for c in drawn.each_circuit() if c.name != wiring.top]
    reference = _reference(spice, cells, wiring, instances)
    reference.combine_devices()
    for netlist in (drawn, reference):
        netlist.simplify()
    counts: dict[str, int] = defaultdict(int)
    for kind in instances.kinds.values():
        counts[kind] += 1
    transistors = sum(
        counts[c.name] * sum(1 for _ in c.each_device()) for c in reference.each_circuit()
    )
    logger = _Logger()
    comparer = db.NetlistComparer(logger)
    tops = [netlist.circuit_by_name(wiring.top) for netlist in (drawn, reference)]
    for net in tops[0].each_net():
        names = [name for name in net.name.split(",") if name.startswith(_HINT)]
        known = tops[1].net_by_name(names[0].removeprefix(_HINT)) if len(names) == 1 else None
        if known is not None:
            comparer.same_nets(tops[0], tops[1], net, known)
    same = comparer.compare(drawn, reference)
    return Comparison(transistors, logger.circuits, bool(same), tuple(logger.lines[:SHOWN]))
