"""The stage layout on a small network, from its RTL to a checked block."""

import json
import re
import shutil
from dataclasses import replace

import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.flow.asic.stage import ASIC
from hexcoder.flow.block import Block
from hexcoder.flow.layout.block import LaidOut
from hexcoder.flow.layout.stage import LAYOUT, LIMITS, require_layout
from hexcoder.flow.layout.steps.checks import LVS
from hexcoder.flow.layout.steps.timing import TIMING
from hexcoder.flow.layout.steps.views import VIEWS
from hexcoder.flow.simulated import vectors
from hexcoder.flow.vectors import Vectors
from hexcoder.pdk.description import load_pdk
from hexcoder.processes import run
from hexcoder.steps.reads import Place
from hexcoder.steps.runner import run_stage
from tests.designs import Design
from tests.needs import needs_iverilog, needs_sta

pytestmark = [needs_sta, needs_iverilog, pytest.mark.xdist_group("layout stage")]


class _Killed(Exception):
    pass


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A small design after synthesis to sky130's cells: config, build folder and views."""
    build = tmp_path_factory.mktemp("sky130")
    design = Design.random(4, 3, 2)
    design.write(build)
    config = load_config("configs/tiny.toml", pdk="sky130")
    inputs = design.random_inputs(500)
    views = {vectors: Vectors(inputs, design.reference(inputs), inputs, "test events")}
    stage = replace(ASIC, inputs=lambda place: Block(place, views))
    assert run_stage(stage, config, build).failures == ()
    return config, build, views


@pytest.fixture(scope="module")
def whole(given):
    """A layout that was stopped once, at its timing, and gone on with."""
    config, build, views = given
    stage = replace(LAYOUT, inputs=lambda place: LaidOut(place, views))

    def stop(what, part):
        if what == "layout.timing":
            raise _Killed

    with pytest.raises(_Killed):
        run_stage(stage, config, build, stop)
    drawn = (build / ".layout.partial" / "layout.gds").stat().st_mtime_ns
    outcome = run_stage(stage, config, build)
    folder = build / "layout"
    assert (folder / "layout.gds").stat().st_mtime_ns == drawn
    ids = [step.id for step in LAYOUT.steps]
    assert outcome.ran == tuple(ids[ids.index("layout.timing") :])
    failure = "; ".join(outcome.failures) or None
    return failure, folder, outcome.metrics


def test_every_check_passes_and_timing_holds_at_all_corners(whole):
    failure, folder, metrics = whole
    assert failure is None
    assert metrics["route__open_nets"] == 0
    assert metrics["klayout__drc_error__count"] == 0
    assert metrics["antenna__violating__nets"] == 0
    assert metrics["design__lvs_error__count"] == 0
    assert metrics["layout_against_netlist"]["transistors"] > 1000
    assert metrics["connectivity"]["passed"]
    assert metrics["final_netlist_check"]["vectors"] == 500
    assert metrics["final_formal_equivalence"]["proved"]
    slacks = [metrics[f"timing__setup__ws__corner:{corner}"] for corner in ("ss", "tt", "ff")]
    assert 0 < slacks[0] < slacks[1] < slacks[2]
    assert metrics["timing__hold__ws"] >= 0
    assert 0 < metrics["ir__drop__worst"] < 0.05
    kinds = metrics["power_by_kind_w"]
    assert metrics["power__total"] == pytest.approx(sum(kind["total"] for kind in kinds.values()))
    for name in (
        "placement.png",
        "zoom.png",
        "clock_tree.png",
        "congestion.png",
        "layout.lyp",
        "final.spef",
    ):
        assert (folder / name).stat().st_size > 1000


def test_the_clock_s_tree_takes_power(given, whole):
    _, build, _ = given
    before = json.loads((build / "asic" / "metrics.json").read_text())
    after = whole[2]
    assert after["parasitics__capacitance_pf"] > 0
    # The tree is part of the clock; before it there are the registers' pins alone.
    clocks = [metrics["power_by_kind_w"]["clock"]["total"] for metrics in (before, after)]
    assert clocks[1] > 1.1 * clocks[0]


def test_the_clock_s_latency_is_opensta_s(whole):
    _, folder, metrics = whole
    for corner in ("tt", "ss", "ff"):
        report = (folder / "timing" / corner / "timing_hold.rpt").read_text()
        times = [float(t) for t in re.findall(r"([\d.]+) \^ \S+/clk \(dff_x1\)", report)]
        assert times
        # Derates of 5 % and the skew lie between.
        latency = metrics[f"clock__latency__corner:{corner}"]
        assert all(abs(time / latency - 1) < 0.2 for time in times)


def _rerun(given, tmp_path, change, step):
    """Metrics of one step in a changed copy of the layout's folder, and the place of that."""
    config, build, views = given
    copy = tmp_path / "build"
    shutil.copytree(build, copy, ignore=shutil.ignore_patterns("*.png", "place", "logs"))
    shutil.copytree(build / "layout" / "place", copy / "layout" / "place")
    change(copy / "layout")
    place = Place(config, copy, "layout", copy / "layout")
    metrics = step.run(LaidOut(place, views), lambda what, part: None)
    return metrics.model_dump(mode="json", by_alias=True), place


