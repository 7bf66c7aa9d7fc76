from dataclasses import replace

from hexcoder.netlist.cell_check import check_cells
from hexcoder.netlist.flat import read_cell_models
from hexcoder.netlist.function import Function
from tests.needs import needs_iverilog

pytestmark = needs_iverilog


def test_every_cell_model_is_that_of_the_pdks_verilog(built, pdk, tmp_path):
    models = read_cell_models(built.cells)
    # Nangate's Verilog of the scan registers reads as undefined; the flow has no scan.
    kinds = [kind for kind in models if not kind.startswith("SDFF")]
    verdict = check_cells(kinds, models, pdk.file(pdk.cell_verilog), tmp_path)
    assert verdict.passed, verdict.first
    assert verdict.cells > 90
    assert verdict.values > 500


def test_a_wrong_model_is_caught(built, pdk, tmp_path):
    models = read_cell_models(built.cells)
    wrong = replace(models["OAI21_X1"], outputs={"ZN": Function.parse("~(A | (B1 & B2))")})
    verdict = check_cells(
        ["OAI21_X1"], models | {"OAI21_X1": wrong}, pdk.file(pdk.cell_verilog), tmp_path
    )
    assert verdict.first is not None
    assert (verdict.first.cell, verdict.first.pin) == ("OAI21_X1", "ZN")


def test_a_wrong_register_is_caught(built, pdk, tmp_path):
    models = read_cell_models(built.cells)
    register = models["DFF_X1"].register
    assert register is not None
    wrong = replace(models["DFF_X1"], register=replace(register, next_state=Function.parse("!D")))
    verdict = check_cells(["DFF_X1"], {"DFF_X1": wrong}, pdk.file(pdk.cell_verilog), tmp_path)
    assert verdict.mismatches == verdict.values
