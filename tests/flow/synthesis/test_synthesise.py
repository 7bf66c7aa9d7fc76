import json
import re
from pathlib import Path

import pytest

from hexcoder.errors import InputError
from hexcoder.flow.analysis.layers import layer_finder
from hexcoder.flow.asic.area import area_by_layer
from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.metrics.asic import NetlistVerdict
from hexcoder.netlist.flat import read_cell_models, read_netlist
from hexcoder.netlist.gate_level import check_gate_level
from hexcoder.netlist.simulation import NetlistSimulation
from tests.built import Built
from tests.needs import needs_iverilog


def check(built: Built, netlist: Path, count: int = 5000) -> NetlistVerdict:
    simulation = NetlistSimulation.build(netlist, built.cells, built.design.top, built.interface)
    inputs = built.design.random_inputs(count)
    return simulation.check(inputs, built.design.reference(inputs))


def gate_level(built: Built, verilog: Path, cells: Path, workdir: Path) -> NetlistVerdict:
    inputs = built.design.random_inputs(100)
    expected = built.design.reference(inputs)
    shape = built.interface
    return check_gate_level(verilog, cells, built.design.top, shape, inputs, expected, workdir)


def test_the_netlist_computes_what_numpy_computes(built):
    verdict = check(built, built.netlist.json)
    assert verdict.passed
    assert verdict.vectors == 5000


def test_adders_are_cells_of_the_library(built):
    kinds = re.findall(r"^  ([A-Z]+\d*_X\d+) ", built.netlist.verilog.read_text(), re.MULTILINE)
    assert kinds.count("FA_X1") > 100
    assert "DFF_X1" in kinds


def test_the_verilog_is_structural_with_plain_names(built):
    text = built.netlist.verilog.read_text()
    assert "assign" not in text
    assert "always" not in text
    assert "\\" not in text
    assert "module encoder_core_conv(" in text


def test_areas_by_layer_are_those_of_yosys(built, library):
    models = read_cell_models(built.cells)
    flat = read_netlist(built.netlist.json, models, "encoder")
    layer_of = layer_finder(json.loads(built.netlist.json.read_text()), "encoder")
    areas = area_by_layer(flat, library, layer_of)
    log = (built.netlist.json.parent / "logs" / "synthesis" / "4_write.log").read_text()
    yosys = dict(re.findall(r"Chip area for module '\\(\w+)': ([\d.]+)", log))
    total = re.findall(r"Chip area for top module '\\encoder': ([\d.]+)", log)
    assert set(areas) == {"conv", "latent", "normalise", "encoder", "encoder_core"}
    for layer in ("conv", "latent"):
        assert areas[layer] == pytest.approx(float(yosys[f"encoder_core_{layer}"]))
    assert sum(areas.values()) == pytest.approx(float(total[-1]))


def test_the_same_design_gives_the_same_netlist(built, pdk, library, tmp_path):
    verilog = built.build / "rtl" / "encoder.v"
    again = synthesise(verilog, built.design.top, pdk, library, tmp_path)
    assert again.verilog.read_bytes() == built.netlist.verilog.read_bytes()


def test_no_net_loads_its_driver_beyond_the_liberty_limit(built, library, pdk):
    from hexcoder.flow.analysis.loads import net_loads

    flat = read_netlist(built.netlist.json, read_cell_models(built.cells), "encoder")
    loads = net_loads(flat, library, pdk, library.default_wire_load)
    for instance in flat.instances:
        for pin, net in instance.pins.items():
            limit = library.cells[instance.kind].pins[pin].max_capacitance_f
            if limit is not None and library.cells[instance.kind].pins[pin].direction == "output":
                assert loads[net] <= limit, (instance.path, pin)


def planted(built: Built, folder: Path, old: str, new: dict[str, str] | None, kind: str) -> Path:
    """Change the first cell of a kind in the layer conv: its type, or its pins."""
    design = json.loads(built.netlist.json.read_text())
    cells = design["modules"]["encoder_core_conv"]["cells"]
    cell = next(cell for cell in cells.values() if cell["type"] == old)
    if new is None:
        cell["type"] = kind
    else:
        cell["connections"] = {new.get(pin, pin): b for pin, b in cell["connections"].items()}
    path = folder / "planted.json"
    path.write_text(json.dumps(design))
    return path


def test_a_changed_gate_is_caught(built, tmp_path):
    verdict = check(built, planted(built, tmp_path, "NAND2_X1", None, "NOR2_X1"))
    assert verdict.mismatches > 0
    assert verdict.first is not None


def test_swapped_outputs_of_a_full_adder_are_caught(built, tmp_path):
    swap = {"S": "CO", "CO": "S"}
    verdict = check(built, planted(built, tmp_path, "FA_X1", swap, ""))
    assert verdict.mismatches > 0


@needs_iverilog
def test_gate_level_agrees_with_the_cells_own_verilog(built, pdk, tmp_path):
    cells = pdk.file(pdk.cell_verilog)
    verdict = gate_level(built, built.netlist.verilog, cells, tmp_path)
    assert verdict.passed
    assert verdict.vectors == 100


@needs_iverilog
def test_gate_level_catches_a_changed_gate(built, pdk, tmp_path):
    text = built.netlist.verilog.read_text()
    start = text.index("module encoder_core_conv(")
    changed = text[:start] + text[start:].replace("FA_X1", "FA_X1_other", 1)
    cells = tmp_path / "cells.v"
    cells.write_text(
        pdk.file(pdk.cell_verilog).read_text()
        + "module FA_X1_other(input A, B, CI, output S, CO); assign S = ~(A ^ B ^ CI);"
        + "assign CO = A & B; endmodule\n"
    )
    netlist = tmp_path / "changed.v"
    netlist.write_text(changed)
    assert gate_level(built, netlist, cells, tmp_path / "work").mismatches > 0


