import pytest

from hexcoder.config import Clock, Pipeline
from hexcoder.errors import InputError
from hexcoder.gen.build import build
from hexcoder.gen.codec.design import CodecDesign
from hexcoder.gen.codec.loadable import LoadableCodeDesign
from hexcoder.gen.codec.stages import CODES, PLACES, VALUES, delays_ns
from hexcoder.gen.compiler import Settings
from hexcoder.gen.places import ENERGIES
from hexcoder.network.modules import Stimulus
from hexcoder.pdk.technology import technology_of
from hexcoder.sensor.frames import FrameModule
from hexcoder.tb.modules import modules_under_test
from hexcoder.tb.rtl.design import read_design
from hexcoder.tb.rtl.lanes import compare_in_lanes, rtl_in_lanes
from hexcoder.tb.rtl.scoreboard import compare
from hexcoder.tb.rtl.verilated import build_simulation
from tests.codecs import SHAPES, random_codec, small_events

TECHNOLOGY = technology_of("nangate45")


def places_for(codec, pipeline, clock):
    return CodecDesign(
        codec, Settings(pipeline=pipeline, clock=clock, technology=TECHNOLOGY)
    ).places


def design_of(codec, stages, folder):
    """The module under test, its Verilog in a folder."""
    metrics = build(codec, Settings(pipeline=Pipeline(stages=stages)), folder).metrics
    assert metrics.latency_cycles == stages - 1
    (module,) = modules_under_test(codec, folder)
    assert isinstance(module, FrameModule)
    return module


def test_the_verilog_of_a_deep_pipeline_is_the_golden_model(tmp_path):
    codec = random_codec(8, SHAPES[4])
    codec = codec.model_copy(update={"modes": codec.modes[:4]})
    module = design_of(codec, 9, tmp_path)
    simulation = rtl_in_lanes(module, tmp_path, tmp_path / "work")
    stimulus = Stimulus(1, 600, small_events(300, 8))
    verdict = compare_in_lanes(simulation, module, stimulus, "a link", lambda done: None)
    assert verdict.comparison.mismatches == 0
    assert verdict.comparison.vectors > 1000


def test_the_verilog_without_a_register_is_the_golden_model(tmp_path):
    codec = random_codec(3, SHAPES[0])
    codec = codec.model_copy(update={"modes": codec.modes[:4]})
    module = design_of(codec, 1, tmp_path)
    simulation = build_simulation(read_design(module, tmp_path), tmp_path / "work")
    stimulus = Stimulus(1, 600, small_events(300, 3))
    right = compare(simulation, module, lambda: module.stimulus(stimulus))
    assert right.comparison.mismatches == 0
    assert right.comparison.vectors > 1000
    # Another code in the same Verilog: the last mode's step is coarser.
    last = codec.modes[-1].model_copy(update={"shift": codec.modes[-1].shift + 1})
    other = codec.model_copy(update={"modes": (*codec.modes[:-1], last)})
    wrong = compare(
        simulation, FrameModule(other, module.latency), lambda: module.stimulus(stimulus)
    )
    assert wrong.comparison.mismatches > 0


def test_the_same_code_gives_the_same_bytes(tmp_path):
    codec = random_codec(9)
    for folder in ("a", "b"):
        build(codec, Settings(), tmp_path / folder)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("a", "b")
    )
    assert first == second


def test_registers_stand_where_the_clock_asks_for_them():
    codec = random_codec(9)
    slow = places_for(codec, Pipeline(stages="auto"), Clock(period_ns=500))
    fast = places_for(codec, Pipeline(stages="auto"), Clock(period_ns=8))
    assert slow == []
    assert len(fast) >= 2
    every = places_for(codec, Pipeline(stages=9, energies=True), Clock())
    assert every == [ENERGIES, *PLACES]
    assert len(delays_ns(codec, TECHNOLOGY)) == len(PLACES) + 1
    two = places_for(codec, Pipeline(stages=2), Clock())
    assert len(two) == 1
    assert VALUES in every
    assert CODES in every


def test_named_places_stay_and_others_join_them_where_the_clock_asks():
    codec, named = random_codec(9), (VALUES, CODES)
    alone = Pipeline(code_places=named)
    assert places_for(codec, alone, Clock(period_ns=1)) == list(named)
    more = Pipeline(code_places=named, stages="auto")
    assert places_for(codec, more, Clock(period_ns=500)) == list(named)
    fast = places_for(codec, more, Clock(period_ns=8))
    assert set(named) < set(fast)
    assert len(places_for(codec, Pipeline(code_places=named, stages=4), Clock())) == 3
    with pytest.raises(InputError, match="there are at least 3 and at most 9 stages"):
        places_for(codec, Pipeline(code_places=named, stages=2), Clock())


def test_more_stages_than_places_are_refused():
    with pytest.raises(InputError, match=r"'pipeline\.stages' = 12: there are at most 9 stages"):
        places_for(random_codec(9), Pipeline(stages=12), Clock())


def test_tables_behind_a_slow_bus_or_too_large_ones_are_refused(tmp_path):
    chip = Settings().chip.model_copy(update={"weights": "loadable"})
    with pytest.raises(InputError, match=r"'clock\.period_ns' = 500"):
        build(random_codec(9), Settings(chip=chip, clock=Clock(period_ns=500)), tmp_path)
    code = random_codec(1, (2, 4, 5))
    codec = code.model_copy(update={"tables": code.tables[:1] * 400})
    with pytest.raises(InputError, match="its tables are too large"):
        LoadableCodeDesign(codec, Settings(chip=chip))