def _again(given, tmp_path, change, step):
    """What the limits say of such metrics."""
    values, place = _rerun(given, tmp_path, change, step)
    return "; ".join(filter(None, (limit.failure(values, place) for limit in LIMITS)))


def test_a_changed_gate_in_the_final_netlist_is_found(given, tmp_path, whole):
    def change(folder):
        path = folder / "final.json"
        design = json.loads(path.read_text())
        cells = design["modules"][next(iter(design["modules"]))]["cells"]
        name = next(name for name, cell in cells.items() if cell["type"] == "nand2_x0")
        cells[name]["type"] = "nor2_x0"
        path.write_text(json.dumps(design))
        verilog = folder / "final.v"
        text = verilog.read_text()
        assert f"nand2_x0 {name} " in text
        verilog.write_text(text.replace(f"nand2_x0 {name} ", f"nor2_x0 {name} "))

    failure = _again(given, tmp_path, change, LVS)
    assert "layout against netlist" in failure


def test_a_removed_buffer_is_found(given, tmp_path, whole):
    def change(folder):
        # A leaf of the clock's tree is taken away; its registers go to the branch before it.
        path = folder / "final.json"
        design = json.loads(path.read_text())
        cells = design["modules"][next(iter(design["modules"]))]["cells"]
        clocked = {c["connections"]["clk"][0] for c in cells.values() if "dff" in c["type"]}
        name = next(n for n, c in cells.items() if c["connections"].get("q", [0])[0] in clocked)
        gone = cells.pop(name)["connections"]
        verilog = folder / "final.v"
        text, nets = verilog.read_text(), {}
        entry = re.search(rf"\n  \w+ {re.escape(name)} \((.*?)\);", text, re.S)
        for pin, net in re.findall(r"\.(\w+)\(([^)]*(?:\(\d+\)[^)]*)?)\)", entry[1]):
            nets[pin] = net
        text = text.replace(entry[0], "").replace(f"({nets['q']})", f"({nets['i']})")
        for cell in cells.values():
            for pin, bits in cell["connections"].items():
                if bits == gone["q"]:
                    cell["connections"][pin] = gone["i"]
        path.write_text(json.dumps(design))
        verilog.write_text(text)

    failure = _again(given, tmp_path, change, LVS)
    assert "layout against netlist" in failure


def test_a_slow_cell_misses_the_clock(given, tmp_path, whole, monkeypatch):
    # The library of the slow corner, with one kind of cell as slow as a bad process makes it.
    pdks = tmp_path / "pdks"
    shutil.copytree("pdk", pdks)
    library = pdks / "sky130" / "ss.lib"
    text = library.read_text()
    start = text.index("cell (xor2_x0)")
    end = text.index("\n  cell (", start)

    def slower(match):
        return match[1] + ", ".join(f"{20 * float(v):.4f}" for v in match[2].split(",")) + match[3]

    cell = re.sub(
        r"(cell_(?:rise|fall) .*?values \()(.*?)(\);)",
        lambda table: table[1] + re.sub(r'(")([^"]*)(")', slower, table[2]) + table[3],
        text[start:end],
        flags=re.S,
    )
    library.write_text(text[:start] + cell + text[end:])
    monkeypatch.setattr("hexcoder.pdk.description._FOLDER", pdks)
    (tmp_path / "run").mkdir()
    failure = _again(given, tmp_path / "run", lambda folder: None, TIMING)
    assert re.search(r"clock period of 25.0 ns not met at ss after layout", failure)


def test_slow_wires_miss_the_clock(given, tmp_path, whole):
    def change(folder):
        path = folder / "final.spef"
        path.write_text(path.read_text().replace("*C_UNIT 1 FF", "*C_UNIT 100 FF"))

    failure = _again(given, tmp_path, change, TIMING)
    assert re.search(r"clock period of 25.0 ns not met at ss after layout", failure)


def test_transitions_and_loads_beyond_the_limits_fail(given, tmp_path, whole):
    def change(folder):
        path = folder / "wires_ff.json"
        wires = json.loads(path.read_text())
        heaviest = max(wires, key=wires.get)
        path.write_text(json.dumps(wires | {heaviest: 1000.0}))
        path = folder / "final.spef"
        path.write_text(path.read_text().replace("*C_UNIT 1 FF", "*C_UNIT 30 FF"))

    failure = _again(given, tmp_path, change, TIMING)
    corners = "; ".join(
        rf"{corner} \d+ slow transitions and 1 heavy loads \(.+?\)" for corner in ("tt", "ss", "ff")
    )
    assert re.search(f"beyond the library's limits: {corners}", failure)


def test_a_pin_of_the_lef_that_is_not_drawn_is_named(given, tmp_path, whole):
    def change(folder):
        path = folder / "wiring.json"
        wiring = json.loads(path.read_text())
        [[instance, _, box]] = [pin for pin in wiring["pins"]["in_data(3)"] if not pin[0]]
        assert instance == ""
        box[2], box[4] = box[2] + 400, box[4] + 400
        path.write_text(json.dumps(wiring))

    metrics, _ = _rerun(given, tmp_path, lambda folder: None, VIEWS)
    assert metrics["abstract_check"]["passed"]
    failure = _again(given, tmp_path / "changed", change, VIEWS)
    assert re.search(r"LEF: in_data\[3\]: no whole m\d at \(.+\); in_data\[3\]: no label", failure)


