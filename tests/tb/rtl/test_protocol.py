import shutil

import pytest

from hexcoder.tb.rtl.protocol import read_junit, run_protocol_tests

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing")
TESTS = {
    "edge_events",
    "random_tensors",
    "detector_events",
    "saturation",
    "gaps_in_valid",
    "constant_latency",
    "first_event_after_reset",
    "reset_in_mid_stream",
}


def _failures(compiled, tmp_path, module="encoder_core", change=None):
    design = tmp_path / "rtl"
    shutil.copytree(compiled.design, design)
    if change:
        old, new = change
        text = (design / "encoder.v").read_text()
        assert old in text
        (design / "encoder.v").write_text(text.replace(old, new))
    results = run_protocol_tests(
        compiled.network_path, design, module, tmp_path / "work", tmp_path / "junit.xml",
        simulator="icarus", vectors=20,
    )  # fmt: skip
    assert set(results) == TESTS
    assert (tmp_path / "junit.xml").read_text().count("<testcase") == len(TESTS)
    return {name for name, failure in results.items() if failure}


@pytest.mark.parametrize("module", ["encoder_core", "encoder"])
def test_a_right_design_passes_all_protocol_tests(compiled, tmp_path, module):
    assert not _failures(compiled, tmp_path, module)


def test_a_valid_bit_that_reset_does_not_clear_is_caught(compiled, tmp_path):
    text = (compiled.design / "encoder.v").read_text()
    valid = text.split("module \\encoder_core.valid ", 1)[1].split("endmodule", 1)[0]
    assert "if (rst)" in valid
    broken = valid.replace("if (rst)", "if (1'b0)")
    assert "reset_in_mid_stream" in _failures(compiled, tmp_path, change=(valid, broken))


def test_valid_that_ignores_gaps_is_caught(compiled, tmp_path):
    text = (compiled.design / "encoder.v").read_text()
    valid = text.split("module \\encoder_core.valid ", 1)[1].split("endmodule", 1)[0]
    assert "stage_0 <= \\$1 ;" in valid or "= i;" in valid
    broken = valid.replace("= i;", "= 1'b1;")
    assert broken != valid
    assert "gaps_in_valid" in _failures(compiled, tmp_path, change=(valid, broken))


def test_a_wrong_output_is_caught(compiled, tmp_path):
    failed = _failures(compiled, tmp_path, change=("assign output_2 = ", "assign output_2 = 1 ^ "))
    assert "random_tensors" in failed


def test_a_failed_test_is_told_in_its_own_words(tmp_path):
    message = "AssertionError: clock 5: out_valid is 1, expected 0&#10;assert 1 == False"
    (tmp_path / "junit.xml").write_text(
        f'<testsuites><testcase name="gaps"><failure message="{message}"/></testcase></testsuites>'
    )
    assert read_junit(tmp_path / "junit.xml") == {"gaps": "clock 5: out_valid is 1, expected 0"}
