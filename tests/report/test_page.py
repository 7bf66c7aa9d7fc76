"""The report in a browser: how wide it becomes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hexcoder.config import load_config
from hexcoder.report.page import page
from hexcoder.report.results import read_results
from tests.report import results as given

CHROMIUM = shutil.which("chromium")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
SEND_WIDTH = """<script>
addEventListener("load", () =>
  parent.postMessage(`${innerWidth}:${document.documentElement.scrollWidth};`, "*"));
</script></body>"""
COLLECT = """<!DOCTYPE html><body><p id="widths"></p><script>
addEventListener("message", event => { widths.textContent += event.data; });
</script>FRAMES</body>"""


def content_widths(text: str, widths: list[int], folder: Path) -> dict[int, int]:
    """Width in pixels that a page takes in frames of given widths."""
    (folder / "page.html").write_text(text.replace("</body>", SEND_WIDTH))
    frames = "".join(
        f'<iframe src="page.html" style="width:{w}px;height:900px;border:0"></iframe>'
        for w in widths
    )
    (folder / "frames.html").write_text(COLLECT.replace("FRAMES", frames))
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM,
            *OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            (folder / "frames.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r'<p id="widths">(.*?)</p>', done.stdout)
    assert found, done.stderr[-2000:]
    pairs = [pair.split(":") for pair in found[1].split(";") if pair]
    return {int(frame): int(content) for frame, content in pairs}


needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@needs_chromium
@pytest.mark.parametrize("has_results", [True, False], ids=["whole", "empty"])
def test_the_page_is_no_wider_than_phone_or_screen(tmp_path, has_results):
    build = tmp_path / "build"
    build.mkdir()
    if has_results:
        rtl = given.rtl()
        rtl["layers"] += rtl["layers"][1:] * 8  # A flow of data that no screen holds in one row.
        given.write_all(build, rtl=rtl)
    config = load_config(given.CONFIG)
    options = f"--config configs/tiny.toml --build {'a_long_folder_name/' * 6}"
    text = page(read_results(config, options, given.CONFIG.read_text(), build))
    assert content_widths(text, [400, 1400], tmp_path) == {400: 400, 1400: 1400}


@needs_chromium
def test_the_measurement_notices_what_is_too_wide(tmp_path):
    text = '<!DOCTYPE html><body style="margin:0"><div style="width:700px">x</div></body>'
    assert content_widths(text, [400, 1400], tmp_path) == {400: 700, 1400: 1400}
