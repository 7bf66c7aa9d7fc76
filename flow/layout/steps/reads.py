"""What steps on the final netlist and on the drawn block read."""

from dataclasses import dataclass

from hexcoder.flow.design import DESIGN
from hexcoder.pdk.processes import process_of
from hexcoder.steps.reads import File, Package, Place

FINAL = (DESIGN, File("layout/final.v"), File("layout/final.json"), File("asic/cells.json"))
DRAWN = (File("layout/layout.gds"), File("layout/wiring.json"), File("layout/layout.json"))
PARASITICS = (File("layout/wires_ff.json"), File("layout/wires_s.json"), File("layout/final.spef"))


@dataclass(frozen=True)
class CellPackages:
    """What the cells of the config's PDK are drawn with, by version."""

    def state(self, place: Place) -> object:
        """Versions by package."""
        packages = process_of(place.config.silicon.pdk).packages
        return [Package(name).state(place) for name in packages]
