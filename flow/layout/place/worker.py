"""Place and route by Coriolis: python -m flow.layout.place.worker SETTINGS.json.

A process of its own, in the folder of the settings: Coriolis keeps global state, writes beside
itself and holds some gigabytes. Writes ``layout.json`` (what was measured) and ``wiring.json``
(:class:`hexcoder.flow.layout.wiring.Wiring`).
"""

import importlib
import json
import math
import os
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hexcoder.flow.layout.place.relief import Relief
from hexcoder.flow.layout.routing import gauge_source
from hexcoder.flow.layout.wiring import Box, Instance, Wiring
from hexcoder.flow.layout.wiring import Pin as ShapePin
from hexcoder.pdk.processes import process_of
from hexcoder.pdk.stack import Stack

FINISHED = "hexcoder: end of place and route"
EDGE_UM = 10.0
"""Kept free of pins at both ends of a side."""


PIN_TRACKS = 3
"""Least distance of two pins on a side; wires crowd beside a full one."""


def without_spurs(boxes: set[Box], stack: Stack) -> list[Box]:
    """Without the ends that the router leaves where a wire of the lowest metal across its grain has
    no length.

    They stick out of the cut's metal, too near to the next track.
    """
    kept, lowest, cut = [], stack.routed[0], stack.cuts[1]
    out = round(1000 * (cut.below[0] - cut.below[1]))
    least = round(1000 * (cut.size + 2 * cut.below[0]))
    for box in boxes:
        inner = box._replace(bottom=box.bottom + out, top=box.top - out)
        spur = box.layer == lowest and box.top - box.bottom == least and inner in boxes
        if not spur:
            kept.append(box)
    return sorted(kept)


def whole_port(pin: Box, stack: Stack) -> Box:
    """A port's metal, drawn out of the block until it may stand alone: an input that nothing reads
    has no wire.
    """
    metal = stack.by_name[pin.layer]
    length = 10 * math.ceil(100 * metal.least_um2 / metal.width)
    if pin.right - pin.left >= length:
        return pin
    if pin.left < 0:
        return pin._replace(left=pin.right - length)
    return pin._replace(right=pin.left + length)


class _PlacedOnlyError(Exception):
    """There is nothing to route: a survey, or more wire than there is room for."""


