"""How sky130 is routed: layers, tracks and vias, in um, from SkyWater's public design rules.

The gauge that the cells' generator exports does not fit its own rows: m1 tracks of 0.46 um do not
divide 5.6 um, and m4 is as wide as a via to m5 asks, which carries no signal here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoutedLayer:
    """A layer's tracks. ``across`` is a wire's width against the grain, ``via`` the cut above."""

    name: str
    direction: str
    purpose: str
    offset: float
    pitch: float
    width: float
    across: float
    via: float
    spacing: float


LAYERS = (
    RoutedLayer("li", "Vertical", "PinOnly", 0.0, 0.46, 0.17, 0.17, 0.17, 0.17),
    RoutedLayer("m1", "Horizontal", "Default", 0.20, 0.40, 0.26, 0.29, 0.15, 0.14),
    RoutedLayer("m2", "Vertical", "Default", 0.0, 0.46, 0.28, 0.26, 0.20, 0.14),
    RoutedLayer("m3", "Horizontal", "Default", 0.0, 0.70, 0.33, 0.33, 0.20, 0.30),
    RoutedLayer("m4", "Vertical", "Default", 0.0, 0.68, 0.33, 0.33, 0.20, 0.30),
    RoutedLayer("m5", "Horizontal", "PowerSupply", 0.0, 3.20, 1.60, 1.60, 0.80, 1.60),
)

ENCLOSURES = {
    "li_mcon_m1": {"li": (0.0, 0.075), "m1": (0.06, 0.045)},
    "m1_via_m2": {"m1": (0.085, 0.055), "m2": (0.055, 0.085)},
    "m2_via2_m3": {"m2": (0.04, 0.085), "m3": (0.085, 0.065)},
    "m3_via3_m4": {"m3": (0.09, 0.065), "m4": (0.065, 0.09)},
    "m4_via4_m5": {"m4": (0.19, 0.4), "m5": (0.31, 0.4)},
}
"""Of each via by each of its metals, horizontally and vertically."""

CUT_SIZE = {"mcon": 170, "via": 150, "via2": 200, "via3": 200, "via4": 800}
"""Side of a cut, in nm."""

CUT_SPACING = {"mcon": 190, "via": 170, "via2": 200, "via3": 200, "via4": 800}
"""Between cuts, in nm."""


def gauge_source() -> str:
    """Python statements that make the gauge, in the place of the exported ones."""
    lines = ["rg = CRL.RoutingGauge.create('StdCellLib')", "rg.setSymbolic(False)"]
    for via, metals in ENCLOSURES.items():
        for metal, (x, y) in metals.items():
            lines.append(
                f"setEnclosures(tech.getLayer('{via}'), tech.getLayer('{metal}'), (u({x}), u({y})))"
            )
    for number, layer in enumerate(LAYERS):
        sizes = (layer.offset, layer.pitch, layer.width, layer.across, layer.via, layer.spacing)
        lines.append(
            "rg.addLayerGauge(CRL.RoutingLayerGauge.create("
            f"tech.getLayer('{layer.name}'), CRL.RoutingLayerGauge.{layer.direction}, "
            f"CRL.RoutingLayerGauge.{layer.purpose}, {number}, 0.0, "
            f"{', '.join(f'u({size})' for size in sizes)}))"
        )
    return "".join(f"    {line}\n" for line in lines)
