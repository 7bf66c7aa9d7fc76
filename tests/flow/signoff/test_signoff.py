"""The foundry's own rules: what is written for the tools, and what they say where they are."""

import os
import re
import shutil
from pathlib import Path

import pytest
from klayout import db, rdb

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.flow.__main__ import main
from hexcoder.flow.signoff.klayout_deck import read_report, run_deck
from hexcoder.flow.signoff.magic import check_rules
from hexcoder.flow.signoff.netgen import compare, netgen_tool, powered
from hexcoder.flow.signoff.public_pdk import PublicPdk, public_pdk
from hexcoder.flow.signoff.stage import MATCH, signoff_stage
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.sky130.process import SKY130
from hexcoder.steps.runner import run_stage

SKY130A = Path(os.environ.get("PDK_ROOT", "/nowhere")) / "sky130A"
NETLIST = """
module top(a, b, y);
  input a;
  input b;
  output y;
  wire \\n[1] ;
  nand2_x0 first (
    .i0(a),
    .i1(b),
    .nq(\\n[1] )
  );
  inv_x0 \\u[2] (
    .i(\\n[1] ),
    .nq(y)
  );
endmodule
"""
EXTRACTED = """
.subckt top vdd vss a b y
Xfirst vdd vss n a b nand2_x0
Xsecond vdd vss n y inv_x0
.ends
"""


def test_every_cell_gets_its_supplies():
    found = powered(NETLIST, ["nand2_x0", "inv_x0"])
    assert re.findall(r"\((\.vdd\(vdd\), \.vss\(vss\)),\n", found) == [".vdd(vdd), .vss(vss)"] * 2
    assert "module top(a, b, y, vdd, vss);\n  inout vdd, vss;" in found
    assert powered(NETLIST, []).count(".vdd(vdd)") == 0


@pytest.mark.skipif(bool(netgen_tool().missing), reason="netgen is not installed")
def test_netgen_finds_two_nets_that_are_swapped(tmp_path):
    cells = drawn_cells(SKY130) / "cells.spice"
    circuits = cells.read_text().replace("__model", "").replace("\nM", "\nXM")
    setup = tmp_path / "setup.tcl"
    setup.write_text("permute default\nproperty default\n")
    verilog = tmp_path / "top.v"
    verilog.write_text(NETLIST)
    for text, same in ((EXTRACTED, True), (EXTRACTED.replace("n y inv", "y n inv"), False)):
        drawn = tmp_path / "drawn.spice"
        drawn.write_text(re.sub(r"([lw])=(\S+)", _um, circuits) + text)
        verdict = compare(
            netgen_tool().program, drawn, cells, verilog, "top", setup, set(), tmp_path / "work"
        )
        assert (verdict == MATCH) == same


def _um(found: re.Match[str]) -> str:
    return f"{found[1]}={float(found[2]) * 1e6:g}"


@pytest.mark.skipif(
    not shutil.which("magic") or not SKY130A.is_dir(), reason="Magic or sky130A is not installed"
)
def test_magic_finds_a_cell_s_wires_too_near(tmp_path):
    pdk = PublicPdk(SKY130A)
    cells = drawn_cells(SKY130) / "cells.gds"
    assert check_rules(cells, "fulladder_x0", pdk.magic, tmp_path / "right") == {}
    layout = db.Layout()
    layout.read(str(cells))
    cell = layout.cell("fulladder_x0")
    for left in (0.0, 0.2):
        cell.shapes(layout.layer(68, 20)).insert(db.DBox(left, 1.0, left + 0.15, 3.0))
    layout.write(str(tmp_path / "wrong.gds"))
    found = check_rules(tmp_path / "wrong.gds", "fulladder_x0", pdk.magic, tmp_path / "wrong")
    assert any("spacing" in rule for rule in found)


@pytest.mark.skipif(not shutil.which("klayout"), reason="the program KLayout is not installed")
def test_a_deck_runs_with_its_parts_switched_on(tmp_path):
    deck = tmp_path / "deck.drc"
    deck.write_text(
        'source($input, $topcell)\nreport("rules", $report)\n'
        'input(68, 20).width(5.0).output("m1.1", "all are thinner") if $feol == "true"\n'
    )
    layout = db.Layout()
    layout.create_cell("block").shapes(layout.layer(68, 20)).insert(db.DBox(0, 0, 0.2, 9))
    layout.write(str(tmp_path / "block.gds"))
    found = run_deck(deck, tmp_path / "block.gds", "block", {}, tmp_path / "work")
    assert found == {"m1.1": 1}


def test_a_report_is_counted_by_rule(tmp_path):
    report = rdb.ReportDatabase("rules")
    cell = report.create_cell("block")
    for name, count in (("m1.1", 2), ("m2.x", 1), ("never", 0)):
        rule = report.create_category(name)
        for place in range(count):
            item = report.create_item(cell.rdb_id(), rule.rdb_id())
            item.add_value(db.DBox(place, 0, place + 1, 1))
    report.save(str(tmp_path / "found.lyrdb"))
    assert read_report(tmp_path / "found.lyrdb") == {"m1.1": 2, "m2.x": 1}


def test_where_the_rules_are(tmp_path, monkeypatch):
    folder = tmp_path / "sky130A" / "libs.tech"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    found = public_pdk("sky130A", None, [])
    assert found.magic == folder / "magic" / "sky130A.tech"
    assert found.decks == []
    with pytest.raises(InputError, match=r"no PDK sky130B is in it"):
        public_pdk("sky130B", None, [])
    with pytest.raises(InputError, match=r"nothing\.drc: no such file"):
        public_pdk("sky130A", None, [tmp_path / "nothing.drc"])
    with pytest.raises(InputError, match="--variant is not given"):
        public_pdk(None, tmp_path, [])


def test_what_is_not_installed_is_not_measured_and_named(tmp_path, monkeypatch):
    layout = tmp_path / "layout"
    layout.mkdir()
    for name in ("layout.gds", "wiring.json", "final.v", "final.json"):
        (layout / name).write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    stage = signoff_stage(PublicPdk(tmp_path / "sky130A"))
    outcome = run_stage(stage, load_config("configs/tiny.toml", pdk="sky130"), tmp_path)
    reasons = outcome.metrics["not_measured"]
    assert outcome.failures == ()
    assert "program 'magic' is not installed" in reasons["magic_rules"]
    assert "program 'klayout' is not installed" in reasons["klayout_decks"]


def test_violations_fail_the_stage():
    limits = {limit.metric: limit for limit in signoff_stage(PublicPdk(Path("sky130A"))).limits}
    wrong = {
        "magic_rules": {"Metal1 spacing < 0.14um": 3},
        "netgen_verdict": "Netlists do not match",
        "klayout_decks": {"sky130A_mr.drc": {"m1.2": 3}},
    }
    right = {"magic_rules": {}, "netgen_verdict": MATCH, "klayout_decks": {"sky130A_mr.drc": {}}}
    for name, limit in limits.items():
        assert limit.failure(right, None) is None
        assert limit.failure(wrong, None)
        assert limit.failure({name: None}, None) is None


def test_without_a_layout_the_command_that_makes_it_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PDK_ROOT", "")
    arguments = ["signoff", "--config", "configs/tiny.toml", "--pdk", "sky130"]
    with pytest.raises(InputError, match=r"no such file; 'python -m flow layout' writes it"):
        main([*arguments, "--build", str(tmp_path)])