class _Layout:
    def __init__(self, settings: Mapping[str, Any]):
        self.settings = settings
        self.top: str = settings["top"]
        self.clock: str = settings["clock"]
        process = process_of(settings["pdk"])
        self.style, self.stack = process.style, process.stack
        self.names = {one.tool: one.name for one in (*self.stack.metals, *self.stack.cuts)}
        self.report: dict[str, Any] = {"seconds": {}}
        self.started = time.perf_counter()

    def _done(self, step: str) -> None:
        now = time.perf_counter()
        self.report["seconds"][step] = round(now - self.started, 2)
        self.started = now
        print(f"hexcoder: {step}", flush=True)

    def load(self) -> None:
        """Technology, cells and netlist."""
        cells = Path(self.settings["cells"])
        sys.path.insert(0, str(cells))
        from coriolis import CRL, Cfg
        from coriolis.helpers import overlay, u

        self.CRL, self.u = CRL, u
        importlib.import_module("coriolis_cells.techno").setup()
        text = (cells / "coriolis_cells" / "cells.py").read_text()
        first = text.index("    rg = CRL.RoutingGauge.create")
        last = text.index("    af.addRoutingGauge(rg)")
        text = text[:first] + gauge_source(self.stack) + text[last:]
        Path("cells_with_gauge.py").write_text(text)
        sys.path.insert(0, str(Path.cwd()))
        importlib.import_module("cells_with_gauge").setup()
        with overlay.CfgCache(priority=Cfg.Parameter.Priority.UserFile) as cfg:
            cfg.misc.catchCore = False
            cfg.misc.info = False
            cfg.misc.paranoid = False
            cfg.misc.bug = False
            cfg.misc.logMode = True
            cfg.misc.verboseLevel1 = True
            cfg.misc.verboseLevel2 = False
            cfg.anabatic.topRoutingLayer = self._highest
            cfg.katana.eventsLimit = 40_000_000
            cfg.etesian.graphics = 2
        framework = CRL.AllianceFramework.get()
        framework.getEnvironment().setCLOCK(f"^{self.clock}$")
        self.cell = CRL.Blif.load(self.top)
        self.relief = Relief(self.cell, self.clock, self.settings, self.um)
        count, stronger = 0, set[str]()
        for wanted in self.settings["wanted"]:
            count = self.relief.insert(wanted, count)
            stronger |= {name for name, _ in wanted["stronger"]}
        self.report |= {"buffers_inserted": count, "cells_stronger": len(stronger)}
        self._done("load")

    @property
    def _highest(self) -> str:
        return self.stack.by_name[self.stack.routed[-1]].tool

    def um(self, length: Any) -> float:
        return length / self.u(1.0)

    def _nm(self, length: Any) -> int:
        return round(self.um(length) * 1000)

    def _corners(self, box: Any) -> tuple[int, int, int, int]:
        edges = box.getXMin(), box.getYMin(), box.getXMax(), box.getYMax()
        left, bottom, right, top = (self._nm(edge) for edge in edges)
        return left, bottom, right, top

    def _boxes(self, part: Any) -> list[Box]:
        found = []
        for layer in part.getLayer().getBasicLayers():
            name = self.names.get(layer.getName())
            corners = self._corners(part.getBoundingBox(layer))
            if name and corners[0] < corners[2] and corners[1] < corners[3]:
                found.append(Box(name, *corners))
        return found

    def floorplan(self) -> None:
        """Size of the core and places of the pins, on tracks."""
        from coriolis.plugins.block.configuration import IoPin

        area = 0.0
        for instance in self.cell.getInstances():
            box = instance.getMasterCell().getAbutmentBox()
            area += self.um(box.getWidth()) * self.um(box.getHeight())
        self.report["instances_before"] = sum(1 for _ in self.cell.getInstances())
        self.report["cell_area_before_um2"] = round(area, 2)
        core = area / self.settings["utilisation"]
        height = math.sqrt(core / self.settings["aspect_ratio"])
        pins = self.settings["pins"]
        style, track = self.style, self.stack.by_name[self.stack.routed[0]]
        # A block is so high that its pins stand at least some tracks apart.
        longest = max(len(names) for names in pins.values())
        least = longest * PIN_TRACKS * track.pitch + 2 * EDGE_UM
        rows = max(math.ceil(height / style.row_um), math.ceil(least / style.row_um), 4)
        self.height = rows * style.row_um
        width = max(core / self.height, 2 * EDGE_UM)
        self.width = math.ceil(width / style.grid_um) * style.grid_um
        self.io = []
        tracks = range(round(self.height / track.pitch))
        places = [
            place
            for place in (number * track.pitch + track.offset for number in tracks)
            if EDGE_UM < place < self.height - EDGE_UM
            and not style.pins_um[0] <= place % style.row_um <= style.pins_um[1]
        ]
        for side, names in pins.items():
            for number, name in enumerate(names):
                place = places[number * len(places) // len(names)]
                where = getattr(IoPin, side.upper())
                self.io.append((where, name, self.u(round(place, 3)), 0, 1))
        self._done("floorplan")

    def _configuration(self) -> Any:
        from coriolis.plugins.block.spares import Spares
        from coriolis.plugins.chip.configuration import ChipConf

        u = self.u
        conf = ChipConf(self.cell, ioPins=self.io, ioPads=[])
        etesian, anabatic, katana = conf.cfg.etesian, conf.cfg.anabatic, conf.cfg.katana
        etesian.bloat = "disabled"
        # 0.05 inflates cells until legalisation fails.
        etesian.densityVariation = 0.2
        etesian.aspectRatio = 1.0
        etesian.spaceMargin = 0.1
        etesian.uniformDensity = True
        etesian.effort = 2
        anabatic.searchHalo = 1
        anabatic.globalIterations = 20
        anabatic.topRoutingLayer = self._highest
        katana.hTracksReservedLocal = 11
        katana.vTracksReservedLocal = 15
        katana.hTracksReservedMin = 5
        katana.vTracksReservedMin = 6
        katana.strapRipupLimit = 16
        katana.localRipupLimit = 9
        katana.globalRipupLimit = 5
        katana.longGlobalRipupLimit = 5
        katana.trackFill = 0
        katana.runRealignStage = True
        katana.dumpMeasures = True
        conf.cfg.block.spareSide = 8 * conf.sliceHeight
        conf.cfg.chip.minPadSpacing = u(1.46)
        conf.cfg.chip.supplyRailWidth = u(20.0)
        conf.cfg.chip.supplyRailPitch = u(40.0)
        conf.editor = None
        # Of spare buffers at a place.
        conf.bColumns, conf.bRows = 2, 3
        conf.useSpares = conf.useClockTree = True
        # Synthesis has buffered what is overloaded.
        conf.useHFNS = False
        conf.chipName = "chip"
        conf.coreSize = (u(self.width), u(self.height))
        conf.chipSize = (u(self.width + 200), u(self.height + 200))
        conf.useHTree(self.clock, Spares.HEAVY_LEAF_LOAD)
        return conf

    def _relieve(self) -> None:
        """Spare buffers for nets beyond their limits.

        Where they are not enough, and the netlist may be placed again, it ends with the buffers
        that it wants in the netlist.
        """
        near = self.relief.near_limit()
        over = [one for one in near if one.part > 1]
        self.report["wire_m_per_mm2"] = round(self.relief.length / (self.width * self.height), 4)
        self.report["nets_beyond_limit"] = len(over)
        if self.report["wire_m_per_mm2"] > self.settings["most_wire_m_per_mm2"]:
            raise _PlacedOnlyError
        wanted, pools = self.relief.wanted(near), list[Any]()

        def visit(node: Any) -> None:
            pools.append(node.pool)
            for leaf in node.leafs:
                visit(leaf)

        visit(self.block.spares.quadTree)
        left = self.relief.use_spares(near, pools)
        self.report["nets_left"] = left
        if left and self.settings["may_survey"]:
            self.report["wanted"] = wanted
            raise _PlacedOnlyError
        self.report["nets_relieved"] = len(over) - left

    def _clock_all_roots(self) -> None:
        """The clock to each buffer of a tree that is no more than its root: Coriolis joins one."""
        from coriolis.helpers.overlay import UpdateSession

        block: Any = self.block
        with UpdateSession():
            for plug in block.spares.quadTree.bInputPlugs:
                if plug.getNet() is None:
                    plug.setNet(self.cell.getNet(self.clock))

    def place_and_route(self) -> None:
        """Run Coriolis' block flow, with its two routing steps apart."""
        from coriolis import Anabatic, Katana
        from coriolis.plugins.block.block import Block

        block: Any
        conf = self._configuration()
        self.block = block = Block(conf)
        place = block.place

        def timed_place() -> None:
            self._done("clock tree and buffers")
            place()
            self._done("place")
            self._relieve()

        def route() -> bool:
            self._clock_all_roots()
            engine = Katana.KatanaEngine.create(conf.cell)
            block.katana = engine
            engine.digitalInit()
            engine.runGlobalRouter(Katana.Flags.NoFlags)
            self._done("global routing")
            engine.loadGlobalRouting(Anabatic.EngineLoadGrByNet)
            engine.layerAssign(Anabatic.EngineNoNetLayerAssign)
            engine.runNegociate(Katana.Flags.NoFlags)
            # isGlobalRoutingSuccess may be false where detailed routing is complete.
            success = bool(engine.isDetailedRoutingSuccess())
            engine.finalizeLayout()
            engine.dumpMeasures()
            engine.destroy()
            block.katana = None
            block.etesian.destroy()
            block.etesian = None
            self._done("detailed routing")
            return success

        block.place, block.route = timed_place, route
        self.report["routed"] = bool(block.doPnR())
        self.cell = conf.cell

    def measure(self) -> None:
        """Die, cells, wires and the places of all pins."""
        from coriolis.Hurricane import (
            Contact,
            Horizontal,
            NetExternalComponents,
            Pin,
            Transformation,
            Vertical,
        )

        box = self.cell.getAbutmentBox()
        width, height = self.um(box.getWidth()), self.um(box.getHeight())
        rows = set()
        for instance in self.cell.getInstances():
            place = instance.getTransformation()
            rows.add(round(self.um(place.getTy()) / self.style.row_um, 3))
        lengths: dict[str, float] = {}
        wiring = Wiring(
            self.top,
            self._nm(box.getWidth()),
            self._nm(box.getHeight()),
            self.settings["pdk"],
        )
        for instance in self.cell.getInstances():
            place = instance.getTransformation()
            wiring.instances.append(
                Instance(
                    instance.getName(),
                    instance.getMasterCell().getName(),
                    self._nm(place.getTx()),
                    self._nm(place.getTy()),
                    place.getOrientation() == Transformation.Orientation.MY,
                )
            )
        outlines: dict[tuple[str, str], Any] = {}
        for net in self.cell.getNets():
            name = net.getName()
            boxes: set[Box] = set()
            for part in net.getComponents():
                if isinstance(part, Pin):
                    layer = part.getLayer().getName()
                    (port,) = self._boxes(part)
                    wiring.pins[name].append(ShapePin("", name, whole_port(port, self.stack)))
                elif isinstance(part, (Horizontal, Vertical, Contact)):
                    boxes.update(self._boxes(part))
                if isinstance(part, (Horizontal, Vertical)) and not net.isSupply():
                    length = abs(self.um(part.getTargetX() - part.getSourceX()))
                    length += abs(self.um(part.getTargetY() - part.getSourceY()))
                    layer = self.names.get(part.getLayer().getName(), "")
                    lengths[layer] = lengths.get(layer, 0.0) + length
            if boxes:
                wiring.wires[name] = without_spurs(boxes, self.stack)
            if net.isSupply():
                continue
            for plug in net.getPlugs():
                instance, master = plug.getInstance(), plug.getMasterNet()
                key = (instance.getMasterCell().getName(), master.getName())
                if key not in outlines:
                    shapes = [
                        c.getBoundingBox()
                        for c in master.getComponents()
                        if NetExternalComponents.isExternal(c)
                    ]
                    outlines[key] = max(shapes, key=lambda shape: shape.getHeight())
                at = instance.getTransformation().getBox(outlines[key])
                pin = Box(self.stack.pins, *self._corners(at))
                wiring.pins[name].append(ShapePin(instance.getName(), master.getName(), pin))
        wiring.write(Path("wiring.json"))
        self.report |= {
            "die_um": [round(width, 3), round(height, 3)],
            "utilisation": round(self.report["cell_area_before_um2"] / (width * height), 4),
            "rows_off_grid": sum(1 for row in rows if row != round(row)),
            "wire_um": {
                layer: round(length, 1)
                for layer, length in sorted(lengths.items())
                if layer in self.stack.names
            },
        }
        self._done("measure")

    def save(self) -> None:
        """Write what was measured."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.report["memory_gib"] = round(peak / 2**20, 3)
        Path("layout.json").write_text(json.dumps(self.report, indent=1) + "\n")


def main(path: Path) -> None:
    """Run all steps."""
    os.chdir(path.parent)
    layout = _Layout(json.loads(path.read_text()))
    layout.load()
    layout.floorplan()
    try:
        layout.place_and_route()
    except _PlacedOnlyError:
        layout.report["routed"] = False
    else:
        layout.measure()
    layout.save()
    print(FINISHED, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
