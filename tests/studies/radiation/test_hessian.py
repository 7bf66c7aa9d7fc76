import itertools
import json
import tomllib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hexcoder.config import DenseShape
from hexcoder.errors import InputError
from hexcoder.fixed_point import FixedPoint
from hexcoder.models.data.sample import Sample
from hexcoder.models.decoder import Decoder, save_decoder
from hexcoder.models.encoder.agreement import save_encoder
from hexcoder.models.encoder.hardware_cost import adder_bits
from hexcoder.models.encoder.quantised import QuantisedEncoder
from hexcoder.network.golden import evaluate
from hexcoder.network.schema import Network, save_network
from hexcoder.sensor.events import write_events
from hexcoder.sensor.generator import generate_events
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance
from hexcoder.studies.radiation.hessian import (
    Trace,
    hessian_traces,
    integer_weights,
    smooth_encoder,
    transport_loss,
)
from hexcoder.studies.radiation.precision import (
    Choice,
    Problem,
    allocate,
    best_type,
    rounded,
    with_weights,
)
from hexcoder.studies.radiation.smooth_transport import transport_costs
from tests.networks import inputs_of, sensor_network


@pytest.fixture(scope="module")
def study():
    torch.manual_seed(4)
    network = sensor_network()
    decoder = Decoder(3, network.output.type, (12,), ("sum",))
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter *= 2
    events = generate_events(40, seed=3)
    return network, decoder, Sample(events[events.sum(axis=1) > 0][:20], None)


def test_traces_of_least_squares_are_the_known_ones():
    # |W x - y|^2 / 2 on average has, for each output, the Hessian mean(x x'): its trace is the
    # number of outputs times the mean of |x|^2, wherever it is taken.
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(50, 7, generator=generator, dtype=torch.float64)
    target = torch.randn(50, 3, generator=generator, dtype=torch.float64)

    def loss(weights):
        error = inputs @ weights["dense"].T + weights["bias"] - target
        return error.square().sum(dim=1).mean() / 2 + weights["linear"].sum()

    start = {
        "dense": torch.randn(3, 7, generator=generator, dtype=torch.float64),
        "bias": torch.zeros(3, dtype=torch.float64),
        "linear": torch.ones(2, dtype=torch.float64),
    }
    found = hessian_traces(loss, start, 400, 7)
    expected = 3 * inputs.square().sum(dim=1).mean().item()
    assert abs(found["dense"].value - expected) < 5 * found["dense"].standard_error
    assert found["dense"].standard_error < 0.05 * expected
    # Diagonal: every vector of signs gives the trace itself.
    assert found["bias"].value == pytest.approx(3.0)
    assert found["bias"].standard_error == pytest.approx(0.0, abs=1e-12)
    assert found["linear"] == Trace(0.0, 0.0, 2)
    assert found["dense"].mean == pytest.approx(found["dense"].value / 21)
    assert hessian_traces(loss, start, 5, 7) == hessian_traces(loss, start, 5, 7)


def test_traces_of_an_encoder_equal_those_of_its_whole_hessian(study):
    network, decoder, sample = study
    loss = transport_loss(network, decoder, sample.rows(slice(6)))
    weights = {name: value * 0.9 for name, value in integer_weights(network).items()}
    found = hessian_traces(loss, weights, 60, 3)
    for name, value in weights.items():

        def of_layer(flat, name=name, shape=value.shape):
            return loss({**weights, name: flat.reshape(shape)})

        whole = torch.autograd.functional.hessian(of_layer, value.reshape(-1))
        assert abs(found[name].value - whole.trace().item()) < 5 * found[name].standard_error
        assert found[name].weights == value.numel()


