"""What steps on the final netlist and on the drawn block read."""

from hexcoder.flow.design import DESIGN
from hexcoder.steps.reads import File

FINAL = (DESIGN, File("layout/final.v"), File("layout/final.json"), File("asic/cells.json"))
DRAWN = (File("layout/layout.gds"), File("layout/wiring.json"), File("layout/layout.json"))
PARASITICS = (File("layout/wires_ff.json"), File("layout/wires_s.json"), File("layout/final.spef"))
