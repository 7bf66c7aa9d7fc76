"""Delays for simulation against static timing, and energy with glitches."""

import numpy as np
import pytest

from hexcoder.config import Clock
from hexcoder.flow.analysis.glitches import estimate_glitches, measure_glitches
from hexcoder.flow.analysis.loads import net_loads
from hexcoder.flow.analysis.sta import write_constraints
from hexcoder.flow.analysis.timing import analyse_timing
from hexcoder.netlist.cell_tables import read_tables
from hexcoder.netlist.delays import write_sdf
from hexcoder.netlist.simulation import NetlistSimulation
from tests.needs import needs_iverilog, needs_sta

pytestmark = [needs_iverilog, needs_sta]


@pytest.fixture(scope="module")
def found(built, pdk, library, tmp_path_factory):
    """Function from a clock period to what its simulation with delays gives."""
    folder = tmp_path_factory.mktemp("glitches")
    simulation = NetlistSimulation.build(
        built.netlist.json, built.cells, built.design.top, built.interface
    )
    loads = net_loads(simulation.netlist, library, pdk, library.default_wire_load)
    events = built.design.random_inputs(60)

    def run(period_ns, estimate=False):
        clock = Clock(period_ns=period_ns, input_delay_ns=0.0)
        if estimate:
            return estimate_glitches(simulation, built.cells, loads, pdk, library, clock, events)
        return measure_glitches(
            built.netlist, simulation, built.cells, loads, pdk, library, clock, events,
            built.design.reference(events), folder,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def longest_ns(built, pdk, library, tmp_path_factory):
    """Longest path by OpenSTA."""
    folder = tmp_path_factory.mktemp("timing")
    sdc = folder / "constraints.sdc"
    clock = Clock(uncertainty_ns=0.0, input_delay_ns=0.0, output_delay_ns=0.0)
    write_constraints(sdc, clock, pdk, library, library.default_wire_load)
    return 25.0 - analyse_timing(built.netlist, pdk, library, sdc, folder).setup_ws_ns


def test_outputs_are_right_at_the_period_that_static_timing_gives(found, longest_ns):
    verdict = found(1.1 * longest_ns).verdict
    assert verdict.vectors == 60
    assert verdict.passed


def test_outputs_are_wrong_at_half_of_it(found, longest_ns):
    assert found(0.5 * longest_ns).verdict.mismatches > 5


def test_glitches_add_toggles_and_energy(found):
    relaxed = found(25.0)
    assert relaxed.toggles > 1.2 * relaxed.toggles_zero_delay
    assert relaxed.total_w > 0
    assert min(relaxed.power_w.values()) > -0.05 * relaxed.total_w


def test_the_estimate_is_what_icarus_measures(found):
    measured, estimated = found(25.0), found(25.0, estimate=True)
    assert estimated.is_estimate
    assert not measured.is_estimate
    assert estimated.verdict is None
    assert estimated.events == measured.events
    assert estimated.toggles_zero_delay == measured.toggles_zero_delay
    assert estimated.toggles == pytest.approx(measured.toggles, rel=0.01)
    assert estimated.total_w == pytest.approx(measured.total_w, rel=0.02)
    most = max(measured.power_w.values())
    for path, power in measured.power_w.items():
        assert estimated.power_w[path] == pytest.approx(power, abs=0.1 * most)


def test_the_sdf_has_the_liberty_file_s_delays(built, pdk, library, tmp_path):
    simulation = NetlistSimulation.build(
        built.netlist.json, built.cells, built.design.top, built.interface
    )
    flat, tables = simulation.netlist, read_tables(pdk.liberty)
    loads = np.full(len(flat.nets), 5e-15)
    inverter = next(i for i in flat.instances if i.kind.startswith("INV_X1"))
    late = {(inverter.path, "A"): 7e-9}
    write_sdf(flat, tables, loads, tmp_path / "a.sdf", "encoder")
    write_sdf(flat, tables, loads, tmp_path / "b.sdf", "encoder", late)

    def delay(name):
        text = (tmp_path / name).read_text()
        entry = text.split(f"(INSTANCE {inverter.path})")[1]
        return float(entry.split("(IOPATH A ZN (")[1].split(")")[0])

    rise, _ = tables[inverter.kind].delays["ZN"]["A"]
    assert rise.at(0.001e-9, 5e-15) * 1e9 < delay("a.sdf") < rise.at(0.3e-9, 5e-15) * 1e9
    assert delay("b.sdf") == pytest.approx(delay("a.sdf") + 7, abs=1e-3)
