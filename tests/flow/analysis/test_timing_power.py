from pathlib import Path

import numpy as np
import pytest

from hexcoder.config import Clock
from hexcoder.errors import InputError
from hexcoder.flow.analysis.loads import net_loads
from hexcoder.flow.analysis.power import Power, analyse_power, by_kind, sum_by
from hexcoder.flow.analysis.sta import write_constraints
from hexcoder.flow.analysis.timing import Timing, analyse_timing, constant_outputs
from hexcoder.flow.analysis.wire_load import wire_load_name
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.flat import FlatNetlist, Instance, read_cell_models, read_netlist
from tests.built import Built
from tests.needs import needs_sta

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


@pytest.fixture(scope="module")
def loads(flat, pdk, library) -> np.ndarray:
    return net_loads(flat, library, pdk, library.default_wire_load)


def test_power_is_linear_in_the_activity_and_sums_are_whole(flat, pdk, library, loads):
    powers = {
        rate: analyse_power(flat, uniform(flat, rate), loads, pdk, library, PERIOD_NS)
        for rate in (0.0, 0.3, 0.6)
    }
    for still, some, more in zip(*powers.values(), strict=True):
        low, middle, high = ((p.data + p.clock).total_w for p in (still, some, more))
        assert high - low == pytest.approx(2 * (middle - low))
    by_layer = sum_by(powers[0.3], lambda power: power.path.split("/")[0])
    kinds = by_kind(powers[0.3], flat, library)
    whole = sum(((p.data + p.clock).total_w for p in powers[0.3]), 0.0)
    assert sum(by_layer.values(), Power()).total_w == pytest.approx(whole)
    assert sum(kinds.values(), Power()).total_w == pytest.approx(whole)
    assert kinds["clock"].internal_w > 0


def test_switching_power_is_half_c_v_squared_f_times_the_toggle_rate(flat, pdk, library, loads):
    powers = analyse_power(flat, uniform(flat, 1.0), loads, pdk, library, PERIOD_NS)
    adders = [
        (i, p) for i, p in zip(flat.instances, powers, strict=True) if i.kind.startswith("FA_")
    ]
    assert len(adders) > 50
    for instance, power in adders:
        capacitance = sum(loads[instance.pins[pin]] for pin in ("S", "CO"))
        by_hand = 0.5 * capacitance * 1.1**2 / (PERIOD_NS * 1e-9)
        assert power.data.switching_w == pytest.approx(by_hand)


def test_a_still_design_has_leakage_power_only(flat, pdk, library, loads):
    powers = analyse_power(flat, uniform(flat, 0.0), loads, pdk, library, PERIOD_NS)
    data = sum((power.data + power.clock for power in powers), Power())
    assert data.internal_w == 0
    assert data.switching_w == 0
    leakage = sum(library.cells[i.kind].leakage_w for i in flat.instances)
    assert data.leakage_w == pytest.approx(leakage)


def test_a_toggle_takes_the_mean_of_both_edges_in_the_table(pdk):
    # Nangate45's INV_X1 in its own file: energies of both edges at one entry, in fJ.
    table = read_tables(pdk.liberty)["INV_X1"].outputs["ZN"]["A"]
    rise, fall = 2.175584, -0.000677
    assert table.at(0.0409838e-9, 7.59125e-15) == pytest.approx((rise + fall) / 2 * 1e-15)


def test_a_full_adder_counts_each_output_s_toggle_once(pdk):
    outputs = read_tables(pdk.liberty)["FA_X1"].outputs
    assert set(outputs) == {"S", "CO"}
    # Each related input has one table, the mean over the states of the other two.
    for arcs in outputs.values():
        assert set(arcs) == {"A", "B", "CI"}
        for table in arcs.values():
            assert 0.5e-15 < table.at(0.02e-9, 3e-15) < 8e-15


LIBERTY = """
library (small) {
  time_unit : "1ns"; capacitive_load_unit (1, pf); nom_voltage : 2.0;
  power_lut_template (load_first) {
    variable_1 : total_output_net_capacitance; variable_2 : input_transition_time;
    index_1 ("0.1, 0.3"); index_2 ("1, 2");
  }
  power_lut_template (slew) { variable_1 : input_transition_time; index_1 ("1, 3"); }
  cell (GATE) {
    pin (A) { direction : input;
      internal_power () { when : "B & !C"; rise_power (slew) { values ("1, 3"); }
                          fall_power (slew) { values ("3, 5"); } } }
    pin (Z) { direction : output;
      internal_power () { related_pin : "A";
        rise_power (load_first) { values ("1, 2", "3, 4"); }
        fall_power (load_first) { values ("3, 4", "5, 6"); } } }
  }
}
"""


def test_tables_are_read_in_the_order_of_their_template(tmp_path):
    path = tmp_path / "small.lib"
    path.write_text(LIBERTY)
    cell = read_tables(path)["GATE"]
    table = cell.outputs["Z"]["A"]
    assert table.at(1e-9, 0.1e-12) == pytest.approx(2e-12)
    assert table.at(2e-9, 0.1e-12) == pytest.approx(3e-12)
    assert table.at(1e-9, 0.3e-12) == pytest.approx(4e-12)
    assert table.at(1.5e-9, 0.2e-12) == pytest.approx(3.5e-12)
    assert table.at(9e-9, 9e-12) == pytest.approx(5e-12)
    ((part, own),) = cell.inputs["A"]
    assert part == 0.25
    assert own.at(2e-9, 0.0) == pytest.approx(3e-12)
