"""The full adder's drawing for sky130."""

from hexcoder.pdk.process import AdderDrawing

_GATES = (
    # The carry's inverter and the carry.
    (0.475, "carry_n"), (0.94, "i0"), (1.37, "i1"), (1.80, "i2"), (2.23, "i1"), (2.66, "i0"),
    # The sum and its inverter.
    (3.61, "i0"), (4.04, "i1"), (4.47, "i2"), (4.90, "carry_n"), (5.33, "i2"), (5.76, "i1"),
    (6.19, "i0"), (6.725, "sum_n"),
)  # fmt: skip

_SIDES = (
    ((0.26, "carry"), (0.70, "supply"), (1.155, "series0"), (1.585, "carry_n"), (2.015, "either0"),
     (2.445, "supply"), (2.875, "either0")),
    ((3.395, "supply"), (3.825, "series1"), (4.255, "series2"), (4.685, "sum_n"),
     (5.115, "either1"), (5.545, "supply"), (5.975, "either1"), (6.455, "supply"), (6.94, "sum")),
)  # fmt: skip

_CUTS = {
    "n": {"supply": (0.865,), "either": (1.205,), "wire": (1.285,), "output": (1.205,)},
    "p": {"supply": (4.735,), "either": (4.055, 4.395), "wire": (3.975, 4.315),
          "output": (4.055, 4.395)},
}  # fmt: skip

_PADS = (
    *((x, 2.695, "i0") for x in (0.94, 2.66, 3.61, 6.19)),
    *((x, 2.225, "i1") for x in (1.37, 2.23, 4.04, 5.76)),
    *((x, 3.035, "i2") for x in (1.80, 4.47, 5.33)),
    (0.51, 1.705, "carry_n"), (0.51, 3.495, "carry_n"), (4.90, 1.885, "carry_n"),
    (6.69, 1.705, "sum_n"), (6.69, 3.495, "sum_n"),
)  # fmt: skip
"""A pad beside that of the next column is two rows away, or 0.47."""

_WIRES = (
    # Inputs: a row each, and a column that several tracks of m1 cross.
    ("i0", 0.775, 2.61, 6.355, 2.78), ("i0", 6.105, 2.04, 6.275, 3.16),
    ("i1", 0.425, 2.14, 5.925, 2.31), ("i1", 0.425, 2.04, 0.595, 3.16),
    ("i2", 1.635, 2.95, 5.495, 3.12), ("i2", 3.74, 2.95, 3.91, 4.48),
    # The carry, inverted: from its n side to both of its gates, from its p side to the first.
    ("carry_n", 0.425, 1.54, 0.595, 1.87), ("carry_n", 0.425, 1.70, 1.67, 1.87),
    ("carry_n", 1.50, 1.12, 1.67, 1.97), ("carry_n", 1.50, 1.80, 5.065, 1.97),
    ("carry_n", 0.425, 3.33, 0.595, 3.66), ("carry_n", 0.425, 3.33, 1.67, 3.50),
    ("carry_n", 1.50, 3.33, 1.67, 4.48),
    # The sum, inverted.
    ("sum_n", 4.60, 1.12, 4.77, 1.63), ("sum_n", 4.60, 1.46, 6.775, 1.63),
    ("sum_n", 6.605, 1.46, 6.775, 1.87), ("sum_n", 4.60, 3.33, 4.77, 4.48),
    ("sum_n", 4.60, 3.33, 6.775, 3.50), ("sum_n", 6.605, 3.33, 6.775, 3.66),
    # Outputs.
    ("carry", 0.085, 1.12, 0.255, 4.48), ("carry", 0.085, 1.12, 0.425, 1.29),
    ("carry", 0.085, 3.97, 0.425, 4.48),
    ("sum", 6.945, 1.12, 7.115, 4.48), ("sum", 6.775, 1.12, 7.115, 1.29),
    ("sum", 6.775, 3.97, 7.115, 4.48),
    # Between the diffusions of one net.
    ("either0_n", 1.85, 1.12, 3.04, 1.29), ("either0_p", 1.85, 4.31, 3.04, 4.48),
    ("either0_p", 1.93, 3.89, 2.10, 4.48), ("either0_p", 2.79, 3.89, 2.96, 4.48),
    ("either1_n", 4.95, 1.12, 6.14, 1.29), ("either1_p", 4.95, 4.31, 6.14, 4.48),
    ("either1_p", 5.03, 3.89, 5.20, 4.48), ("either1_p", 5.89, 3.89, 6.06, 4.48),
)  # fmt: skip
"""Of li."""

_PINS = {
    "i0": (6.105, 2.04, 6.275, 3.16),
    "i1": (0.425, 2.04, 0.595, 3.16),
    "i2": (3.74, 3.20, 3.91, 4.48),
    "carry": (0.085, 1.12, 0.255, 4.48),
    "sum": (6.945, 1.12, 7.115, 4.48),
}
"""Li keeps 0.17 um from other nets there."""

FULL_ADDER = AdderDrawing(
    width=7.20,
    cut=0.17,
    gate=0.15,
    gates=_GATES,
    sides=_SIDES,
    diffusion={"n": (0.66, 1.43), "p": (3.815, 4.94)},
    # None between them, where poly has its contacts (licon.9).
    implant={"n": (0.535, 1.555), "p": (3.69, 5.065)},
    beyond_side=0.125,
    beyond_gate=0.13,
    cuts=_CUTS,
    pads=_PADS,
    pad=(0.135, 0.165),
    wires=_WIRES,
    pins=_PINS,
)
