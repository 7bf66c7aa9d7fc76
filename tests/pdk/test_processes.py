"""The processes that cells are drawn for, and the PDKs that can be laid out."""

from itertools import pairwise

import pytest

from hexcoder.pdk.description import LAYOUT_PDKS, load_pdk
from hexcoder.pdk.processes import PROCESSES


def test_every_pdk_that_is_laid_out_has_a_process_and_the_same_corners():
    assert tuple(PROCESSES) == LAYOUT_PDKS
    for name, process in PROCESSES.items():
        corners = load_pdk(name).corners
        assert set(corners) == set(process.corners)
        for corner, described in corners.items():
            measured = process.corners[corner]
            assert described.voltage_v == measured.volts
            assert described.temperature_c == measured.celsius


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
def test_rows_straps_and_rules_fit_the_metals(process):
    stack, rules, style = process.stack, process.rules, process.style
    assert style.row_um / style.grid_um == pytest.approx(round(style.row_um / style.grid_um))
    strap, track = stack.strap_pitch_um, stack.by_name[stack.routed[-1]].pitch
    assert strap / track == pytest.approx(round(strap / track))
    directions = [stack.by_name[name].direction for name in stack.routed]
    assert all(one != other for one, other in pairwise(directions))
    for metal in stack.metals:
        rule = rules.conductors[metal.name]
        assert rule.layer == metal.gds
        assert rule.area == metal.least_um2
        assert metal.width >= rule.width
        assert metal.spacing >= rule.spacing
    for cut in stack.cuts:
        assert (rules.cuts[cut.name].layer, rules.cuts[cut.name].size) == (cut.gds, cut.size)


@pytest.mark.parametrize(
    ("pdk", "gate", "diffusion", "limit"),
    [
        # SkyWater's LEF: a diode of 0.0125 um2 is none, one of 0.0225 um2 allows 2609.
        ("sky130", 0.1, 0.0, 400.0), ("sky130", 0.1, 0.0225, 2609.0),
        # GlobalFoundries' rule ANT.16: the gate's area and twice the diode's.
        ("gf180mcu", 0.25, 0.0, 400.0), ("gf180mcu", 0.25, 0.5, 400.0 * 1.25 / 0.25),
    ],
)  # fmt: skip
def test_a_diode_raises_the_antenna_limit(pdk, gate, diffusion, limit):
    assert PROCESSES[pdk].stack.antenna_limit(gate, diffusion) == pytest.approx(limit)
