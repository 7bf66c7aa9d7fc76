"""sky130: layers, capacitances and resistances are those of SkyWater's public process documentation
(layer numbers; "Parasitic Layout Extraction": fF per um2 and um over the substrate, ohm per
contact), the cells' style that of c4m-pdk-sky130 but for its grid.
"""

from hexcoder.pdk.process import CellStyle, Corner, Process
from hexcoder.pdk.sky130.finishing import finish_block, finish_cell
from hexcoder.pdk.sky130.full_adder import FULL_ADDER
from hexcoder.pdk.sky130.rules import RULES
from hexcoder.pdk.sky130.stack import STACK

SKY130 = Process(
    name="sky130",
    package="c4m-pdk-sky130",
    module="c4m.pdk.sky130",
    # 7 x 0.80 keeps rows on their rails, the package's own 0.76 does not.
    style=CellStyle(
        row_um=5.60,
        grid_um=0.80,
        rail_um=0.95,
        well_edge_um=2.7,
        least_width_um=0.84,
        pins_um=(2.0, 3.6),
    ),
    primitives={
        "nmos": "nfet_01v8",
        "pmos": "pfet_01v8",
        "active": "difftap",
        "poly": "poly",
        "contact": "licon",
        "metal": "li",
        "n_implant": "nsdm",
        "p_implant": "psdm",
    },
    layers={
        "nwell": (64, 20),
        "diffusion": (65, 20),
        "tap": (65, 44),
        "poly": (66, 20),
        "contact": (66, 44),
        "metal": (67, 20),
        "n_implant": (93, 44),
        "p_implant": (94, 20),
    },
    labels=(67, 5),
    wire_ff={"poly": (0.10613, 0.05527), "metal": (0.03699, 0.04070)},
    contact_ohm={"nfet": 185.0, "pfet": 585.0},
    models="c4m/pdk/sky130/models/C4M.Sky130_logic_lib.spice",
    transistors={
        "nfet": "sky130_fd_pr__nfet_01v8__model",
        "pfet": "sky130_fd_pr__pfet_01v8__model",
    },
    corners={
        "tt": Corner("tt_025C_1v80", ("tt",), 1.80, 25.0),
        "ss": Corner("ss_100C_1v60", ("ss",), 1.60, 100.0, slowness=2.5),
        "ff": Corner("ff_n40C_1v95", ("ff",), 1.95, -40.0),
    },
    # Of an encoder of 12,700 cells at utilisation 0.70, as flow.layout.parasitics extracts it.
    routed_ff={1: 1.6, 2: 5.0, 3: 8.5, 4: 15.5, 5: 27.0, 6: 37.0, 8: 45.0},
    # That of the foundry's own cells.
    slowest_ns=1.5,
    routed_slope_ff=6.0,
    finish_cell=finish_cell,
    finish_block=finish_block,
    stack=STACK,
    rules=RULES,
    adder=FULL_ADDER,
    variant="sky130A",
)
