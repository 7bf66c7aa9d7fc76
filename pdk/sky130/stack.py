"""How sky130 is routed, from SkyWater's public documentation: design rules, layer table, sheet and
contact resistances; capacitances are SkyWater's tables as the open technology file of Magic has
them.

The gauge that the cells' generator exports does not fit its own rows: m1 tracks of 0.46 um do not
divide 5.6 um, and m4 is as wide as a via to m5 asks, which carries no signal here. Antenna limits
are those of the periphery rules ar.*, with a diode interpolated as in the process's LEF.
"""

from hexcoder.pdk.stack import Cut, Field, Metal, Stack

FIELD = Field(
    devices={"active": (65, 20), "poly": (66, 20)},
    area_af={
        "li": (36.99, 55.3, 94.16),
        "m1": (25.78, 33.6, 44.81, 114.20),
        "m2": (17.5, 20.8, 24.50, 37.56, 133.86),
        "m3": (12.37, 14.2, 16.06, 20.79, 34.54, 86.19),
        "m4": (8.42, 9.41, 10.01, 11.67, 15.03, 20.33, 84.03),
        "m5": (6.32, 6.88, 7.21, 8.03, 9.48, 11.34, 19.63, 68.33),
    },
    down_af={
        "li": (40.70, 44.27, 51.85),
        "m1": (40.57, 43.10, 46.72, 59.50),
        "m2": (37.76, 39.54, 41.22, 46.28, 67.05),
        "m3": (40.99, 42.25, 43.53, 46.71, 54.81, 69.85),
        "m4": (36.68, 37.57, 38.11, 39.71, 42.56, 46.38, 70.52),
        "m5": (38.85, 39.52, 39.91, 41.15, 43.19, 45.59, 54.15, 82.82),
    },
    up_af={
        "poly": (25.14, 16.69, 11.17, 9.18, 6.35, 6.49),
        "li": (34.70, 21.74, 15.08, 10.14, 7.64),
        "m1": (48.19, 26.68, 16.42, 12.02),
        "m2": (44.43, 22.33, 15.69),
        "m3": (42.64, 27.84),
        "m4": (46.98,),
    },
    beside_af={
        "li": (25.5, 0.14),
        "m1": (44.0, 0.25),
        "m2": (50.0, 0.30),
        "m3": (74.0, 0.40),
        "m4": (94.0, 0.57),
        "m5": (155.0, 0.50),
    },
)

STACK = Stack(
    metals=(
        Metal(
            "li", (67, 20), "li", "li1", "Vertical", 0.0, 0.46, 0.17, 0.17, 0.17,
            least_um2=0.0561, sheet_ohm=12.8,
        ),
        Metal(
            "m1", (68, 20), "m1", "met1", "Horizontal", 0.20, 0.40, 0.26, 0.29, 0.14,
            least_um2=0.083, sheet_ohm=0.125,
            thickness_um=0.35,
        ),
        Metal(
            "m2", (69, 20), "m2", "met2", "Vertical", 0.0, 0.46, 0.28, 0.26, 0.14,
            least_um2=0.0676, sheet_ohm=0.125,
            thickness_um=0.35,
        ),
        Metal(
            "m3", (70, 20), "m3", "met3", "Horizontal", 0.0, 0.70, 0.33, 0.33, 0.30,
            least_um2=0.24, sheet_ohm=0.047,
            thickness_um=0.80, least_run_um=0.40,
        ),
        Metal(
            "m4", (71, 20), "m4", "met4", "Vertical", 0.0, 0.68, 0.33, 0.33, 0.30,
            least_um2=0.24, sheet_ohm=0.047,
            thickness_um=0.80, least_run_um=0.40,
        ),
        Metal(
            "m5", (72, 20), "m5", "met5", "Horizontal", 0.0, 3.20, 1.60, 1.60, 1.60,
            least_um2=4.0, sheet_ohm=0.0285,
        ),
    ),
    cuts=(
        Cut("mcon", (67, 44), "mcon", 0.17, 0.19, 9.3, (0.0, 0.075), (0.06, 0.045)),
        Cut("via", (68, 44), "via", 0.15, 0.17, 4.5, (0.085, 0.055), (0.055, 0.085)),
        Cut("via2", (69, 44), "via2", 0.20, 0.20, 3.41, (0.04, 0.085), (0.085, 0.065)),
        Cut("via3", (70, 44), "via3", 0.20, 0.20, 3.41, (0.09, 0.065), (0.065, 0.09)),
        Cut("via4", (71, 44), "via4", 0.80, 0.80, 0.38, (0.19, 0.4), (0.31, 0.4)),
    ),
    field=FIELD,
    pin_datatype=16,
    label_datatype=5,
    antenna_ratio=400.0,
    antenna_by_diode=((0.0, 0.0125, 0.0225, 22.5), (400.0, 400.0, 2609.0, 11600.0)),
    strap_width_um=1.6,
    # A multiple of m4's tracks.
    strap_pitch_um=24.48,
    strap_reach_um=2.76,
)  # fmt: skip