def test_second_derivatives_of_the_transport_cost_equal_finite_differences():
    random = np.random.default_rng(2)
    true = torch.tensor(charge_fractions(random.random((1, 48))))
    logits = torch.tensor(random.normal(0, 1, (1, 48)))
    direction = torch.tensor(random.normal(0, 1, (1, 48)))

    def along(step):
        return transport_costs(true, torch.softmax(logits + step * direction, dim=1)).sum()

    zero = torch.tensor(0.0, dtype=torch.float64)
    found = torch.autograd.functional.hessian(along, zero).item()
    step = 1e-3
    expected = (along(step) - 2 * along(0.0) + along(-step)).item() / step**2
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_sharp_transport_cost_is_the_exact_distance():
    random = np.random.default_rng(6)
    true, predicted = (
        charge_fractions(random.random((5, 48))),
        charge_fractions(random.random((5, 48)) ** 4),
    )
    found = transport_costs(torch.tensor(true), torch.tensor(predicted), 0.02, 4000)
    assert found.numpy() == pytest.approx(earth_movers_distance(true, predicted), rel=0.01)


def test_without_rounding_the_smooth_encoder_is_the_golden_model():
    value = sensor_network().model_dump(mode="json", exclude_none=True)
    # Wide enough that nothing is rounded, narrow enough that relu and clipping act.
    value["layers"][0]["output_type"] = "UQ(1,12)"
    value["layers"][2]["output_type"] = "SQ(1,20)"
    network = Network.model_validate(value)
    inputs = inputs_of(network, 30)
    golden = evaluate(network, inputs)
    clipped = (golden == network.output.type.maximum) | (golden == network.output.type.minimum)
    assert 0 < clipped.mean() < 1
    values = torch.tensor(inputs * network.input.type.step)
    found = smooth_encoder(network, integer_weights(network), values)
    # The clipped first layer ends a step of its own below 2, as in hardware.
    assert found.numpy() == pytest.approx(golden * network.output.type.step, abs=1e-12)


_costs = st.lists(
    st.lists(st.tuples(st.integers(-5, 9), st.integers(0, 20)), min_size=1, max_size=5),
    min_size=1, max_size=4,
)  # fmt: skip


@given(_costs, st.integers(-10, 30))
def test_allocation_is_as_good_as_trying_everything(table, limit):
    type_ = FixedPoint.parse("SQ(1,3)")
    layers = [
        [Choice(str(k), type_, np.zeros(1), 0.0, float(loss), float(cost)) for cost, loss in row]
        for k, row in enumerate(table)
    ]
    found = allocate(layers, limit)
    possible = [
        sum(loss for _, loss in picks)
        for picks in itertools.product(*table)
        if sum(cost for cost, _ in picks) <= limit
    ]
    if not possible:
        assert found is None
        return
    assert found is not None
    assert [choice.layer for choice in found] == [str(k) for k in range(len(table))]
    assert sum(choice.cost for choice in found) <= limit
    assert sum(choice.loss for choice in found) == min(possible)


def test_the_layer_with_the_higher_trace_gets_the_finer_weights(study):
    network = study[0]
    arrays = {name: value.numpy() * 0.97 for name, value in integer_weights(network).items()}
    # The two layers have 54 and 24 weights of the same spread.
    for steep, flat in (("conv", "latent"), ("latent", "conv")):
        traces = {
            steep: Trace(1000.0, 1.0, arrays[steep].size),
            flat: Trace(0.01, 0.001, arrays[flat].size),
        }
        table = Problem(network, arrays, traces, "weight bits").choices()
        best = allocate(list(table.values()), 5.0 * 78)
        assert best is not None
        widths = {choice.layer: choice.type.width for choice in best}
        assert widths[steep] > widths[flat]
        assert sum(arrays[name].size * width for name, width in widths.items()) <= 5 * 78


def test_costs_of_choices_are_those_of_the_networks_they_make(study):
    network = study[0]
    arrays = {name: value.numpy() for name, value in integer_weights(network).items()}
    traces = {name: Trace(1.0, 0.1, value.size) for name, value in arrays.items()}
    table = Problem(network, arrays, traces, "adder bits").choices()
    picks = [table["conv"][3], table["latent"][-2]]
    made = with_weights(network, picks)
    # It is a valid network.
    made = Network.model_validate(made.model_dump())
    total = adder_bits(network) + sum(choice.cost for choice in picks)
    assert adder_bits(made) == pytest.approx(total)
    assert made.layers[0].weight_array().tolist() == picks[0].integers.tolist()


