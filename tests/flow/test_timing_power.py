from pathlib import Path

import numpy as np
import pytest

from flow.power import Power, analyse_power, by_kind, net_loads, report_power, sum_by
from flow.sta import wire_load_name, write_constraints
from flow.timing import Timing, analyse_timing, constant_outputs
from hexcoder.config import Clock
from hexcoder.errors import InputError
from tb.netlist_model import FlatNetlist, Instance, read_cell_models, read_netlist
from tests.flow.conftest import Built, needs_sta

pytestmark = needs_sta
PERIOD_NS = 25.0


def constraints(folder: Path, pdk, library, clock: Clock) -> Path:
    path = folder / "constraints.sdc"
    write_constraints(path, clock, pdk, library, library.default_wire_load)
    return path


def timing(built: Built, pdk, library, folder: Path, **clock: float) -> Timing:
    sdc = constraints(folder, pdk, library, Clock.model_validate(clock))
    return analyse_timing(built.netlist, pdk, library, sdc, folder)


def test_setup_slack_grows_with_the_period_and_shrinks_with_uncertainty(
    built, pdk, library, tmp_path
):
    relaxed = timing(built, pdk, library, tmp_path, period_ns=25.0)
    longer = timing(built, pdk, library, tmp_path, period_ns=30.0)
    unsure = timing(built, pdk, library, tmp_path, period_ns=25.0, uncertainty_ns=1.25)
    assert relaxed.setup_ws_ns > 0
    assert relaxed.setup_tns_ns == 0
    assert longer.setup_ws_ns - relaxed.setup_ws_ns == pytest.approx(5.0, abs=2e-3)
    assert relaxed.setup_ws_ns - unsure.setup_ws_ns == pytest.approx(1.0, abs=2e-3)


def test_too_short_a_period_has_negative_slack(built, pdk, library, tmp_path):
    result = timing(built, pdk, library, tmp_path, period_ns=1.0, input_delay_ns=0.2)
    assert result.setup_ws_ns < 0
    assert result.setup_tns_ns <= result.setup_ws_ns


def test_reports_hold_ten_paths_and_the_wires(built, pdk, library, tmp_path):
    timing(built, pdk, library, tmp_path)
    for kind in ("setup", "hold"):
        report = (tmp_path / f"timing_{kind}.rpt").read_text()
        assert report.count("Startpoint:") == 10
        assert "Fanout" in report


def test_an_endpoint_without_a_constraint_is_counted(built, pdk, library, tmp_path):
    whole = timing(built, pdk, library, tmp_path)
    sdc = constraints(tmp_path, pdk, library, Clock.model_validate({}))
    lines = [line for line in sdc.read_text().splitlines() if "set_output_delay" not in line]
    sdc.write_text("\n".join(lines) + "\n")
    cut = analyse_timing(built.netlist, pdk, library, sdc, tmp_path)
    assert set(cut.unconstrained_endpoints) > set(whole.unconstrained_endpoints)


def test_outputs_that_a_tie_cell_drives_are_known():
    netlist = FlatNetlist(
        instances=[
            Instance("zero", "LOGIC0_X1", {"Z": 5}),
            Instance("inverter", "INV_X1", {"A": 4, "ZN": 6}),
        ],
        ports={"a": [4], "y": [5, 6, 1]},
        inputs=["a"],
    )
    assert constant_outputs(netlist) == {"y[0]", "y[2]"}


def test_an_unknown_wire_load_lists_those_there_are(library):
    with pytest.raises(InputError, match=r"'7K' is not in .* it has 1K_hvratio_1_4"):
        wire_load_name(library, "7K")


@pytest.fixture(scope="module")
def flat(built: Built) -> FlatNetlist:
    return read_netlist(built.netlist.json, read_cell_models(built.cells), built.design.top)


@pytest.fixture(scope="module")
def sdc(tmp_path_factory, pdk, library) -> Path:
    return constraints(tmp_path_factory.mktemp("sdc"), pdk, library, Clock.model_validate({}))


def uniform(flat: FlatNetlist, rate: float) -> np.ndarray:
    return np.full(len(flat.nets), rate)


def test_interpolation_at_a_uniform_activity_is_what_opensta_reports(
    built, flat, sdc, pdk, library, tmp_path
):
    direct = report_power(0.3, built.netlist, pdk, sdc, tmp_path)
    powers = analyse_power(
        built.netlist,
        flat,
        uniform(flat, 0.3),
        pdk,
        library,
        sdc,
        library.default_wire_load,
        tmp_path,
    )
    assert {power.path for power in powers} <= set(direct)
    for power in powers:
        total = power.data + power.clock
        wanted = direct[power.path]
        assert total.internal_w == pytest.approx(wanted.internal_w, rel=1e-4, abs=1e-13)
        assert total.switching_w == pytest.approx(wanted.switching_w, rel=1e-4, abs=1e-13)
        assert total.leakage_w == pytest.approx(wanted.leakage_w, rel=1e-4)
    by_layer = sum_by(powers, lambda power: power.path.split("/")[0])
    kinds = by_kind(powers, flat, library)
    whole = sum(direct.values(), Power()).total_w
    assert sum(by_layer.values(), Power()).total_w == pytest.approx(whole, rel=1e-4)
    assert sum(kinds.values(), Power()).total_w == pytest.approx(whole, rel=1e-4)
    assert kinds["clock"].internal_w > 0


def test_switching_power_is_half_c_v_squared_f_times_the_toggle_rate(
    built, flat, sdc, pdk, library, tmp_path
):
    busy = report_power(1.0, built.netlist, pdk, sdc, tmp_path)
    loads = net_loads(flat, library, pdk, library.default_wire_load)
    # Inside a layer, where net and fanout are the same in the flat and the hierarchical netlist.
    inner = [
        i for i in flat.instances if i.path.startswith("core/conv/") and i.kind.startswith("FA_")
    ]
    assert len(inner) > 50
    for instance in inner:
        capacitance = sum(loads[instance.pins[pin]] for pin in ("S", "CO"))
        by_hand = 0.5 * capacitance * 1.1**2 / (PERIOD_NS * 1e-9)
        assert busy[instance.path].switching_w == pytest.approx(by_hand, rel=0.02)


def test_a_still_design_has_leakage_and_clock_power_only(built, flat, sdc, pdk, library, tmp_path):
    powers = analyse_power(
        built.netlist, flat, uniform(flat, 0.0), pdk, library, sdc, None, tmp_path
    )
    data = sum((power.data for power in powers), Power())
    assert data.internal_w == pytest.approx(0, abs=1e-9)
    assert data.switching_w == pytest.approx(0, abs=1e-9)
    leakage = sum(library.cells[i.kind].leakage_w for i in flat.instances)
    assert data.leakage_w == pytest.approx(leakage, rel=0.2)
