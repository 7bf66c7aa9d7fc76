import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.config import Clock, Compiler, Pipeline
from hexcoder.errors import InputError
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings, compile_network
from hexcoder.gen.gates.bits import Kind
from hexcoder.gen.gates.schedule import chained, schedule
from hexcoder.netlist.gate_level import check_gate_level
from hexcoder.netlist.simulation import Interface
from hexcoder.network.golden import evaluate
from hexcoder.pdk.technology import technology_of
from tests.networks import inputs_of, networks, sensor_network

QUICK = Compiler(effort=0.05)


def _settings(stages, period_ns=25.0):
    return Settings(
        pipeline=Pipeline(stages=stages),
        compiler=QUICK,
        clock=Clock(period_ns=period_ns, uncertainty_ns=0.05),
    )


def _longest(layers, technology):
    """Longest path between registers, over all layers, by the technology's table."""
    delay = {
        Kind.FULL_ADDER: (technology.full_adder_sum_ns, technology.full_adder_carry_ns),
        Kind.XOR: (technology.xor_ns,),
        Kind.AND: (technology.and_ns,),
    }
    longest, port = 0.0, None
    for layer in layers:
        port = port or [(0, 0.0)] * layer.x_width
        made = {0: (0, 0.0)}
        for gate, stage in zip(layer.live, layer.gate_stages, strict=True):
            if gate.kind is Kind.INPUT:
                made[gate.outputs[0]] = port[layer.x[gate.outputs[0]]]
                continue
            operands = [made[literal >> 1] for literal in gate.inputs]
            assert all(its_stage <= stage for its_stage, _ in operands)
            start = max([time for its_stage, time in operands if its_stage == stage], default=0.0)
            for net, its in zip(gate.outputs, delay[gate.kind], strict=True):
                made[net] = (stage, start + its)
                longest = max(longest, start + its)
        port = [made[literal >> 1] for literal in layer.y]
    return longest


@pytest.mark.parametrize("period_ns", [0.8, 1.0, 1.5, 3.0])
def test_as_many_stages_as_the_clock_needs(period_ns):
    compiled = compile_network(sensor_network(), _settings("auto", period_ns))
    layers, technology = list(compiled.layers.values()), technology_of("nangate45")
    room = period_ns - 0.05 - technology.register_ns
    assert _longest(layers, technology) <= room + 1e-9
    ranks = layers[-1].leaves_at
    if ranks:
        fewer = schedule(
            chained(list(compile_network(sensor_network(), _settings(1)).layers.values())),
            room,
            ranks - 1,
            technology,
        )
        assert _longest(fewer, technology) > room - 0.05


@given(networks(), st.integers(1, 4))
@settings(max_examples=25)
def test_every_stage_is_reached_in_order_and_outputs_leave_together(network, stages):
    compiled = compile_network(network, _settings(stages))
    _longest(compiled.layers.values(), technology_of("nangate45"))
    last = list(compiled.layers.values())[-1]
    assert set(last.y_stages) == {stages - 1}


def test_a_cut_crosses_no_more_bits_than_the_outputs_or_the_layer_boundary():
    layered = compile_network(sensor_network(), Settings(compiler=QUICK)).structure.total()
    cut = compile_network(sensor_network(), _settings(2)).structure.total()
    assert cut.register_bits <= layered.register_bits


@settings(max_examples=8)
@given(network=networks(), stages=st.integers(2, 5))
def test_pipelined_verilog_of_any_network_computes_what_the_golden_model_computes(
    network, stages, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("rtl")
    metrics = build(network, _settings(stages), folder).metrics.model_dump(exclude_unset=True)
    ports = metrics["modules"]["encoder_core"]
    inputs = inputs_of(network, 40)
    interface = Interface(
        (ports["input_width"],) * ports["input_elements"],
        (ports["output_width"],) * ports["output_elements"],
        ports["latency_cycles"],
    )
    expected = evaluate(network, inputs) & ((1 << ports["output_width"]) - 1)
    (folder / "empty.v").write_text("")
    verdict = check_gate_level(
        folder / "encoder.v", folder / "empty.v", "encoder_core", interface, inputs, expected,
        folder / "icarus",
    )  # fmt: skip
    assert verdict.passed, verdict.first


def test_each_stage_adds_one_clock(tmp_path):
    for stages in (1, 3):
        metrics = build(sensor_network(), _settings(stages), tmp_path).metrics.model_dump(
            exclude_unset=True
        )
        assert metrics["modules"]["encoder_core"]["latency_cycles"] == 1 + stages


def test_a_clock_that_no_gate_meets_is_refused():
    with pytest.raises(InputError, match=r"pipeline\.stages: .* not even one fits"):
        compile_network(sensor_network(), _settings("auto", 0.2))


def test_the_design_is_the_same_but_for_its_registers():
    one, three = (compile_network(sensor_network(), _settings(n)) for n in (1, 3))
    for name, layer in one.layers.items():
        assert layer.live == three.layers[name].live
    assert np.sum([sum(layer.delays().values()) for layer in one.layers.values()]) == 0
