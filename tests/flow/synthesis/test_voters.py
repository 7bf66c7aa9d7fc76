"""Voters in a netlist: the library's cell where the PDK names one, else gates, right in both."""

import itertools
import json

import numpy as np
import pytest

from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.hw.triplication.register_copies import KINDS, VOTER, register_modules
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.flat import read_cell_models, read_netlist
from hexcoder.netlist.lanes import LaneSimulation, spread
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.description import load_pdk

TOP = f"""
module top(rst, q, a, b, voted, differs);
  input rst, q, a, b;
  output voted, differs;
  {VOTER}_1 part (.q(q), .a(a), .b(b), .voted(voted), .differs(differs));
endmodule
"""
CASES = list(itertools.product((0, 1), repeat=3))


@pytest.mark.parametrize("named", [True, False])
def test_voters_are_the_cell_that_the_pdk_names(named, tmp_path):
    pdk = load_pdk("nangate45")
    if not named:
        pdk = pdk.model_copy(update={"voter": None})
    library = read_liberty(pdk.liberty)
    widths = {kind: {1} if kind == VOTER else set() for kind in KINDS}
    (tmp_path / "voter.v").write_text(register_modules(widths) + TOP)
    made = synthesise(tmp_path / "voter.v", "top", pdk, library, tmp_path)
    (tmp_path / "cells.json").write_text(json.dumps(cell_models(library)))
    models = read_cell_models(tmp_path / "cells.json")
    netlist = read_netlist(made.json, models, "top")
    assert any(cell.kind == "AOI222_X1" for cell in netlist.instances) == named

    outputs = LaneSimulation(netlist, models, ["q", "a", "b"], ["voted", "differs"]).run(
        spread(np.array(CASES))
    )[0]
    found = (outputs != 0).tolist()
    expected = [[sum(case) >= 2, len(set(case)) > 1] for case in CASES]
    assert found[: len(expected)] == expected
