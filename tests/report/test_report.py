import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hexcoder.config import load_config
from hexcoder.errors import InputError
from hexcoder.flow.__main__ import main
from hexcoder.metrics.asic import GateLevelMetrics, PowerMetrics, TimingMetrics
from hexcoder.report.page import page
from hexcoder.report.results import read_results
from hexcoder.steps.reads import file_digest
from tests.report import results as given

VOID = {"meta", "br", "img", "hr", "link", "input"}
SECTIONS = ["built", "physics", "verification", "hardware", "origin"]


class Outline(HTMLParser):
    """Checks nesting; collects text by section, identifiers and references."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references, self.addresses = [], [], [], []
        self.text = {"": ""}
        self.pictures_without_label = 0

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "svg" and not any(label for _, _, label in self.open):
            self.pictures_without_label += 1
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("href", "src"):
            if found.get(name, "#").startswith("#"):
                self.references += [found[name][1:]] if name in found else []
            else:
                self.addresses.append(found[name])
        self.references += re.findall(r"url\(#([^)]+)\)", " ".join(v or "" for v in found.values()))
        if tag not in VOID:
            section = found.get("id", "") if tag == "section" else ""
            self.open.append((tag, section, bool(found.get("aria-label"))))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data):
        section = next((name for _, name, _ in self.open if name), "")
        self.text[section] = self.text.get(section, "") + data


def report(build: Path) -> str:
    config = load_config(given.CONFIG)
    return page(read_results(config, "--config tiny.toml", given.CONFIG.read_text(), build))


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    found.close()
    assert not found.open
    return found


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


@pytest.fixture
def build(tmp_path) -> Path:
    return tmp_path / "build"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> str:
    """The report where every stage has run and passed."""
    build = tmp_path_factory.mktemp("whole") / "build"
    given.write_all(build)
    return report(build)


def test_a_whole_report_is_well_formed_and_fetches_nothing(whole):
    found = outline(whole)
    assert [name for name in found.text if name] == SECTIONS
    assert found.addresses == ["rtl/metrics.json", "sim/metrics.json", "asic/timing_setup.rpt",
                               "asic/metrics.json"]  # fmt: skip
    assert "http:" not in whole
    assert "https:" not in whole
    assert "@import" not in whole
    assert "<script" not in whole
    assert found.pictures_without_label == 0
    assert "not measured" not in words(whole)


def test_identifiers_of_all_pictures_are_unique_and_found(whole):
    found = outline(whole)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.references) <= set(found.ids)


def test_the_outline_notices_a_wrong_nesting():
    with pytest.raises(AssertionError, match="closes <b>"):
        outline("<p><b>x</p></b>")


def test_key_figures_stand_with_their_units(whole):
    head = words(whole.split("</header>")[0])
    for figure in (
        "0.750 half pitches",
        "100 bits per event",
        "16,108 vectors, 0 mismatches",
        "50 ns 2 clocks of 25 ns",
        "0.012 mm²",
        "23.50 ns at 25 ns period",
        "9.00 mW",
        "225 pJ per event",
    ):
        assert figure in head


def test_every_column_of_numbers_says_its_unit_or_what_it_counts(whole):
    counts = {
        "weights",
        "zero weights",
        "full adders",
        "events counted",
        "left out, empty",
        "vectors",
        "mismatches",
        "cells",
        "value",  # Its unit stands in the next column.
    }
    heads = re.findall(r'<th scope="col" class="number">(.*?)</th>', whole)
    assert len(heads) > 20
    without_unit = {head for head in heads if "<span" not in head}
    assert without_unit <= counts


def test_shares_are_of_the_numbers_given(whole):
    text = words(whole)
    assert "SQ(1,5) 200 50 25.0 %" in text  # Sparsity.
    assert "latent 12,000 97.2 % 90 66.7 % 0.0 % 33.3 %" in text  # 60 adders of 90 cells.
    assert "whole design 12,346 100.0 % 100 60.0 % 10.0 % 30.0 %" in text


def test_baseline_at_equal_bits_is_the_dearest_that_is_not_dearer(whole):
    text = words(whole)
    assert (
        "At equal bits this encoder is worse: EMD 0.750 half pitches at 100 bits, "
        "against 0.500 half pitches of best choice 6 at 99 bits"
    ) in text


def test_a_better_encoder_is_called_better(build):
    train = given.train()
    train["physics"]["emd_mean"] = 0.3
    given.write_all(build, train=train)
    text = words(report(build))
    assert "At equal bits this encoder is better: EMD 0.300" in text
    assert "The cheapest baseline" not in text


@pytest.mark.parametrize("stage", ["train", "rtl", "sim", "asic"])
def test_a_missing_stage_is_named_with_its_command(build, stage):
    stages = {"train": given.train(), "rtl": given.rtl(), "sim": given.sim(), "asic": given.asic()}
    del stages[stage]
    given.write(build, **stages)
    text = report(build)
    assert f"stage '{stage}' has no result yet" in words(text)
    assert f"hexcoder {stage} --config tiny.toml" in words(text)
    assert all(len(outline(text).text[name].strip()) > 100 for name in SECTIONS)


def test_without_any_result_no_section_is_empty_and_no_figure_is_made_up(build):
    build.mkdir()
    text = report(build)
    found = outline(text)
    assert all(len(found.text[name].strip()) > 100 for name in SECTIONS)
    figures = re.findall(r'<span class="value">(.*?)</span>', text)
    assert figures == ["not measured"] * 8


def test_what_was_not_measured_gives_the_reason_in_place_of_a_number(build):
    asic = given.without(given.asic(), PowerMetrics, "OpenSTA is not installed")
    asic = given.without(asic, TimingMetrics, "no timing__setup__ws today")
    asic = given.without(asic, GateLevelMetrics, "no gate_level_check today")
    given.write_all(build, asic=asic)
    text = words(report(build))
    assert "Power: not measured (OpenSTA is not installed)." in text
    assert "Timing: not measured (no timing__setup__ws today)." in text
    assert "no gate_level_check today" in text
    assert "power not measured 95 mW" in text  # Beside the chip's.
    assert "9.00 mW" not in text


def test_metrics_of_no_event_are_not_measured(build):
    train = given.train()
    train["physics"]["emd_mean"] = float("nan")
    train["examples"], train["history"] = [], []
    given.write_all(build, train=train)
    text = words(report(build))
    assert "EMD, mean not measured" in text
    assert "nan" not in text.split("Origin")[0].lower().replace("nangate", "")


def test_a_mismatch_is_shown_with_layer_element_event_and_values(build):
    sim = given.sim()
    sim["mismatches"] = 3
    sim["first_mismatch"] = {
        "module": "encoder_core",
        "layer": "latent",
        "element": 2,
        "event": 41,
        "expected": 17,
        "actual": 19,
        "waveform": "waves/encoder_core_mismatch.fst",
    }
    sim["protocol_tests"]["encoder"]["gaps_in_valid"] = "out_valid rose early"
    given.write_all(build, sim=sim)
    text = words(report(build))
    assert "3 of 16,108 differ" in text
    assert (
        "First difference: module encoder_core, layer latent, element 2, event 41: "
        "expected 17, got 19. Waveform: waves/encoder_core_mismatch.fst."
    ) in text
    assert "Protocol test 'gaps_in_valid' of module encoder failed: out_valid rose early" in text
    assert "encoder_core, encoder (seed 5) 16,108 3 FAILED" in text


def test_a_netlist_with_wrong_valid_is_shown_as_failed(build):
    asic = given.asic()
    asic["netlist_check"] = asic["netlist_check"] | {"valid_errors": 4, "passed": False}
    given.write_all(build, asic=asic)
    text = words(report(build))
    assert "out_valid is wrong in 4 clocks." in text
    assert "2,000 0 FAILED" in text


def test_a_period_that_is_not_met_is_shown_as_failed(build):
    given.write_all(build, asic=given.asic() | {"timing__setup__ws": -1.25})
    text = words(report(build))
    assert "The clock period of 25 ns is not met: setup slack \N{MINUS SIGN}1.250 ns." in text


def test_results_of_another_design_are_called_out_of_date(build):
    given.write_all(build)
    (build / "rtl" / "encoder.v").write_text("module encoder; endmodule\n")
    given.record(build, "sim", {"rtl/encoder.v": "of another file"})
    text = words(report(build))
    assert "The results of stage 'sim' were made from another rtl/encoder.v" in text
    assert "The results of stage 'asic'" not in text


def test_a_stale_stage_shows_no_number_and_takes_those_behind_it_along(build):
    given.write_all(build)
    given.record(build, "asic", {"rtl/encoder.v": "of another file"})
    (build / "rtl" / "encoder.v").write_text("module encoder; endmodule\n")
    (build / "asic" / "netlist.v").write_text("module encoder; endmodule\n")
    (build / "layout").mkdir()
    given.record(build, "layout", {"asic/netlist.v": file_digest(build / "asic" / "netlist.v")})
    (build / "layout" / "metrics.json").write_text("{}")
    text = words(report(build).split('id="origin"')[0])
    for stage in ("asic", "layout"):
        assert f"The results of stage '{stage}' were made from another rtl/encoder.v" in text
    assert "results of stage 'asic' are out of date" in text
    for number in ("12,346", "23.50", "9.00 mW", "225 pJ"):
        assert number not in text


def test_metrics_of_another_version_are_one_line_with_the_stage_to_run_again(build):
    asic = given.asic()
    del asic["timing__hold__ws"]
    given.write_all(build, asic=asic)
    with pytest.raises(InputError) as caught:
        report(build)
    line = str(caught.value)
    assert "timing__hold__ws" in line
    assert f"{build}/asic/metrics.json" in line
    assert "run `hexcoder asic --config tiny.toml` again" in line


def test_a_name_that_looks_like_html_is_only_text(build):
    train = given.train()
    train["events"]["source"] = "<script>alert(1)</script>.csv"
    given.write_all(build, train=train)
    assert "<script" not in report(build)


def test_same_results_give_the_same_bytes(build):
    given.write_all(build)
    assert report(build) == report(build)


def test_the_command_writes_the_page_once(build, capsys):
    given.write_all(build)
    options = ["report", "--config", str(given.CONFIG), "--build", str(build)]
    assert main(options) == 0
    assert re.fullmatch(
        rf"report: {re.escape(str(build))}/report\.html \(\d+ KiB\)\n", capsys.readouterr().out
    )
    first = (build / "report.html").read_bytes()
    assert main(options) == 0
    assert "up to date" in capsys.readouterr().out
    (build / "sim" / "metrics.json").unlink()
    assert main(options) == 0
    assert "up to date" not in capsys.readouterr().out
    assert (build / "report.html").read_bytes() != first
