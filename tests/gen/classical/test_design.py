"""Verilog of classical methods against their golden models."""

import pytest

from hexcoder.config import Pipeline
from hexcoder.errors import InputError
from hexcoder.gen.build import build
from hexcoder.gen.classical.circuit import ClassicalEncoder
from hexcoder.gen.compiler import Settings
from hexcoder.network.modules import Stimulus
from hexcoder.sensor.classical.method import Classical, frames_of
from hexcoder.sensor.frames import FrameModule
from hexcoder.sensor.generator import generate_events
from hexcoder.tb.modules import modules_under_test
from hexcoder.tb.rtl.lanes import compare_in_lanes, rtl_in_lanes
from tests.hw.circuits import outputs_of

CASES = [
    (Classical(name="best", method="best_choice", kept=13), 3),
    (Classical(name="sums", method="super_trigger_cells"), 1),
]
FEW = Classical(name="few", method="threshold", kept=5, threshold_adc=47)


@pytest.mark.parametrize(("method", "stages"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_the_verilog_is_the_golden_model(method, stages, tmp_path):
    metrics = build(method, Settings(pipeline=Pipeline(stages=stages)), tmp_path).metrics
    assert metrics.latency_cycles == stages - 1
    assert metrics.classical is not None
    (module,) = modules_under_test(method, tmp_path)
    simulation = rtl_in_lanes(module, tmp_path, tmp_path / "work")
    stimulus = Stimulus(1, 2000, generate_events(500, seed=7))
    right = compare_in_lanes(simulation, module, stimulus, "a link", lambda done: None)
    assert right.comparison.mismatches == 0
    assert right.comparison.vectors > 2500
    if method.kept is None:
        return
    fewer = method.model_copy(update={"kept": method.kept - 1})
    # One cell fewer, in as many bits: the frames must differ.
    other = FrameModule(fewer, module.latency)
    with pytest.raises(InputError, match="compiled for another network"):
        modules_under_test(fewer, tmp_path)
    assert other.network.frame_bits == method.frame_bits - 7


def test_a_threshold_is_the_golden_model():
    events = generate_events(12, seed=9)
    events[:2] = [[0] * 48, [50] * 48]
    inputs = [
        {"in_data": sum(int(energy) << (22 * cell) for cell, energy in enumerate(event))}
        for event in events
    ]
    found = outputs_of(ClassicalEncoder(FEW), inputs, "out_data")
    expected = ["".join(map(str, frame)) for frame in frames_of(FEW, events)]
    assert [format(word, f"0{FEW.frame_bits}b") for word in found] == expected


def test_what_a_method_cannot_have_is_refused(tmp_path):
    method = CASES[0][0]
    with pytest.raises(InputError, match=r"'pipeline\.stages' = 4: there are at most 3 stages"):
        build(method, Settings(pipeline=Pipeline(stages=4)), tmp_path)
    with pytest.raises(InputError, match=r"there is no place 'values'; valid are codes, chosen"):
        build(method, Settings(pipeline=Pipeline(code_places=("values",))), tmp_path)
    chip = Settings().chip.model_copy(update={"weights": "loadable"})
    with pytest.raises(InputError, match=r"'chip\.weights' = 'loadable'"):
        build(method, Settings(chip=chip), tmp_path)
