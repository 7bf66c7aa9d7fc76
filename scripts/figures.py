"""Write the figures that the README quotes, from a run of the chain on configs/econ_t.toml.

    make all && .venv/bin/python scripts/figures.py build/econ_t

It writes docs/figures.json, what was measured and of which Verilog, and with it the tables between
the marks ``<!-- figures: NAME -->`` and ``<!-- end -->`` of README.md. A test fails where page and
file differ, or where the compiler makes other Verilog than the figures are of.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FILE = ROOT / "docs" / "figures.json"
PAGE = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "report.png"
_BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_ASIC = (
    "design__instance__area", "design__instance__count", "timing__setup__ws", "power__total",
    "power__leakage__total", "power__glitch", "energy_per_event_pj",
    "energy_per_event_with_glitches_pj", "origin", "netlist_check", "timed_check", "glitches",
)  # fmt: skip


def measured(build: Path) -> dict[str, Any]:
    """What the README quotes of a build folder."""

    def read(stage: str) -> dict[str, Any]:
        return json.loads((build / stage / "metrics.json").read_text(encoding="utf-8"))

    train, rtl, sim, asic = (read(stage) for stage in ("train", "rtl", "sim", "asic"))
    return {
        "network": json.loads((build / "network.json").read_text(encoding="utf-8")),
        "verilog": hashlib.sha256((build / "rtl" / "encoder.v").read_bytes()).hexdigest(),
        "parameters": train["parameters"],
        "physics": train["physics"],
        "baselines": train["baselines"],
        "torch_vectors": train["torch_against_golden"]["vectors"],
        "torch_mismatches": train["torch_against_golden"]["mismatches"],
        "latency_cycles": rtl["modules"]["encoder"]["latency_cycles"],
        "full_adders": rtl["total"]["full_adders"],
        "other_gates": rtl["total"]["other_gates"],
        "sim_vectors": sim["vectors"],
        "sim_mismatches": sim["mismatches"],
        "asic": {key: asic[key] for key in _ASIC},
    }


def table(rows: list[list[str]]) -> str:
    """A Markdown table, whose first row is its head."""
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rest)) + "\n"


def compression(figures: Mapping[str, Any]) -> str:
    """The encoder and the classical codes, by bits an event."""
    physics = figures["physics"]
    ours = {"name": "**hexcoder, econ_t**", **physics}
    rows = sorted([ours, *figures["baselines"]], key=lambda row: row["bits_per_event"])
    return table(
        [
            ["method", "bits per event", "mean EMD (half pitches)", "events left empty"],
            *(
                [
                    row["name"],
                    f"{row['bits_per_event']:.0f}",
                    f"{row['emd_mean']:.3f}",
                    f"{row['events_left_out']:,}",
                ]
                for row in rows
            ),
        ]
    )


def silicon(figures: Mapping[str, Any]) -> str:
    """What the block costs."""
    asic = figures["asic"]
    glitch = asic["energy_per_event_with_glitches_pj"]
    power_mw = 1e3 * (asic["power__total"] + asic["power__glitch"])
    return table(
        [
            ["figure", "value"],
            ["energy per event, glitches counted", f"**{glitch:.0f} pJ**"],
            ["energy per event, glitches not counted", f"{asic['energy_per_event_pj']:.0f} pJ"],
            [
                "power, glitches counted",
                f"{power_mw:.2f} mW",
            ],
            ["area of the standard cells", f"{asic['design__instance__area'] / 1e6:.4f} mm²"],
            ["standard cells", f"{asic['design__instance__count']:,}"],
            ["setup slack at a clock of 25 ns", f"{asic['timing__setup__ws']:.2f} ns"],
            ["latency", f"{figures['latency_cycles']} clocks; one event per clock"],
        ]
    )


def proof(figures: Mapping[str, Any]) -> str:
    """Which descriptions were compared, and on how many vectors."""
    check = figures["asic"]["netlist_check"]
    timed = figures["asic"]["timed_check"]
    return table(
        [
            ["compared", "vectors", "differ"],
            ["torch model and golden model", f"{figures['torch_vectors']:,}",
             f"{figures['torch_mismatches']}"],
            ["golden model and Verilog", f"{figures['sim_vectors']:,}",
             f"{figures['sim_mismatches']}"],
            ["golden model and gates", f"{check['vectors']:,}", f"{check['mismatches']}"],
            ["golden model and gates with their delays", f"{timed['vectors']:,}",
             f"{timed['mismatches']}"],
        ]
    )  # fmt: skip


TABLES = {"compression": compression, "silicon": silicon, "proof": proof}


def rendered(page: str, figures: Mapping[str, Any]) -> str:
    """A page with its tables made of the figures."""
    return _BLOCK.sub(lambda block: block[1] + TABLES[block[2]](figures) + block[3], page)


def picture(report: Path) -> None:
    """Take a picture of the report's top, where Chromium is installed."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no new picture: chromium is not installed", file=sys.stderr)
        return
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    size = ["--force-device-scale-factor=1.5", "--window-size=1160,620"]
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, *options, *size, f"--user-data-dir={profile}"]
        command += [f"--screenshot={PICTURE}", report.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


def main() -> int:
    """Measure, and write file and page."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    figures = measured(Path(sys.argv[1]))
    FILE.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    picture(Path(sys.argv[1]) / "report.html")
    print(f"{FILE.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
