"""A small block through place and route, and faults planted in its drawing."""

import json
from collections import defaultdict

import numpy as np
import pytest
from klayout import db

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.flow.analysis.timing import analyse_timing
from hexcoder.flow.layout.check.connectivity import check_connectivity
from hexcoder.flow.layout.check.design_rules import check_design_rules
from hexcoder.flow.layout.check.lvs import compare_layout, netlist_instances
from hexcoder.flow.layout.final_netlist import write_final_netlist
from hexcoder.flow.layout.parasitics import extract, net_tree, write_spef
from hexcoder.flow.layout.place.place_route import place_and_route
from hexcoder.flow.layout.place.power_grid import worst_drop
from hexcoder.flow.layout.place.spares import drop_spares
from hexcoder.flow.layout.repair.antenna import check_antennas, repair_antennas
from hexcoder.flow.layout.repair.notches import fill_notches
from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.wiring import (
    SUPPLIES,
    Box,
    Instance,
    Pin,
    Wiring,
    cell_boxes,
    write_gds,
)
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.flat import read_cell_models, read_netlist
from hexcoder.netlist.lanes import LaneSimulation
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.cells.drawn import TERMINALS, drawn_cells
from hexcoder.pdk.cells.functions import FULL_ADDER
from hexcoder.pdk.cells.terminals import Terminals, read_terminals
from hexcoder.pdk.description import load_pdk
from hexcoder.pdk.sky130.process import SKY130

RTL = """
module block(input clk, input [3:0] a, input [3:0] b, input [1:0] unread, output reg [4:0] y,
             output [1:0] constant, output same);
  reg [3:0] p, q;
  assign constant = 2'd1;
  assign same = a[0];
  always @(posedge clk) begin p <= a; q <= b; y <= {1'b0, p} + {1'b0, q}; end
endmodule
"""

pytestmark = pytest.mark.xdist_group("layout")


def _block(folder):
    """The block's module before layout, in yosys' JSON."""
    return read_json(folder / "place" / "block.json")["modules"]["block"]


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layout")
    pdk = load_pdk("sky130")
    (folder / "block.v").write_text(RTL)
    netlist = synthesise(folder / "block.v", "block", pdk, read_liberty(pdk.liberty), folder)
    return folder, place_and_route(netlist, SKY130, [pdk.liberty], folder, utilisations=(0.5,))


def _changed(block, tmp_path, change):
    _, placed = block
    layout = db.Layout()
    layout.read(str(placed.gds))
    change(layout, layout.top_cells()[0])
    path = tmp_path / "changed.gds"
    layout.write(str(path))
    return path


def _shapes(wiring):
    cells, stack = drawn_cells(SKY130) / "cells.gds", SKY130.stack
    return Rerouting(wiring, cell_boxes(cells, stack, stack.routed))


def _copy(block):
    """The block's shapes, to change."""
    return Wiring.read(block[0] / "wiring.json")


def test_a_small_block_is_routed_whole(block):
    _, placed = block
    assert placed.report["routed"]
    assert placed.report["rows_off_grid"] == 0
    assert check_connectivity(placed.gds, placed.wiring).passed
    broken = [rule for rule in check_design_rules(placed.gds, SKY130) if rule.count]
    assert broken == []


def test_the_final_netlist_has_the_same_ports_and_registers(block):
    final = _final(block)
    module = read_json(final.json)["modules"]["block"]
    assert {name: len(port["bits"]) for name, port in module["ports"].items()} == {
        "clk": 1, "a": 4, "b": 4, "unread": 2, "y": 5, "constant": 2, "same": 1,
    }  # fmt: skip
    registers = [cell for cell in module["cells"].values() if cell["type"] == "dff_x1"]
    assert len(registers) == 13


def test_a_short_is_found(block, tmp_path):
    def short(layout, top):
        box = top.bbox()
        middle = box.center().y
        strip = db.Box(box.left, middle, box.right, middle + 300)
        top.shapes(layout.layer(*SKY130.stack.gds["m2"])).insert(strip)

    found = check_connectivity(_changed(block, tmp_path, short), block[1].wiring)
    assert found.shorts


