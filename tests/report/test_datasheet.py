"""The data sheet: a page of the stages' numbers, and as PDF where Chromium is."""

import re
import shutil

import pytest

from hexcoder.config import load_config
from hexcoder.metrics.asic import GlitchMetrics
from hexcoder.report.datasheet import CHROMIUM, PAGE, PDF, datasheet, datasheet_stage
from hexcoder.report.results import read_results
from hexcoder.steps.runner import run_stage
from tests.report import results as given


@pytest.fixture
def config():
    return load_config(given.CONFIG)


def cells(text, name):
    """Cells of the row of a figure."""
    row = re.search(rf'<th scope="row">{re.escape(name)}</th>(.*?)</tr>', text)
    return re.findall(r"<td[^>]*>(.*?)</td>", row[1])


def test_numbers_have_unit_state_corner_and_tool(tmp_path, config):
    glitch = given.example(GlitchMetrics) | {"power__glitch": 0.003}
    asic = given.asic() | glitch | {"energy_per_event_with_glitches_pj": 300.0}
    asic["origin"]["tools"] = {"OpenSTA": "2.0.17"}
    given.write_all(tmp_path, asic=asic)
    text = datasheet(read_results(config, "", "", tmp_path))
    state = ["after synthesis", "typical, 1.1 V, 25 °C", "OpenSTA 2.0.17"]
    assert cells(text, "energy an event, with glitches") == ["300.0", "pJ", *state]
    assert cells(text, "setup slack") == ["23.500", "ns", *state]
    assert cells(text, "in_data")[0] == "1,056"
    assert cells(text, "single-event upsets")[0] == "not measured"
    first = text.index("<h2>Power</h2>")
    assert text.index('class="lead"') > first
    assert text.index("with glitches") < text.index("without glitches")


def test_what_was_not_measured_says_so(tmp_path, config):
    text = datasheet(read_results(config, "", "", tmp_path))
    assert text.count("not measured") >= 3
    asic = given.without(given.asic(), GlitchMetrics, "no Icarus")
    given.write_all(tmp_path, asic=asic)
    text = datasheet(read_results(config, "", "", tmp_path))
    assert cells(text, "energy an event, with glitches")[0] == "not measured"


def test_without_chromium_there_is_the_page_alone(tmp_path, config, monkeypatch):
    monkeypatch.setattr(type(CHROMIUM), "version", property(lambda tool: None))
    given.write_all(tmp_path)
    run_stage(datasheet_stage(config, ""), config, tmp_path)
    assert (tmp_path / "datasheet" / PAGE).is_file()
    assert not (tmp_path / "datasheet" / PDF).exists()
    assert "apt-get install chromium" in CHROMIUM.missing


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_the_pdf_is_one_page_without_a_date_of_its_own(tmp_path, config):
    given.write_all(tmp_path)
    run_stage(datasheet_stage(config, ""), config, tmp_path)
    content = (tmp_path / "datasheet" / PDF).read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) == 1
    dates = re.findall(rb"Date \(D:(\d+)", content)
    assert set(dates) == {b"20000101000000"}
