"""Design rules of sky130 that digital blocks touch, checked by KLayout.

Rules and numbers: SkyWater's public periphery rules (nwell, difftap, nsd, psd, poly, npc, licon,
li, ct, m1 to m5, via to via4, x.1b), in um.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from klayout import db

from hexcoder.flow.layout.wiring import PIN_DATATYPE


@dataclass(frozen=True, slots=True)
class Rule:
    """Violations of one rule: how many, and the boxes of the first in um."""

    name: str
    count: int
    places: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class _Conductor:
    layer: tuple[int, int]
    width: float
    spacing: float
    area: float = 0.0


@dataclass(frozen=True, slots=True)
class _Cut:
    """``enclosures``: metal, on all sides, on two opposite sides."""

    layer: tuple[int, int]
    size: float
    spacing: float
    enclosures: tuple[tuple[str, float, float], ...]


CONDUCTORS = {
    "nwell": _Conductor((64, 20), 0.84, 1.27),
    "diff": _Conductor((65, 20), 0.15, 0.27),
    "tap": _Conductor((65, 44), 0.15, 0.27),
    "nsdm": _Conductor((93, 44), 0.38, 0.0),
    "psdm": _Conductor((94, 20), 0.38, 0.38),
    "npc": _Conductor((95, 20), 0.27, 0.27),
    "poly": _Conductor((66, 20), 0.15, 0.21),
    "li": _Conductor((67, 20), 0.17, 0.17, 0.0561),
    "m1": _Conductor((68, 20), 0.14, 0.14, 0.083),
    "m2": _Conductor((69, 20), 0.14, 0.14, 0.0676),
    "m3": _Conductor((70, 20), 0.30, 0.30, 0.24),
    "m4": _Conductor((71, 20), 0.30, 0.30, 0.24),
    "m5": _Conductor((72, 20), 1.60, 1.60, 4.0),
}
CUTS = {
    "licon": _Cut((66, 44), 0.17, 0.17, ()),
    "mcon": _Cut((67, 44), 0.17, 0.19, (("li", 0.0, 0.0), ("m1", 0.03, 0.06))),
    "via": _Cut((68, 44), 0.15, 0.17, (("m1", 0.055, 0.085), ("m2", 0.055, 0.085))),
    "via2": _Cut((69, 44), 0.20, 0.20, (("m2", 0.04, 0.085), ("m3", 0.065, 0.065))),
    "via3": _Cut((70, 44), 0.20, 0.20, (("m3", 0.06, 0.09), ("m4", 0.065, 0.065))),
    "via4": _Cut((71, 44), 0.80, 0.80, (("m4", 0.19, 0.19), ("m5", 0.31, 0.31))),
}
MOST_DENSE = {"li": 0.60, "m1": 0.60, "m2": 0.60, "m3": 0.60, "m4": 0.60, "m5": 0.76}
"""Share of the block that a metal may cover; the least share is a matter of the chip's fill."""

GRID_UM = 0.005
"""x.1b: every edge lies on it."""
CUTS_OF = {"m1": ("mcon", "via"), "m2": ("via", "via2"), "m3": ("via2", "via3"),
           "m4": ("via3", "via4"), "m5": ("via4",)}  # fmt: skip
"""What joins each metal to another; a piece without any is nobody's."""
CONTACT_IN_NPC, NPC_TO_GATE, CONTACT_TO_P_IMPLANT, IMPLANT_ROUND_DIFFUSION = 0.1, 0.09, 0.11, 0.125

SHOWN = 8


