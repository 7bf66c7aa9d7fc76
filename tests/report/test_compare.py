import json

import pytest

from hexcoder.errors import InputError
from hexcoder.flow.__main__ import main
from hexcoder.report.compare import Difference, compare


def _run(folder, **stages):
    for stage, metrics in stages.items():
        (folder / stage).mkdir(parents=True)
        (folder / stage / "metrics.json").write_text(json.dumps(metrics))
    return folder


def test_numbers_stand_side_by_side_with_their_change(tmp_path, capsys):
    one = _run(tmp_path / "a", asic={"area": 200.0, "name": "a", "power": {"total": 2.0}})
    other = _run(tmp_path / "b", asic={"area": 150.0, "power": {"total": 2.0}}, layout={"wires": 7})
    found = compare(one, other)
    assert found == [
        Difference("asic", "area", 200.0, 150.0),
        Difference("asic", "power.total", 2.0, 2.0),
        Difference("layout", "wires", None, 7),
    ]
    assert [row.change for row in found] == [-0.25, 0.0, None]
    assert main(["compare", str(one), str(other)]) == 0
    printed = capsys.readouterr().out
    assert "-25.0%" in printed
    assert "power.total" not in printed


def test_a_folder_without_results_is_said_so(tmp_path):
    with pytest.raises(InputError, match="no results"):
        compare(tmp_path, tmp_path)
