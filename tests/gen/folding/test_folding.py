"""Folded designs: what takes turns adds up to what the golden model says, clock by clock."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.config import Pipeline
from hexcoder.errors import CheckFailed, InputError
from hexcoder.gen.build import build, compile_design
from hexcoder.gen.compiler import Settings
from hexcoder.gen.folding.design import FoldedDesign
from hexcoder.gen.folding.lanes import trees
from hexcoder.network.modules import Stimulus
from hexcoder.network.schema import Network, NetworkGraph
from hexcoder.tb.modules import module_under_test
from hexcoder.tb.request import PASSED
from hexcoder.tb.rtl.lanes import compare_in_lanes, protocol_in_lanes, rtl_in_lanes
from tests.networks import drawn_graph, graphs, inputs_of, networks, sensor_network

INTERVALS = (2, 3, 7, 16)


def folded(interval: int) -> Settings:
    return Settings(pipeline=Pipeline(interval=interval))


def dense(outputs: int, inputs: int, seed: int = 0, sparse: float = 0.0) -> Network:
    random = np.random.default_rng(seed)
    weights = random.integers(-7, 8, (outputs, inputs))
    weights[random.random(weights.shape) < sparse] = 0
    return Network.model_validate(
        {
            "name": "dense",
            "input": {"shape": [inputs], "type": "SQ(2,4)"},
            "layers": [
                {
                    "kind": "dense",
                    "name": "only",
                    "weights": weights.tolist(),
                    "weight_type": "SQ(1,3)",
                    "activation": "relu",
                    "output_type": "UQ(2,4)",
                }
            ],
        }
    )


@given(
    networks() | graphs(),
    st.sampled_from(INTERVALS),
)
def test_the_gates_of_any_network_add_up_turn_by_turn(
    network: Network | NetworkGraph, interval: int
):
    design = compile_design(network, folded(interval))
    design.check(network, inputs_of(network, 64, seed=1))


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_verilog_answers_as_fast_as_it_may_with_gaps_and_after_reset(
    tmp_path: Path, interval: int
):
    random = Random(interval)
    drawn = [sensor_network(), drawn_graph(random, 4), drawn_graph(random, 7)]
    for number, network in enumerate(drawn):
        rtl = tmp_path / str(number)
        build(network, folded(interval), rtl)
        module = module_under_test(network, rtl)
        assert module.interval == interval
        simulation = rtl_in_lanes(module, rtl, tmp_path / "work")
        verdict = compare_in_lanes(simulation, module, Stimulus(0, 500), "", lambda _: None)
        assert verdict.comparison.passed, verdict.comparison
        assert set(protocol_in_lanes(simulation, module, 0).values()) == {PASSED}


@pytest.mark.long
def test_twenty_networks_answer_a_hundred_thousand_events(tmp_path: Path):
    for number in range(20):
        network, interval = drawn_graph(Random(number), 2 + number % 6), INTERVALS[number % 4]
        rtl = tmp_path / str(number)
        build(network, folded(interval), rtl)
        module = module_under_test(network, rtl)
        simulation = rtl_in_lanes(module, rtl, tmp_path / "work")
        verdict = compare_in_lanes(simulation, module, Stimulus(0, 100_000), "", lambda _: None)
        assert verdict.comparison.passed, (number, interval, verdict.comparison)


def test_a_wrong_carry_is_found(tmp_path: Path):
    network = dense(4, 6)
    build(network, folded(4), tmp_path)
    verilog = tmp_path / "encoder.v"
    text = verilog.read_text()
    assert "tree_0_carried" in text
    wrong = text.replace("only_tree_0_carried <= ", "only_tree_0_carried <= 1 ^ ", 1)
    assert wrong != text
    verilog.write_text(wrong)
    module = module_under_test(network, tmp_path)
    simulation = rtl_in_lanes(module, tmp_path, tmp_path / "work")
    verdict = compare_in_lanes(simulation, module, Stimulus(0, 500), "", lambda _: None)
    assert not verdict.comparison.passed


def test_a_step_that_is_left_out_is_named():
    network = dense(4, 6)
    design = compile_design(network, folded(4))
    assert isinstance(design, FoldedDesign)
    (engine,) = design.engines
    assert engine.serial is not None
    design.engines = [replace(engine, serial=replace(engine.serial, digits=2))]
    with pytest.raises(CheckFailed, match="'fold' changed the network: layer 'only', element"):
        design.check(network, inputs_of(network, 32))


def test_sums_take_as_many_turns_as_there_is_time_for():
    network = dense(12, 20)
    shapes = []
    for interval in (3, 6, 12, 24):
        design = compile_design(network, folded(interval))
        assert isinstance(design, FoldedDesign)
        serial = design.engines[0].serial
        assert serial is not None
        assert serial.steps <= interval
        shapes.append((serial.digit_bits, serial.digits, serial.turns, len(serial.trees)))
    assert shapes == [(2, 3, 1, 12), (1, 6, 1, 12), (1, 6, 2, 6), (1, 6, 4, 3)]


def test_a_longer_interval_takes_less_area():
    network = dense(16, 24)
    areas = []
    for interval in (1, 2, 6, 24):
        emitted = compile_design(network, folded(interval)).emit()
        areas.append(emitted.metrics.total.area_um2)
        clocked = set(re.findall(r"^ +(\S+) <= ", emitted.verilog, re.M))
        declared = re.findall(
            r"^  reg (?:signed )?(?:\[(\d+):0\] )?(\S+?);?(?: |$)", emitted.verilog, re.M
        )
        bits = sum(int(high or 0) + 1 for high, name in declared if name in clocked)
        # What says which clock it is belongs to no layer.
        assert 0 < bits - emitted.metrics.total.register_bits < 8
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] < 0.3 * areas[0]


def test_windows_of_a_convolution_keep_their_constants():
    sums = [tuple((start + k, c) for k, c in enumerate((3, -5, 7))) for start in range(8)]
    made = trees([*sums, ((0, 3), (1, -5))], 4)
    assert all(lane.coefficient is not None for tree in made for lane in tree.lanes)
    assert sorted(place for tree in made for place in tree.members) == list(range(9))


def test_operands_that_are_not_needed_together_share_a_lane():
    sums = [tuple((2 * turn + k, 3 + turn) for k in range(2)) for turn in range(4)]
    (tree,) = trees(sums, 4)
    assert len(tree.lanes) == 2
    for turn, place in enumerate(tree.members):
        terms = {(lane.sources[turn], lane.coefficients[turn]) for lane in tree.lanes}
        assert terms == set(sums[place])


@pytest.mark.parametrize("interval", [2, "auto"])
def test_stages_and_an_interval_do_not_go_together(interval):
    with pytest.raises(InputError, match=r"pipeline\.stages"):
        compile_design(dense(2, 3), Settings(pipeline=Pipeline(interval=interval, stages=2)))


def _auto(**keys) -> Settings:
    return Settings(pipeline=Pipeline(interval="auto", **keys))


def test_the_smallest_design_within_the_bounds_is_chosen(tmp_path: Path):
    network = dense(6, 9)
    metrics = build(network, _auto(most_interval=5), tmp_path).metrics
    assert metrics.intervals is not None
    assert [one.interval_cycles for one in metrics.intervals] == [1, 2, 3, 4, 5]
    smallest = min(metrics.intervals, key=lambda one: one.area_um2)
    assert metrics.interval_cycles == smallest.interval_cycles > 1
    assert metrics.latency_cycles == smallest.latency_cycles
    # The very design of that interval.
    build(network, folded(metrics.interval_cycles), tmp_path / "alone")
    text, alone = ((folder / "encoder.v").read_text() for folder in (tmp_path, tmp_path / "alone"))
    assert text == alone
    bound = smallest.latency_cycles - 1
    within = build(network, _auto(most_interval=5, most_latency_ns=25.0 * bound), tmp_path).metrics
    fitting = [one for one in metrics.intervals if one.latency_cycles <= bound]
    assert within.interval_cycles == min(fitting, key=lambda one: one.area_um2).interval_cycles


def test_a_latency_that_no_design_has_is_one_line():
    with pytest.raises(InputError, match=r"most_latency_ns' = 10: no design .* 1 takes \d+ ns"):
        compile_design(dense(2, 3), _auto(most_interval=2, most_latency_ns=10))