def test_a_lost_trace_counts_as_its_error(study):
    network = study[0]
    arrays = {name: value.numpy() * 0.9 for name, value in integer_weights(network).items()}
    traces = {name: Trace(-3.0, 2.0, value.size) for name, value in arrays.items()}
    row = Problem(network, arrays, traces, "weight bits").choices()["conv"]
    for choice in row:
        error = np.square(choice.integers * choice.type.step - arrays["conv"]).sum()
        assert choice.squared_error == pytest.approx(error)
        assert choice.loss == pytest.approx(2.0 / 54 * error / 2)


@given(st.integers(0, 1000), st.integers(2, 8), st.floats(0.01, 4))
def test_the_best_type_beats_every_other_binary_point(seed, width, spread):
    weights = np.random.default_rng(seed).normal(0, spread, 40)

    def error(type_):
        return np.square(rounded(weights, type_) * type_.step - weights).sum()

    best = best_type(weights, width, True)
    others = [FixedPoint(True, i, width - i) for i in range(-12, 12)]
    assert best.width == width
    assert error(best) <= min(error(type_) for type_ in others) + 1e-12


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    network, decoder, sample = study
    events = sample.events
    place = tmp_path_factory.mktemp("hessian")
    save_network(network, place / "network.json")
    save_decoder(decoder, place / "decoder.safetensors")
    write_events(place / "events.csv", events)
    encoder = QuantisedEncoder(network)
    with torch.no_grad():
        encoder.layers["conv"].weights += 0.03
    save_encoder(encoder, place / "encoder.safetensors")
    return place


def _main(*arguments):
    from hexcoder.studies.__main__ import main

    return main([str(a) for a in arguments])


def test_the_command_prints_types_that_a_config_takes(folder, capsys):
    call = ("hessian", folder / "network.json", "--events", folder / "events.csv", "--probes", 4)
    _main(*call, "--encoder", folder / "encoder.safetensors", "--weight-bits", 300)
    text = capsys.readouterr().out
    assert "mean EMD without retraining" in text
    lines = text.splitlines()
    pasted = [
        tomllib.loads(lines[k + 1])
        for k, line in enumerate(lines)
        if line.startswith("# [[network.layers]]")
    ]
    assert len(pasted) == 2
    shape = {"kind": "dense", "outputs": 3, "output_type": "SQ(2,5)"}
    widths = [DenseShape.model_validate(shape | keys).weight_type.width for keys in pasted]
    assert 54 * widths[0] + 24 * widths[1] <= 300


def test_the_command_stays_within_what_the_network_costs_now(folder, capsys):
    call = ("hessian", folder / "network.json", "--events", folder / "events.csv", "--probes", 4)
    _main(*call, "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["weights"] == "network.json"
    assert (found["budget"], found["limit"]) == ("adder bits", found["cost_now"])
    assert found["cost"] <= found["limit"]
    # The integers are exact in their own type, so nothing need be lost.
    assert sum(row["expected_loss"] for row in found["layers"]) == 0
    assert found["emd"]["proposed"] == found["emd"]["now"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--probes", 1], "--probes = 1"),
        (["--weight-bits", 10], "--weight-bits = 10: weights of 2 bits take 156"),
        (["--adder-bits", -4], "--adder-bits = -4"),
        (["--encoder", "none.safetensors"], "none.safetensors: no such file"),
    ],
)
def test_bad_options_are_named(folder, options, message, monkeypatch):
    monkeypatch.chdir(folder)
    call = ["hessian", "network.json", "--events", "events.csv", "--probes", 2]
    with pytest.raises(InputError, match=message):
        _main(*call, *options)
