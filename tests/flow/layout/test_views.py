"""LEF, DEF and CDL of a block, read by KLayout and held against the layout."""

import re
from collections import Counter

from klayout import db

from hexcoder.flow.layout.views.cdl import write_cdl
from hexcoder.flow.layout.views.def_file import write_def
from hexcoder.flow.layout.views.lef import write_lef
from hexcoder.flow.layout.wiring import Box, Instance, Pin, Wiring

PORTS = {"clk": "input", "a(0)": "input", "a(1)": "input", "y": "output"}
SPICE = """.subckt inv_x1 vdd vss i nq
Mn vss i nq vss sky130_fd_pr__nfet_01v8__model l=1.5e-07 w=1e-06
Mp vdd i nq vdd sky130_fd_pr__pfet_01v8__model l=1.5e-07 w=2e-06
.ends inv_x1
"""


def block():
    wiring = Wiring("small", 20_000, 11_200, "sky130")
    wiring.instances += [
        Instance("one", "inv_x1", 1_600, 0, False),
        Instance("two", "inv_x1", 1_600, 11_200, True),
        Instance("gap", "fill", 3_200, 0, False),
    ]

    def pin(instance, name, x, y, layer="li"):
        return Pin(instance, name, Box(layer, x, y, x + 300, y + 300))

    wiring.pins["clk"] = [pin("", "clk", 0, 0, "m3")]
    wiring.pins["a(0)"] = [pin("", "a(0)", 0, 2_000, "m3"), pin("one", "i", 2_000, 2_000)]
    # It sticks out, as the router's pins do.
    wiring.pins["a(1)"] = [pin("", "a(1)", -500, 4_000, "m3")]
    wiring.pins["n"] = [pin("one", "nq", 2_500, 2_000), pin("two", "i", 2_500, 8_000)]
    wiring.pins["y"] = [pin("", "y", 19_700, 2_000, "m3"), pin("two", "nq", 2_500, 9_000)]
    for supply, x in (("vdd", 8_000), ("vss", 12_000)):
        wiring.pins[supply] = [Pin("", supply, Box("m5", x, 0, x + 1_600, 11_200))]
        wiring.wires[supply] = [Box("m5", x, 0, x + 1_600, 11_200)]
    return wiring


def test_an_abstract_has_size_pins_antennas_and_obstructions(tmp_path):
    path = tmp_path / "small.lef"
    write_lef(block(), PORTS, {("inv_x1", "i"): 0.45}, "clk", path)
    layout = db.Layout()
    options = db.LoadLayoutOptions()
    options.lefdef_config.dbu = 0.001
    layout.read(str(path), options)
    (cell,) = [one for one in layout.each_cell() if one.name == "small"]
    assert (cell.bbox().width(), cell.bbox().height()) == (20_500, 11_200)
    text = path.read_text()
    assert "  ORIGIN 0.500 0.000 ;\n  SIZE 20.500 BY 11.200 ;\n" in text
    assert "RECT -0.500 4.000 -0.200 4.300 ;" in text
    for port in ("clk", "a[0]", "a[1]", "y", "vdd", "vss"):
        assert f"  PIN {port}\n" in text
    assert re.search(r"PIN clk\n +DIRECTION INPUT ;\n +USE CLOCK ;", text)
    assert re.search(r"PIN vdd\n +DIRECTION INOUT ;\n +USE POWER ;", text)
    assert re.search(r"PIN a\[0\]\n.*\n.*\n +ANTENNAGATEAREA 0\.4500 LAYER met1 ;", text)
    assert text.count("ANTENNAGATEAREA") == 1
    taken = text.split("  OBS\n")[1]
    assert re.findall(r"LAYER (\w+)", taken) == ["li1", "met1", "met2", "met3", "met4", "met5"]
    # The uppermost metal is taken by straps alone.
    assert taken.split("LAYER met5 ;")[1].count("RECT") == 2


def test_a_def_places_every_cell_where_it_is_drawn(tmp_path):
    path = tmp_path / "small.def"
    write_def(block(), PORTS, {"inv_x1": 5_600, "fill": 5_600}, path)
    lef = tmp_path / "cells.lef"
    lef.write_text(
        "VERSION 5.8 ;\n" + "".join(
            f"MACRO {name}\n CLASS CORE ;\n ORIGIN 0 0 ;\n SIZE {width} BY 5.6 ;\nEND {name}\n"
            for name, width in (("inv_x1", 1.6), ("fill", 0.8))
        ) + "END LIBRARY\n"
    )  # fmt: skip
    layout = db.Layout()
    options = db.LoadLayoutOptions()
    options.lefdef_config.dbu = 0.001
    options.lefdef_config.lef_files = [str(lef)]
    layout.read(str(path), options)
    top = layout.top_cell()
    found = Counter(
        (one.cell.name, one.trans.disp.x, one.bbox().bottom, one.trans.is_mirror())
        for one in top.each_inst()
        if one.cell.name in ("inv_x1", "fill")
    )
    assert set(found) == {
        ("inv_x1", 1600, 0, False), ("inv_x1", 1600, 5600, True), ("fill", 3200, 0, False),
    }  # fmt: skip
    text = path.read_text()
    assert "DIEAREA ( 0 0 ) ( 20000 11200 ) ;" in text
    assert "- n ( one nq ) ( two i ) ;" in text
    assert "- a[0] ( PIN a[0] ) ( one i ) ;" in text


def test_a_cdl_has_the_block_s_transistors_and_nets(tmp_path):
    spice, path = tmp_path / "cells.spice", tmp_path / "small.cdl"
    spice.write_text(SPICE)
    write_cdl(block(), list(PORTS), spice, path)
    netlist = db.Netlist()
    netlist.read(str(path), db.NetlistSpiceReader())
    netlist.flatten_circuit(netlist.circuit_by_name("INV_X1"))
    small = netlist.circuit_by_name("SMALL")
    assert sum(1 for _ in small.each_device()) == 4
    gates = Counter(device.net_for_terminal("G").expanded_name() for device in small.each_device())
    assert gates == {"A[0]": 2, "N": 2}
