"""How gf180mcu is routed, with six metals (option 1P6M, MetalTop of 0.9 um).

Layers, widths, spacing, areas, enclosures, thickness and antenna limits are those of
GlobalFoundries' public design manual (rules Mn, MT, Vn, ANT); sheet and cut resistances,
capacitance and coupling those of the open technology file of Magic.

The pads of cuts are so long that each has the least area of a piece.
"""

from hexcoder.pdk.stack import Cut, Field, Metal, Stack

_TRACKS = {"pitch": 0.56, "width": 0.28, "across": 0.28, "spacing": 0.28}
_FLAT, _TALL = (0.13, 0.01), (0.01, 0.13)
_CUT = {"size": 0.26, "spacing": 0.26, "ohm": 4.5}

FIELD = Field(
    devices={"active": (22, 0), "poly": (30, 0)},
    area_af={
        "m1": (29.304, 30.502, 51.434),
        "m2": (15.016, 17.305, 19.263, 59.027),
        "m3": (10.094, 11.079, 11.850, 20.238, 59.027),
        "m4": (7.602, 8.148, 8.557, 12.212, 20.238, 59.027),
        "m5": (5.798, 6.110, 6.337, 8.142, 11.067, 17.276, 39.351),
        "m6": (4.8793, 5.0937, 5.2558, 6.4394, 8.1418, 11.0677, 17.2765, 39.3519),
    },
    down_af={
        "m1": (39.431, 43.406, 46.700),
        "m2": (33.298, 35.189, 36.169, 47.566),
        "m3": (30.021, 31.40, 31.927, 36.609, 49.011),
        "m4": (28.153, 29.065, 29.407, 32.104, 36.563, 47.871),
        "m5": (30.386, 31.165, 31.458, 33.316, 36.591, 41.466, 52.692),
        "m6": (9.5950, 9.8790, 10.128, 11.765, 13.958, 17.640, 24.286, 39.586),
    },
    # Not known to the top metal, which straps alone are on.
    up_af={
        "poly": (17.946, 8.706, 5.895, 8.557, 3.365),
        "m1": (32.048, 18.135, 13.159, 9.825),
        "m2": (36.626, 22.405, 15.764),
        "m3": (39.964, 22.988),
        "m4": (34.954,),
    },
    beside_af={
        "m1": (40.512, -0.053),
        "m2": (46.736, 0.289),
        "m3": (70.675, 0.534),
        "m4": (77.388, 0.611),
        "m5": (31.121, 0.0),
        "m6": (54.335, 0.0),
    },
)

STACK = Stack(
    metals=(
        Metal(
            "m1", (34, 0), "Metal1", "Metal1", "Vertical", 0.0, 0.56, 0.26, 0.23, 0.23,
            least_um2=0.1444, sheet_ohm=0.09,
        ),
        Metal(
            "m2", (36, 0), "Metal2", "Metal2", "Horizontal", 0.28, **_TRACKS,
            least_um2=0.1444, sheet_ohm=0.09,
            thickness_um=0.54,
        ),
        Metal(
            "m3", (42, 0), "Metal3", "Metal3", "Vertical", 0.0, **_TRACKS,
            least_um2=0.1444, sheet_ohm=0.09,
            thickness_um=0.54,
        ),
        Metal(
            "m4", (46, 0), "Metal4", "Metal4", "Horizontal", 0.28, **_TRACKS,
            least_um2=0.1444, sheet_ohm=0.09,
            thickness_um=0.54,
        ),
        Metal(
            "m5", (81, 0), "Metal5", "Metal5", "Vertical", 0.0, **_TRACKS,
            least_um2=0.1444, sheet_ohm=0.09,
            thickness_um=0.54,
        ),
        Metal(
            "m6", (53, 0), "MetalTop", "MetalTop", "Horizontal", 0.0, 3.20, 1.60, 1.60, 0.46,
            least_um2=0.5625, sheet_ohm=0.06,
        ),
    ),
    cuts=(
        Cut("via1", (35, 0), "Via1", **_CUT, below=(0.0, 0.06), above=_FLAT),
        Cut("via2", (38, 0), "Via2", **_CUT, below=_FLAT, above=_TALL),
        Cut("via3", (40, 0), "Via3", **_CUT, below=_TALL, above=_FLAT),
        Cut("via4", (41, 0), "Via4", **_CUT, below=_FLAT, above=_TALL),
        Cut("via5", (82, 0), "Via5", **_CUT, below=_TALL, above=(0.12, 0.12)),
    ),
    field=FIELD,
    pin_datatype=10,
    label_datatype=10,
    antenna_ratio=400.0,
    antenna_by_diode=((0.0,), (400.0,)),
    # A diffusion counts as twice its area of gates.
    antenna_diode_factor=2.0,
    strap_width_um=1.6,
    # A multiple of m5's tracks.
    strap_pitch_um=24.64,
    strap_reach_um=2.80,
)  # fmt: skip
