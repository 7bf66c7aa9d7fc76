"""A gate netlist against its network, and its verdict in the shape of all links."""

import pytest

from hexcoder.files import write_json
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.metrics.asic import Mismatch, NetlistVerdict
from hexcoder.netlist.cell_models import cell_models
from hexcoder.network.golden import evaluate
from hexcoder.network.modules import Stimulus
from hexcoder.network.schema import Network
from hexcoder.tb.modules import module_under_test
from hexcoder.tb.netlist import LINK, compare_netlist
from hexcoder.tb.rtl.lanes import netlist_comparison

STIMULUS = Stimulus(seed=3, count=500)


def network(weights):
    return Network.model_validate(
        {
            "name": "small",
            "input": {"shape": [3], "type": "SQ(2,1)"},
            "layers": [
                {
                    "kind": "dense",
                    "name": "dense",
                    "weights": weights,
                    "biases": [1, -2],
                    "weight_type": "SQ(2,1)",
                    "bias_type": "SQ(2,1)",
                    "activation": "relu",
                    "output_type": "UQ(3,2)",
                }
            ],
        }
    )


RIGHT = network([[1, -2, 3], [0, 2, -1]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pdk, library):
    folder = tmp_path_factory.mktemp("netlist")
    build(RIGHT, Settings(), folder / "rtl")
    synthesise(folder / "rtl" / "encoder.v", "encoder_core", pdk, library, folder / "asic")
    write_json(folder / "asic" / "cells.json", cell_models(library))
    return folder


def compare(network, folder):
    places = folder / "rtl", folder / "asic"
    return compare_netlist(network, *places, STIMULUS)


def test_the_netlist_of_a_network_is_the_network(folder):
    verdict = compare(RIGHT, folder)
    assert verdict.comparison.passed
    assert verdict.by_kind["random"] == STIMULUS.count
    assert verdict.comparison.vectors == sum(verdict.by_kind.values())


def test_a_changed_weight_is_counted_and_its_first_event_is_named(folder):
    changed = network([[1, -2, 3], [0, 2, -2]])
    blocks = list(module_under_test(RIGHT, folder / "rtl").stimulus(STIMULUS))
    differing, event, first = 0, 0, None
    for row in (row for block in blocks for row in block.inputs):
        wanted, given = evaluate(changed, row[None])[0, 1], evaluate(RIGHT, row[None])[0, 1]
        if wanted != given:
            differing += 1
            first = first or (event, 1, wanted, given)
        event += 1
    found = compare(changed, folder).comparison
    assert (found.vectors, found.mismatches) == (event, differing)
    difference = found.first_mismatch
    assert first == (
        difference.event,
        difference.element,
        difference.expected,
        difference.actual,
    )


def test_a_wrong_out_valid_alone_fails():
    verdict = NetlistVerdict(
        vectors=100, mismatches=0, valid_errors=4, first_valid_event=17, passed=False
    )
    found = netlist_comparison(verdict, "encoder", LINK)
    assert not found.passed
    assert found.line() == (
        "netlist and golden model: 0 of 100 vectors differ; out_valid is wrong in 4 clocks; first: "
        "layer 'out_valid', element 0, event 17"
    )


@pytest.mark.parametrize(("valid_event", "event"), [(17, 5), (5, 5), (4, 4)])
def test_the_earlier_of_a_wrong_element_and_a_wrong_out_valid_is_told(valid_event, event):
    verdict = NetlistVerdict(
        vectors=100,
        mismatches=2,
        valid_errors=1,
        first=Mismatch(event=5, element=3, expected=8, actual=9),
        first_valid_event=valid_event,
        passed=False,
    )
    first = netlist_comparison(verdict, "encoder", LINK).first_mismatch
    assert first.event == event
    assert first.layer == ("output" if event == 5 else "out_valid")