class _Check:
    def __init__(self, gds: Path):
        self.layout = db.Layout()
        self.layout.read(str(gds))
        (self.top,) = self.layout.top_cells()
        self.regions = {name: self._region(c.layer) for name, c in CONDUCTORS.items()}

    def _region(self, layer: tuple[int, int]) -> db.Region:
        return db.Region(self.top.begin_shapes_rec(self.layout.layer(*layer))).merged()

    def units(self, length: float) -> int:
        return round(length / self.layout.dbu)

    def rule(self, name: str, found: db.Region | db.EdgePairs) -> Rule:
        places = []
        for number, shape in enumerate(found.each()):
            if number == SHOWN:
                break
            box = shape.bbox().to_dtype(self.layout.dbu)
            places.append((box.left, box.bottom, box.right, box.top))
        return Rule(name, found.count(), tuple(places))

    def conductor(self, name: str) -> Iterator[Rule]:
        rules, shapes = CONDUCTORS[name], self.regions[name]
        metrics = db.Region.Euclidian
        yield self.rule(f"{name}.width", shapes.width_check(self.units(rules.width)))
        if rules.spacing:
            spacing = shapes.space_check(self.units(rules.spacing), False, metrics)
            yield self.rule(f"{name}.spacing", spacing)
        if rules.area:
            least = round(rules.area / self.layout.dbu**2)
            yield self.rule(f"{name}.area", shapes.with_area(0, least, False))

    def cut(self, name: str) -> Iterator[Rule]:
        rules = CUTS[name]
        shapes = self._region(rules.layer)
        size = self.units(rules.size)
        square = shapes.rectangles().with_bbox_width(size, False).with_bbox_height(size, False)
        yield self.rule(f"{name}.size", shapes - square)
        spacing = shapes.space_check(self.units(rules.spacing), False, db.Region.Euclidian)
        yield self.rule(f"{name}.spacing", spacing)
        for metal, everywhere, somewhere in rules.enclosures:
            region, least = self.regions[metal], self.units(everywhere)
            yield self.rule(f"{name}.enclosed.{metal}", shapes.sized(least) - region)
            if somewhere > everywhere:
                more = self.units(somewhere)
                flat = shapes.interacting(shapes.sized(more, least, 2) - region)
                tall = shapes.interacting(shapes.sized(least, more, 2) - region)
                yield self.rule(f"{name}.enclosed_twice.{metal}", flat & tall)

    def implants(self) -> Iterator[Rule]:
        """Contacts on poly, and implants round diffusion."""
        diff, tap, poly = (self.regions[name] for name in ("diff", "tap", "poly"))
        nwell, npc = self.regions["nwell"], self.regions["npc"]
        implant = {"n": self.regions["nsdm"], "p": self.regions["psdm"]}
        contacts = self._region(CUTS["licon"].layer)
        on_poly = contacts.interacting(poly) - diff - tap
        bare = on_poly.sized(self.units(CONTACT_IN_NPC)) - npc
        yield self.rule("licon.15 (NPC round contacts on poly)", bare)
        metrics = db.Region.Euclidian
        close = on_poly.separation_check(
            implant["p"], self.units(CONTACT_TO_P_IMPLANT), False, metrics
        )
        inside = on_poly & implant["p"]
        yield self.rule("licon.9 (contacts on poly to P+)", close)
        yield self.rule("licon.9 (contacts on poly in P+)", inside)
        gates = diff & poly
        near = gates.separation_check(npc, self.units(NPC_TO_GATE), False, metrics)
        yield self.rule("npc.4 (NPC to gates)", near)
        yield self.rule("npc.4 (NPC over gates)", gates & npc)
        for kind, side, well in (("n", diff - nwell, "nsd"), ("p", diff & nwell, "psd")):
            around = side.sized(self.units(IMPLANT_ROUND_DIFFUSION)) - implant[kind]
            yield self.rule(f"{well}.5a ({kind.upper()}+ round diffusion)", around)
        tied = (diff & nwell & implant["n"]) + ((diff - nwell) & implant["p"])
        yield self.rule("difftap (a well's tie is tap, not diffusion)", tied)
        yield self.rule("difftap (tap beside diffusion)", tap & diff)

    def grid(self) -> Rule:
        """x.1b, over all layers."""
        step = self.units(GRID_UM)
        found = db.EdgePairs()
        for layer in (*CONDUCTORS.values(), *CUTS.values()):
            found += self._region(layer.layer).grid_check(step, step)
        return self.rule("x.1b (grid of 5 nm)", found)

    def floating(self, name: str) -> Rule:
        """Pieces of a metal that no cut joins to another, and no pin is on."""
        layer = CONDUCTORS[name].layer
        joined = self._region((layer[0], PIN_DATATYPE))
        for cut in CUTS_OF[name]:
            joined += self._region(CUTS[cut].layer)
        return self.rule(f"{name}.x (floating)", self.regions[name].not_interacting(joined))

    def density(self, name: str) -> Rule:
        box = self.top.bbox()
        if self.regions[name].area() <= MOST_DENSE[name] * box.area():
            return Rule(f"{name}.density", 0, ())
        return self.rule(f"{name}.density", db.Region(box))


def check_design_rules(gds: Path) -> list[Rule]:
    """Check a layout; all rules, with zero counts too."""
    check = _Check(gds)
    rules: list[Rule] = []
    for name in CONDUCTORS:
        rules += check.conductor(name)
    for name in CUTS:
        rules += check.cut(name)
    rules += check.implants()
    rules.append(check.grid())
    rules += [check.floating(name) for name in CUTS_OF]
    rules += [check.density(name) for name in MOST_DENSE]
    return rules