def test_an_open_is_found(block, tmp_path):
    def cut(layout, top):
        vias = top.shapes(layout.layer(*SKY130.stack.gds["via"]))
        boxes = [shape.bbox() for shape in vias.each()]
        for shape in list(vias.each()):
            if shape.bbox() == boxes[len(boxes) // 2]:
                vias.erase(shape)

    assert check_connectivity(_changed(block, tmp_path, cut), block[1].wiring).opens


def test_swapped_pins_are_found(block, tmp_path):
    wiring = _copy(block)
    first, second = [net for net, pins in wiring.pins.items() if len(pins) >= 2][:2]
    pins = wiring.pins
    pins[first][0], pins[second][0] = pins[second][0], pins[first][0]
    assert not check_connectivity(block[1].gds, wiring).passed


def test_a_rail_without_power_is_found(block, tmp_path):
    wiring = _copy(block)
    rail = min(box.bottom for box in wiring.wires["vdd"] if box.layer == "li")
    wiring.wires["vdd"] = [
        box for box in wiring.wires["vdd"]
        if box.layer != "mcon" or not rail <= box.bottom <= rail + 1900
    ]  # fmt: skip
    write_gds(wiring, drawn_cells(SKY130) / "cells.gds", tmp_path / "changed.gds")
    assert check_connectivity(tmp_path / "changed.gds", wiring).opens == ("vdd",)


def test_overlapping_nets_are_routed_again_until_all_are_apart(block, tmp_path):
    wiring = _copy(block)
    # Two nets get a wire across the block on the same track, over whatever is there.
    first, second = [net for net in wiring.wires if net not in SUPPLIES][:2]
    for net in (first, second):
        wiring.wires[net].append(Box("m3", 700, 6835, wiring.width - 700, 7165))
    cells = drawn_cells(SKY130) / "cells.gds"
    changed = _shapes(wiring)
    assert changed.conflicts()
    done = changed.repair(keep=SUPPLIES)
    assert done.ripped
    assert not done.unsolved
    assert not changed.conflicts()
    write_gds(wiring, cells, tmp_path / "changed.gds")
    assert check_connectivity(tmp_path / "changed.gds", wiring).passed
    assert [r for r in check_design_rules(tmp_path / "changed.gds", SKY130) if r.count] == []


def test_a_net_that_nothing_can_reach_is_said_to_be_unsolved(block):
    wiring = _copy(block)
    net = next(net for net, pins in wiring.pins.items() if len(pins) > 1 and net not in SUPPLIES)
    pin = next(pin for pin in wiring.pins[net] if pin.instance)
    _, left, bottom, right, top = pin.box
    wiring.wires["vss"].append(Box("m1", left - 400, bottom - 400, right + 400, top + 400))
    changed = _shapes(wiring)
    assert net in changed.repair(keep=SUPPLIES).unsolved


def test_power_reaches_every_rail_with_a_small_drop(block):
    _, placed = block
    assert placed.report["rails_without_stack"] == 0
    one = {placed.wiring.instances[0].name: 1e-6}
    two = {placed.wiring.instances[0].name: 2e-6}
    drop = worst_drop(placed.block, "vdd", one)
    # One microampere through at least one stack of vias, at most some rail beside it.
    assert 2e-6 < drop < 1e-3
    assert worst_drop(placed.block, "vdd", two) == pytest.approx(2 * drop)


@pytest.mark.parametrize(
    ("um", "diffusion", "clean"),
    [(100, 0.0, True), (180, 0.0, False), (180, 0.02, True), (1500, 0.02, False)],
)
def test_metal_on_a_gate_is_bounded_and_a_diode_raises_the_bound(um, diffusion, clean):
    wiring = Wiring("top", 10_000, 10_000, "sky130")
    wiring.instances = [Instance("g", "gate", 0, 0, False), Instance("d", "diode", 0, 0, False)]
    pins = [Pin("g", "i", Box("li", 0, 0, 170, 400)), Pin("d", "i", Box("li", 900, 0, 1070, 400))]
    wiring.pins["net"] = pins
    cuts = [Box("mcon", x, 100, x + 170, 270) for x in (0, 900)]
    wiring.wires["net"] = [*cuts, Box("m1", 0, 55, um * 1000, 315)]
    terminals = Terminals({("gate", "i"): 0.25}, {("diode", "i"): diffusion})
    found = check_antennas(wiring, terminals)
    assert (found.nets == ()) == clean
    side = 2 * (um + 0.26) * 0.35
    limit = 400 if diffusion == 0 else 400 + (2609 - 400) * 0.75
    # Nets that are too short for any gate are not measured.
    expected = side / 0.25 / limit if side > 100 else 0.0
    assert found.worst == pytest.approx(expected, rel=1e-3)


def test_a_net_above_the_antenna_limit_gets_diodes(block):
    wiring = _copy(block)
    cells = drawn_cells(SKY130)
    terminals = read_terminals(cells / TERMINALS)
    # Gates so small that some net is above the limit, and diodes that are enough for it.
    small = Terminals(
        {key: area / 11 for key, area in terminals.gates.items()},
        {key: area for key, area in terminals.diffusions.items() if key[0].startswith("diode")},
    )
    nets = check_antennas(wiring, small).nets
    assert nets
    diodes = sum(instance.cell == "diode_w1" for instance in wiring.instances)
    changed = _shapes(wiring)
    assert repair_antennas(changed, small, cells / "cells.gds").nets == ()
    assert sum(instance.cell == "diode_w1" for instance in wiring.instances) > diodes
    assert not changed.conflicts()
    assert not changed.opens()


def test_a_net_in_two_pieces_is_routed_again(block):
    wiring = _copy(block)
    net = next(n for n, pins in wiring.pins.items() if len(pins) > 1 and n not in SUPPLIES)
    wiring.wires[net] = [box for box in wiring.wires[net] if box.layer != "mcon"]
    changed = _shapes(wiring)
    assert changed.opens() == [net]
    assert changed.repair(keep=SUPPLIES).ripped == [net]
    assert not changed.opens()


def _final(block):
    folder, placed = block
    ports = {
        name: port["direction"]
        for name, port in read_json(folder / "place" / "block.json")["modules"]["block"][
            "ports"
        ].items()
    }
    return write_final_netlist(placed.wiring, ports, load_pdk("sky130").liberty, folder)


def _compared(block, change=lambda instances: None, gds=None):
    _, placed = block
    instances = netlist_instances(_final(block), placed.wiring)
    change(instances)
    spice = drawn_cells(SKY130) / "cells.spice"
    return compare_layout(gds or placed.gds, spice, placed.wiring, instances)


def test_the_transistors_are_those_of_the_netlist(block):
    found = _compared(block)
    assert found.passed, found.mismatches
    assert found.transistors > 400


def test_a_netlist_with_other_connections_is_another_circuit(block):
    def swap(instances):
        gates = [c for c in instances.connections.values() if "i0" in c and "i1" in c]
        one = gates[0]
        other = next(gate for gate in gates if gate["i0"] not in one.values())
        one["i0"], other["i0"] = other["i0"], one["i0"]

    found = _compared(block, swap)
    assert not found.passed
    assert found.mismatches


def test_a_transistor_too_few_is_found(block, tmp_path):
    def cut(layout, top):
        # The gate of one transistor: poly over diffusion in one cell.
        cell = layout.cell(FULL_ADDER)
        shapes = cell.shapes(layout.layer(66, 20))
        longest = max(shapes.each(), key=lambda shape: shape.bbox().height())
        shapes.erase(longest)

    assert not _compared(block, gds=_changed(block, tmp_path, cut)).passed


def test_parasitics_join_every_pin_of_a_net(block):
    trees = extract(block[1].wiring, drawn_cells(SKY130) / "cells.gds")
    for net, tree in trees.items():
        near: dict = {}
        for a, b, ohm in tree.ohms:
            assert ohm > 0
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
        start = next(iter(tree.pins.values()))
        seen, left = {start}, [start]
        while left:
            for other in near.get(left.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    left.append(other)
        assert set(tree.pins.values()) <= seen, net


def test_a_straight_wire_has_the_resistance_of_the_process_and_all_capacitance():
    wire = Box("m1", 0, 0, 100_000, 260)
    ends = [
        Pin("", "a", Box("m1", 0, 0, 260, 260)),
        Pin("", "b", Box("m1", 99_740, 0, 100_000, 260)),
    ]
    tree = net_tree([wire], ends, {"m1": 5.0}, SKY130.stack)
    ohm = 0.125 * (100_000 - 260) / 260
    assert sum(edge[2] for edge in tree.ohms) == pytest.approx(ohm)
    assert tree.total_ff == pytest.approx(5.0)


def test_opensta_reads_all_parasitics(block):
    folder, placed = block
    pdk = load_pdk("sky130")
    library = read_liberty(pdk.liberty)
    ports = {
        name: port["direction"]
        for name, port in read_json(folder / "place" / "block.json")["modules"]["block"][
            "ports"
        ].items()
    }
    final = write_final_netlist(placed.wiring, ports, pdk.liberty, folder)
    cells = read_json(final.json)["modules"]["block"]["cells"]
    directions = {
        (name, pin): "O" if library.cells[cell["type"]].pins[pin].function else "I"
        for name, cell in cells.items()
        for pin in cell["connections"]
    }
    constraints = folder / "block.sdc"
    constraints.write_text("create_clock -name clock -period 5 [get_ports clk]\n")
    slacks = []
    for factor in (1, 2, 4):
        here = folder / f"times_{factor}"
        here.mkdir(exist_ok=True)
        trees = extract(placed.wiring, drawn_cells(SKY130) / "cells.gds")
        for tree in trees.values():
            for place in tree.farads:
                tree.farads[place] *= factor
        write_spef(trees, ports, directions, "block", here / "block.spef")
        layout = [f"read_spef {{{here / 'block.spef'}}}"]
        timing = analyse_timing(final, pdk, library, constraints, here, layout)
        slacks.append(timing.setup_ws_ns)
        assert "Warning" not in (here / "logs" / "timing.log").read_text()
    assert slacks[0] > slacks[1] > slacks[2]


def test_wires_too_close_or_too_thin_are_found(block, tmp_path):
    def draw(layout, top):
        box = top.bbox()
        shapes = top.shapes(layout.layer(*SKY130.stack.gds["m3"]))
        y = box.top + 5000
        shapes.insert(db.Box(0, y, 5000, y + 330))
        shapes.insert(db.Box(0, y + 430, 5000, y + 760))
        shapes.insert(db.Box(0, y + 3000, 5000, y + 3200))

    rules = {
        rule.name: rule.count
        for rule in check_design_rules(_changed(block, tmp_path, draw), SKY130)
    }
    assert rules["m3.spacing"]
    assert rules["m3.width"]


def test_a_metal_that_covers_too_much_is_found(block, tmp_path):
    def plate(layout, top):
        box = top.bbox()
        half = db.Box(box.left, box.bottom, box.right, box.bottom + round(0.7 * box.height()))
        top.shapes(layout.layer(*SKY130.stack.gds["m4"])).insert(half)

    rules = {
        rule.name: rule.count
        for rule in check_design_rules(_changed(block, tmp_path, plate), SKY130)
    }
    assert rules["m4.density"]
    assert not rules["m3.density"]


def test_registers_that_inputs_drive_get_a_buffer_for_hold(block):
    _, placed = block
    assert placed.report["hold_buffers"] == 8
    design = read_json(_final(block).json)["modules"]["block"]
    ports = {bit for port in design["ports"].values() for bit in port["bits"]}
    flops = [cell for cell in design["cells"].values() if cell["type"] == "dff_x1"]
    assert not any(ports.intersection(flop["connections"]["i"]) for flop in flops)


def test_notches_and_necks_between_shapes_of_a_net_are_filled(tmp_path):
    # Two wires 0.07 um apart that a third joins; two pads that touch at a corner's edge.
    shapes = {
        "u": [
            Box("m1", 0, 0, 2000, 260),
            Box("m1", 0, 330, 2000, 590),
            Box("m1", 0, 0, 260, 590),
        ],
        "neck": [Box("m4", 5000, 0, 6200, 1600), Box("m4", 6125, 1510, 6455, 3000)],
    }
    wiring = Wiring("block", 20_000, 20_000, "sky130")
    wiring.wires |= shapes
    changed = Rerouting(wiring, {})
    gds = tmp_path / "notch.gds"

    def broken():
        layout = db.Layout()
        layout.dbu = 0.005
        top = layout.create_cell("block")
        for boxes in wiring.wires.values():
            for box in boxes:
                shape = db.DBox(*(edge / 1000 for edge in box[1:]))
                top.shapes(layout.layer(*SKY130.stack.gds[box.layer])).insert(shape)
        layout.write(str(gds))
        kinds = ("m1.spacing", "m4.width")
        return {r.name for r in check_design_rules(gds, SKY130) if r.name in kinds and r.count}

    assert broken() == {"m1.spacing", "m4.width"}
    assert fill_notches(changed) >= 2
    assert broken() == set()


def test_a_patch_never_touches_another_net():
    wiring = Wiring("block", 20_000, 20_000, "sky130")
    wiring.wires["u"] = [Box("m1", 0, 0, 2000, 260), Box("m1", 0, 330, 2000, 590)]
    wiring.wires["other"] = [Box("m1", 2100, 290, 2300, 300)]
    changed = Rerouting(wiring, {})
    before = [*wiring.wires["other"]]
    fill_notches(changed)
    assert wiring.wires["other"] == before
    assert all(box.right <= 2000 for box in wiring.wires["u"])


@pytest.mark.parametrize("surveys", [0, 6])
def test_a_driver_too_weak_for_its_wires_gets_a_buffer(tmp_path, monkeypatch, surveys):
    """A spare one that is near, or one that is placed with the rest."""
    # Wires as heavy as those of a block five times as wide.
    monkeypatch.setattr("hexcoder.flow.layout.place.place_route.WIRE_FF_PER_UM", 1.0)
    monkeypatch.setattr("hexcoder.flow.layout.place.place_route.SURVEYS", surveys)
    lines = ["module wide(input clk, input rst, input [255:0] a, output reg [15:0] y);"]
    lines += ["  reg [255:0] p; wire s = ^p[7:0];", "  always @(posedge clk) begin p <= a;"]
    lines += [f"    y[{k}] <= !rst & s & p[{16 * k + 9}];" for k in range(16)]
    lines += ["  end", "endmodule"]
    verilog = tmp_path / "wide.v"
    verilog.write_text("\n".join(lines))
    pdk = load_pdk("sky130")
    netlist = synthesise(verilog, "wide", pdk, read_liberty(pdk.liberty), tmp_path)
    placed = place_and_route(netlist, SKY130, [pdk.liberty], tmp_path)
    report = placed.report
    assert report["nets_beyond_limit"] >= report["nets_relieved"]
    assert report["unsolved_nets"] == 0
    assert check_connectivity(placed.gds, placed.wiring).passed
    if surveys:
        first = read_json(tmp_path / "place" / "attempt_0.58_0" / "layout.json")
        assert report["buffers_inserted"] > 0
        assert report["nets_beyond_limit"] < 0.3 * first["nets_beyond_limit"]
    else:
        near = {net for net in placed.wiring.pins if net.endswith(("_near", "_far"))}
        assert len(near) == report["nets_relieved"] > 0
        # The router knows of the buffers: no such net is left for routing again.
        router_s = Wiring.read(tmp_path / "place" / "attempt_0.58_0_routed" / "wiring.json")
        spares = {i.name for i in router_s.instances if i.name.startswith("spare_buffer")}
        behind = {p.instance for net in near for p in router_s.pins[net]} & spares
        relieved = {
            n for n, pins in router_s.pins.items() if any(p.instance in behind for p in pins)
        }
        assert near < relieved
        assert not relieved & set(Rerouting(router_s, defaultdict(list)).opens())
    names = ["clk", "rst", *(f"a({k})" for k in range(256))]
    ports = dict.fromkeys(names, "input") | {f"y({k})": "output" for k in range(16)}
    final = write_final_netlist(placed.wiring, ports, pdk.liberty, tmp_path)
    models = tmp_path / "cells.json"
    write_json(models, cell_models(read_liberty(pdk.liberty)))
    cells = read_cell_models(models)
    simulation = LaneSimulation(read_netlist(final.json, cells, "wide"), cells, ["a"], ["y"])
    words = np.random.default_rng(1).integers(0, 2**64, 256, np.uint64)
    outputs, _ = simulation.run(np.tile(words, (3, 1)))
    parity = np.bitwise_xor.reduce(words[:8])
    assert (outputs[2] == (parity & words[9::16])).all()


def test_too_much_wire_for_the_die_is_seen_once_it_is_placed(block, tmp_path, monkeypatch):
    folder, placed = block
    asic = Netlist(folder / "netlist.v", folder / "netlist.json", "block")
    liberty = load_pdk("sky130").liberty
    most = 0.8 * placed.report["wire_m_per_mm2"]
    monkeypatch.setattr("hexcoder.flow.layout.place.place_route.MOST_WIRE", most)
    again = place_and_route(asic, SKY130, [liberty], tmp_path / "again", utilisations=(0.58,))
    # What was placed too tightly was not routed, and the next utilisation is worked out.
    assert not (tmp_path / "again" / "place" / "attempt_0.58_0" / "wiring.json").exists()
    assert again.report["attempts"] > 1
    assert 0.2 < again.report["asked"] < 0.5
    assert again.report["wire_m_per_mm2"] <= most
    monkeypatch.setattr("hexcoder.flow.layout.place.place_route.MOST_WIRE", 0.001)
    with pytest.raises(InputError, match=r"m of wire a mm2, of 0\.001"):
        place_and_route(asic, SKY130, [liberty], tmp_path / "never", utilisations=(0.58,))


def test_a_density_that_cannot_be_placed_ends_with_a_clear_line(tmp_path):
    pdk = load_pdk("sky130")
    (tmp_path / "block.v").write_text(RTL)
    netlist = synthesise(tmp_path / "block.v", "block", pdk, read_liberty(pdk.liberty), tmp_path)
    with pytest.raises(InputError, match="routing is not complete"):
        place_and_route(netlist, SKY130, [pdk.liberty], tmp_path, utilisations=(3.0,))
    assert not (tmp_path / "layout.gds").exists()


def test_a_buffer_that_drives_nothing_becomes_fillers_and_so_does_a_dead_branch(tmp_path):
    sizes = {
        "buf_x4": {"width_um": 3.2, "height_um": 5.6, "pins": {"i": "in", "q": "out"}},
        "buf_x2": {"width_um": 2.4, "height_um": 5.6, "pins": {"i": "in", "q": "out"}},
        "inv_x1": {"width_um": 1.6, "height_um": 5.6, "pins": {"i": "in", "nq": "out"}},
    }
    fillers = {"fill_w4": 3.2, "fill_w2": 1.6, "fill": 0.8}
    sizes |= {name: {"width_um": width, "pins": {}} for name, width in fillers.items()}
    (tmp_path / "cells.json").write_text(json.dumps(sizes))
    wiring = Wiring("top", 100_000, 100_000, "sky130")
    wiring.instances += [
        Instance("used", "buf_x4", 0, 0, False),
        Instance("first", "buf_x4", 10_000, 5_600, True),
        Instance("second", "buf_x2", 20_000, 0, False),
        Instance("gate", "inv_x1", 30_000, 0, False),
        Instance("unconnected", "buf_x4", 40_000, 0, False),
    ]

    def pin(instance, name, x=0, y=0):
        return Pin(instance, name, Box("li", x, y, x + 170, y + 170))

    wiring.pins["clk"] = [
        pin("", "clk", 0, 1_000), pin("used", "i", 2_000, 1_000), pin("first", "i", 11_000, 3_000)
    ]  # fmt: skip
    wiring.pins["a"] = [pin("used", "q"), pin("gate", "i")]
    wiring.pins["b"] = [pin("first", "q"), pin("second", "i")]
    wiring.pins["y"] = [pin("gate", "nq"), pin("", "y")]
    wiring.pins["dead"] = [pin("second", "q")]
    kept = [
        Box("mcon", 0, 1_000, 170, 1_170),
        Box("mcon", 2_000, 1_000, 2_170, 1_170),
        Box("m1", 0, 1_000, 2_300, 1_140),
    ]
    branch = [
        Box("via", 1_000, 1_000, 1_150, 1_150),
        Box("m2", 1_000, 1_000, 1_150, 3_150),
        Box("via", 1_000, 3_000, 1_150, 3_150),
        Box("m1", 1_000, 3_000, 11_300, 3_140),
        Box("mcon", 11_000, 3_000, 11_170, 3_170),
    ]
    wiring.wires["clk"] = [*kept, *branch]
    wiring.wires["b"] = [Box("m1", 0, 0, 140, 140)]
    assert drop_spares(wiring, tmp_path / "cells.json") == 3
    assert [instance.cell for instance in wiring.instances] == [
        "buf_x4", "fill_w4", "fill_w2", "fill", "inv_x1", "fill_w4",
    ]  # fmt: skip
    assert {(one.x, one.flipped) for one in wiring.instances if one.cell.startswith("fill")} == {
        (10_000, True), (20_000, False), (21_600, False), (40_000, False),
    }  # fmt: skip
    assert set(wiring.pins) - set(SUPPLIES) == {"clk", "a", "y"}
    assert [one.instance for one in wiring.pins["clk"]] == ["", "used"]
    assert wiring.wires["clk"] == kept
    assert "b" not in wiring.wires
