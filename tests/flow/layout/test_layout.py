"""A small block through place and route, and faults planted in its drawing."""

import json

import pytest
from klayout import db

from flow.layout.connectivity import STACK, check_connectivity
from flow.layout.design_rules import check_design_rules
from flow.layout.final_netlist import write_final_netlist
from flow.layout.place_route import place_and_route
from flow.liberty import read_liberty
from flow.pdk import load_pdk
from flow.synthesis import synthesise
from hexcoder.errors import InputError
from hexcoder.stage import read_json

RTL = """
module block(input clk, input [3:0] a, input [3:0] b, output reg [4:0] y);
  reg [3:0] p, q;
  always @(posedge clk) begin p <= a; q <= b; y <= {1'b0, p} + {1'b0, q}; end
endmodule
"""

pytestmark = pytest.mark.xdist_group("layout")


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layout")
    pdk = load_pdk("sky130")
    (folder / "block.v").write_text(RTL)
    netlist = synthesise(folder / "block.v", "block", pdk, read_liberty(pdk.liberty), folder)
    return folder, place_and_route(netlist, pdk.liberty, folder, utilisations=(0.5,))


def _changed(block, tmp_path, change):
    _, placed = block
    layout = db.Layout()
    layout.read(str(placed.gds))
    change(layout, layout.top_cells()[0])
    path = tmp_path / "changed.gds"
    layout.write(str(path))
    return path


def test_a_small_block_is_routed_whole(block):
    _, placed = block
    assert placed.report["routed"]
    assert placed.report["rows_off_grid"] == 0
    assert check_connectivity(placed.gds, placed.pins).passed
    broken = [rule for rule in check_design_rules(placed.gds) if rule.count]
    assert broken == []


def test_the_final_netlist_has_the_same_ports_and_registers(block):
    folder, placed = block
    ports = {
        name: port["direction"]
        for name, port in read_json(folder / "block.json")["modules"]["block"]["ports"].items()
    }
    final = write_final_netlist(placed.pins, ports, "block", load_pdk("sky130").liberty, folder)
    module = read_json(final.json)["modules"]["block"]
    assert {name: len(port["bits"]) for name, port in module["ports"].items()} == {
        "clk": 1, "a": 4, "b": 4, "y": 5,
    }  # fmt: skip
    registers = [cell for cell in module["cells"].values() if cell["type"] == "dff_x1"]
    assert len(registers) == 13


def test_a_short_is_found(block, tmp_path):
    def short(layout, top):
        box = top.bbox()
        middle = box.center().y
        strip = db.Box(box.left, middle, box.right, middle + 300)
        top.shapes(layout.layer(*STACK["m2"])).insert(strip)

    found = check_connectivity(_changed(block, tmp_path, short), block[1].pins)
    assert found.shorts


def test_an_open_is_found(block, tmp_path):
    def cut(layout, top):
        vias = top.shapes(layout.layer(*STACK["via"]))
        boxes = [shape.bbox() for shape in vias.each()]
        for shape in list(vias.each()):
            if shape.bbox() == boxes[len(boxes) // 2]:
                vias.erase(shape)

    assert check_connectivity(_changed(block, tmp_path, cut), block[1].pins).opens


def test_swapped_pins_are_found(block, tmp_path):
    nets = json.loads(block[1].pins.read_text())
    names = [name for name, places in nets.items() if len(places) >= 2][:2]
    nets[names[0]][0], nets[names[1]][0] = nets[names[1]][0], nets[names[0]][0]
    path = tmp_path / "pins.json"
    path.write_text(json.dumps(nets))
    found = check_connectivity(block[1].gds, path)
    assert not found.passed


def test_wires_too_close_or_too_thin_are_found(block, tmp_path):
    def draw(layout, top):
        box = top.bbox()
        shapes = top.shapes(layout.layer(*STACK["m3"]))
        y = box.top + 5000
        shapes.insert(db.Box(0, y, 5000, y + 330))
        shapes.insert(db.Box(0, y + 430, 5000, y + 760))
        shapes.insert(db.Box(0, y + 3000, 5000, y + 3200))

    rules = {rule.name: rule.count for rule in check_design_rules(_changed(block, tmp_path, draw))}
    assert rules["m3.spacing"]
    assert rules["m3.width"]


def test_a_density_that_cannot_be_placed_ends_with_a_clear_line(tmp_path):
    pdk = load_pdk("sky130")
    (tmp_path / "block.v").write_text(RTL)
    netlist = synthesise(tmp_path / "block.v", "block", pdk, read_liberty(pdk.liberty), tmp_path)
    with pytest.raises(InputError, match="routing is not complete"):
        place_and_route(netlist, pdk.liberty, tmp_path, utilisations=(3.0,))
    assert not (tmp_path / "layout.gds").exists()
