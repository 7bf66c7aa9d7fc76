"""Netlists of networks of tables, proved equal to their truth tables as case statements."""

from random import Random

import numpy as np
import pytest

from hexcoder.bench.measure import core_ports
from hexcoder.bench.plain_nodes import plain_graph
from hexcoder.config import Compiler, Pipeline
from hexcoder.files import write_json
from hexcoder.flow.synthesis.equivalence import prove_equivalence
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.simulation import NetlistSimulation
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.golden import evaluate
from hexcoder.network.kinds.lut_network import LutNetwork

TOP = "encoder_core"


def _layers(seed):
    """Eight tables of four of nine wires, then eight of six of all."""
    random = Random(seed)
    return [
        [
            {"inputs": random.sample(range(wires), size), "table": random.getrandbits(1 << size)}
            for _ in range(8)
        ]
        for wires, size in ((9, 4), (17, 6))
    ]


def _network(layers, **keys):
    builder = GraphBuilder("drawn")
    x = builder.input("x", (3,), "SQ(3,0)")
    builder.output(builder.add("lut_network", "luts", [x], layers=layers, **keys))
    return builder.network()


BITS = {"outputs": [[17 + k] for k in range(8)], "type": "UQ(1,0)"}
COUNTS = {"popcounts": [[9, 11, 13, 15, *range(17, 25)], [10, 20]], "offsets": [-5, 1]}


@pytest.fixture
def netlist(request, pdk, library, tmp_path):
    """Netlist of a network of such keys, in stages, and its latency."""
    settings = Settings(pipeline=Pipeline(stages=2, layers=False), compiler=Compiler(effort=0.05))
    ports = build(_network(_layers(1), **request.param), settings, tmp_path).metrics.modules[TOP]
    made = synthesise(tmp_path / "encoder.v", TOP, pdk, library, tmp_path / "netlist")
    write_json(tmp_path / "cells.json", cell_models(library))
    return made, ports.latency_cycles


def _prove(netlist, network, pdk, folder):
    (folder / "plain.v").write_text(plain_graph(network))
    made, latency = netlist
    return prove_equivalence(
        folder / "plain.v", made, folder / "cells.json", pdk, latency, folder / "proof"
    )


@pytest.mark.parametrize("netlist", [BITS, COUNTS], indirect=True)
def test_a_netlist_is_proved_to_be_the_truth_tables(netlist, request, pdk, tmp_path):
    keys = request.node.callspec.params["netlist"]
    verdict = _prove(netlist, _network(_layers(1), **keys), pdk, tmp_path)
    assert verdict.proved, verdict.reason


@pytest.mark.parametrize("seed", range(4))
def test_any_network_of_tables_is_proved_and_simulated(seed, pdk, library, tmp_path):
    """Tables of 2 to 8 inputs in up to six layers."""
    random = Random(seed)
    builder = GraphBuilder("drawn")
    x = builder.input("x", (random.randint(2, 8),), "UQ(1,0)")
    keys = LutNetwork.draw(random, [builder.tensors[x]])
    builder.output(builder.add(keys.pop("kind"), "luts", [x], **keys))
    network = builder.network()
    settings = Settings(pipeline=Pipeline(stages=2, layers=False), compiler=Compiler(effort=0.05))
    latency = build(network, settings, tmp_path).metrics.modules[TOP].latency_cycles
    made = synthesise(tmp_path / "encoder.v", TOP, pdk, library, tmp_path / "netlist")
    write_json(tmp_path / "cells.json", cell_models(library))
    verdict = _prove((made, latency), network, pdk, tmp_path)
    assert verdict.proved, verdict.reason
    ports = core_ports(network, latency)
    simulation = NetlistSimulation.build(made.json, tmp_path / "cells.json", TOP, ports)
    count = network.input.elements
    every = np.arange(1 << count)[:, None] >> np.arange(count) & 1
    assert simulation.check(every, evaluate(network, every)).mismatches == 0


@pytest.mark.parametrize("netlist", [BITS], indirect=True)
def test_one_bit_of_a_truth_table_is_found(netlist, pdk, tmp_path):
    layers = _layers(1)
    layers[1][5]["table"] ^= 1 << 37
    verdict = _prove(netlist, _network(layers, **BITS), pdk, tmp_path)
    assert not verdict.proved
    assert "NOT EQUIVALENT" in (verdict.reason or "")