@needs_iverilog
def test_gate_level_counts_an_undefined_bit_as_a_mismatch(built, pdk, tmp_path):
    text = built.netlist.verilog.read_text()
    start = text.index("module encoder_core_conv(")
    broken = text[:start] + re.sub(r"\.CO\(\w+\)", ".CO()", text[start:], count=1)
    netlist = tmp_path / "broken.v"
    netlist.write_text(broken)
    verdict = gate_level(built, netlist, pdk.file(pdk.cell_verilog), tmp_path / "work")
    assert verdict.mismatches > 0
    assert verdict.first is not None


@pytest.mark.parametrize(
    ("expression", "reference"),
    [
        ("a + b", lambda a, b: a + b),
        ("a - b", lambda a, b: a - b),
        ("-a", lambda a, b: -a),
        ("a * b", lambda a, b: a * b),
        ("a < b", lambda a, b: int(a < b)),
        ("(a >= b) ? a : b", max),
    ],
)
def test_every_arithmetic_operator_is_mapped_right(
    expression, reference, pdk, library, tmp_path, built
):
    import numpy as np

    from hexcoder.netlist.simulation import Interface

    verilog = tmp_path / "one.v"
    verilog.write_text(
        "module one(input clk, rst, in_valid, input [9:0] in_data,"
        " output reg out_valid, output reg [11:0] out_data);"
        " wire signed [4:0] a = in_data[4:0], b = in_data[9:5];"
        f" wire signed [11:0] y = {expression};"
        " always @(posedge clk) begin out_valid <= rst ? 0 : in_valid; out_data <= y; end"
        " endmodule"
    )
    netlist = synthesise(verilog, "one", pdk, library, tmp_path / "netlist")
    simulation = NetlistSimulation.build(
        netlist.json, built.cells, "one", Interface((5, 5), (12,), 1)
    )
    inputs = np.array([(a, b) for a in range(-16, 16) for b in range(-16, 16)])
    expected = np.array([[reference(int(a), int(b))] for a, b in inputs])
    assert simulation.check(inputs, expected).passed


def test_bits_between_layers_that_nobody_reads_take_no_cell(pdk, library, tmp_path, built):
    import numpy as np

    from hexcoder.netlist.simulation import Interface

    verilog = tmp_path / "layers.v"
    verilog.write_text(
        "module first(input [7:0] x, output [15:0] y);"
        " assign y = {6'd0, x[3:0] ^ x[7:4], 4'd5, 2'd0}; endmodule\n"
        "module wires(input [15:0] x, output [15:0] y);"
        " assign y = {x[1:0], x[15:2]}; endmodule\n"
        "module last(input [15:0] x, output [7:0] y);"
        " assign y = {x[13:8], ~x[4] & x[5], 1'b1}; endmodule\n"
        "module encoder_core(input clk, rst, in_valid, input [7:0] in_data,"
        " output reg out_valid, output reg [7:0] out_data);"
        " wire [15:0] a, b; wire [7:0] y;"
        " first first(.x(in_data), .y(a)); wires wires(.x(a), .y(b)); last last(.x(b), .y(y));"
        " always @(posedge clk) begin out_valid <= rst ? 0 : in_valid; out_data <= y; end"
        " endmodule"
    )
    netlist = synthesise(verilog, "encoder_core", pdk, library, tmp_path / "netlist")
    simulation = NetlistSimulation.build(
        netlist.json, built.cells, "encoder_core", Interface((8,), (8,), 1)
    )
    inputs = np.arange(256)[:, np.newaxis]
    x = inputs[:, 0] & 15 ^ inputs[:, 0] >> 4
    y = x << 4 | 5 << 2 - 2 & 15
    wires = (y << 2 & 0xFFFF) >> 2
    expected = (wires >> 8 & 63) << 2 | (~(wires >> 4) & wires >> 5 & 1) << 1 | 1
    assert simulation.check(inputs, expected[:, np.newaxis]).passed
    text = netlist.verilog.read_text()
    kinds = re.findall(r"^  ([A-Z]+\d*_X\d+) ", text, re.MULTILINE)
    # Seven bits that leave the design are constant.
    assert sum(kind.startswith("LOGIC") for kind in kinds) == 7
    assert "module wires(" not in text
    assert "BUF_X" not in text


def test_an_error_of_yosys_shows_its_message_and_log(pdk, library, tmp_path):
    verilog = tmp_path / "wrong.v"
    verilog.write_text("module encoder_core(input clk); missing m(.clk(clk)); endmodule\n")
    with pytest.raises(InputError, match=r"missing.*1_read.log"):
        synthesise(verilog, "encoder_core", pdk, library, tmp_path)


def test_a_constant_for_every_case_becomes_gates(pdk, library, tmp_path: Path):
    verilog = tmp_path / "table.v"
    entries = "".join(f"      4'd{k}: y = 6'd{(k * 37 + 11) % 64};\n" for k in range(16))
    verilog.write_text(
        "module table_(input [3:0] x, output reg [5:0] y);\n  always @*\n    case (x)\n"
        f"{entries}    endcase\nendmodule\n"
    )
    netlist = synthesise(verilog, "table_", pdk, library, tmp_path)
    assert "_X1 " in netlist.verilog.read_text()