def test_the_final_netlist_has_every_cell_of_the_layout(whole):
    _, folder, metrics = whole
    cells = [
        instance[1] for instance in json.loads((folder / "wiring.json").read_text())["instances"]
    ]
    blank = re.compile("^(fill|tie|decap|diode)")
    placed = sorted(cell for cell in cells if not blank.match(cell))
    written = re.findall(r"^  (\w+) \S+ \(", (folder / "final.v").read_text(), re.MULTILINE)
    assert sorted(written) == placed
    assert metrics["spares_dropped"] > 0
    views = {path.suffix for path in (folder / "views").iterdir()}
    assert views == {".lef", ".def", ".cdl"}
    assert metrics["cells"] == {cell: cells.count(cell) for cell in metrics["cells"]}


def test_a_hold_violation_is_found(given, tmp_path, whole):
    def change(folder):
        # One leaf of the clock's tree comes very late.
        path = folder / "final.spef"
        text = path.read_text()
        nets = re.findall(r"\*D_NET (clk_root\S*) \S+\n(.*?)\*END", text, re.S)
        leaf = next(body for _, body in nets if re.search(r"\*I subckt\S+:clk I", body))
        late = re.sub(r"(?m)^(\d+ \S+) [\d.e-]+$", r"\1 2000", leaf.split("*RES")[0])
        path.write_text(text.replace(leaf, late + "*RES" + leaf.split("*RES")[1]))

    failure = _again(given, tmp_path, change, TIMING)
    assert "hold not met" in failure


def test_another_pdk_has_no_layout():
    config = load_config("configs/econ_t_linear.toml")
    with pytest.raises(InputError, match="'sky130', 'gf180mcu' alone"):
        require_layout(config)
    assert load_pdk("sky130").at("ss").corner.voltage_v == 1.6


def _slack_between_blocks(folder, work, corner, liberty):
    """Worst slack of the paths from one block to the next, of two side by side."""
    text = (folder / "final.v").read_text()
    top = re.findall(r"^module (\w+)\(", text, re.MULTILINE)[0]
    widths = {name: int(left) + 1 for left, name in re.findall(r"put \[(\d+):0\] (\w+);", text)}
    given, made = widths["in_data"], widths["out_data"]
    assert given >= made
    rest = f"{{a[{given - made - 1}:0], m}}" if given > made else "m"
    (work / "two.v").write_text(
        f"module two(clk, rst, in_valid, a, v, y);\n  input clk, rst, in_valid;\n"
        f"  input [{given - 1}:0] a;\n  output v;\n  output [{made - 1}:0] y;\n"
        f"  wire [{made - 1}:0] m;\n  wire mv;\n"
        f"  {top} first(.clk(clk), .rst(rst), .in_valid(in_valid), .in_data(a), .out_valid(mv), "
        f".out_data(m));\n"
        f"  {top} second(.clk(clk), .rst(rst), .in_valid(mv), .in_data({rest}), .out_valid(v), "
        ".out_data(y));\nendmodule\n"
    )
    cells = load_pdk("sky130").at(corner).liberty
    flat = [f"read_verilog {folder / 'final.v'}"] if liberty is None else []
    block = [] if liberty is None else [f"read_liberty {liberty}"]
    wires = [f"read_spef -path {name} {folder / 'final.spef'}" for name in ("first", "second")]
    derates = ["set_timing_derate -early 0.95", "set_timing_derate -late 1.05"]
    script = work / "two.tcl"
    script.write_text(
        "\n".join(
            [
                f"read_liberty {cells}", *block, *flat, f"read_verilog {work / 'two.v'}",
                "link_design two", "create_clock -name clock -period 25 [get_ports clk]",
                *(wires if liberty is None else []),
                *(["set_propagated_clock [get_clocks clock]", *derates] if liberty is None else []),
                "set ends [find_timing_paths -through [get_pins second/in_data*]]",
                'puts "slack [get_property [lindex $ends 0] slack]"',
            ]
        ) + "\n"
    )  # fmt: skip
    done = run(["sta", "-no_splash", "-exit", str(script)])
    found = re.search(r"^slack (\S+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return float(found[1])


@pytest.mark.parametrize("corner", ["tt", "ss"])
def test_the_block_s_liberty_gives_the_timing_between_two_blocks(tmp_path, whole, corner):
    folder = whole[1]
    (liberty,) = (folder / "block_liberty").glob(f"*_{corner}.lib")
    slacks = [_slack_between_blocks(folder, tmp_path, corner, one) for one in (None, liberty)]
    needed = [25 - slack for slack in slacks]
    # This OpenSTA leaves out the wires of nets that cross a flat block's border: some fF, which are
    # in the block's Liberty.
    assert 0 <= needed[1] - needed[0] < 0.12
    assert needed[0] > 0.5
