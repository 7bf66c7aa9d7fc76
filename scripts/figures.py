"""Write the figures that the README quotes, from runs of the chain.

    make all && .venv/bin/python scripts/figures.py build/econ_t

It writes docs/figures.json, what was measured and of which Verilog, and with it the tables between
the marks ``<!-- figures: NAME -->`` and ``<!-- end -->`` of README.md. Several build folders may be
given; encoders that are not among them keep their figures. Of a folder without the stage asic the
training's figures are taken alone. A test fails where page and file differ, or where the compiler
makes other Verilog than the figures are of.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
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

    train = read("train")
    found: dict[str, Any] = {
        "network": json.loads((build / "network.json").read_text(encoding="utf-8")),
        "physics": train["physics"],
        "baselines": train["baselines"],
    }
    if agreement := train["torch_against_golden"]:
        found["torch_vectors"] = agreement["vectors"]
        found["torch_mismatches"] = agreement["mismatches"]
    if not (build / "asic" / "metrics.json").is_file():
        return found
    rtl, sim, asic = (read(stage) for stage in ("rtl", "sim", "asic"))
    return found | {
        "verilog": hashlib.sha256((build / "rtl" / "encoder.v").read_bytes()).hexdigest(),
        "latency_cycles": rtl["modules"]["encoder"]["latency_cycles"],
        "sim_vectors": sim["vectors"],
        "sim_mismatches": sim["mismatches"],
        "asic": {key: asic[key] for key in _ASIC},
    }


def table(rows: list[list[str]]) -> str:
    """A Markdown table, whose first row is its head."""
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rest)) + "\n"


def compression(figures: Mapping[str, Any]) -> str:
    """The encoders and the classical codes, by bits an event."""
    ours = [
        {"name": f"**{name}**", **found["physics"]}
        for name, found in figures.items()
        if found["network"]["format"] != "hexcoder-classical"
    ]
    # The same events for all; the largest best choice that fits differs with the encoder's bits.
    others = {row["name"]: row for found in figures.values() for row in found["baselines"]}
    rows = sorted([*ours, *others.values()], key=lambda row: row["bits_per_event"])
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


def _built(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Encoders that the chain has taken to gates."""
    return {name: found for name, found in figures.items() if "asic" in found}


def silicon(figures: Mapping[str, Any]) -> str:
    """What the blocks cost."""
    built = _built(figures)

    def row(name: str, value: Callable[[Mapping[str, Any]], str]) -> list[str]:
        return [name, *(value(found["asic"]) for found in built.values())]

    physics = [found["physics"] for found in built.values()]
    return table(
        [
            ["figure", *built],
            ["bits per event", *(f"{each['bits_per_event']}" for each in physics)],
            ["mean EMD, half pitches", *(f"{each['emd_mean']:.3f}" for each in physics)],
            row(
                "energy per event, glitches counted",
                lambda asic: f"**{asic['energy_per_event_with_glitches_pj']:.0f} pJ**",
            ),
            row(
                "energy per event, glitches not counted",
                lambda asic: f"{asic['energy_per_event_pj']:.0f} pJ",
            ),
            row(
                "power, glitches counted",
                lambda asic: f"{1e3 * (asic['power__total'] + asic['power__glitch']):.2f} mW",
            ),
            row(
                "area of the standard cells",
                lambda asic: f"{asic['design__instance__area'] / 1e6:.4f} mm²",
            ),
            row("standard cells", lambda asic: f"{asic['design__instance__count']:,}"),
            row(
                "setup slack at a clock of 25 ns",
                lambda asic: f"{asic['timing__setup__ws']:.2f} ns",
            ),
            ["latency in clocks; one event per clock",
             *(f"{found['latency_cycles']}" for found in built.values())],
        ]
    )  # fmt: skip


def proof(figures: Mapping[str, Any]) -> str:
    """Which descriptions were compared, and on how many vectors."""
    rows = [["compared", "encoder", "vectors", "differ"]]
    for name, found in _built(figures).items():
        check, timed = found["asic"]["netlist_check"], found["asic"]["timed_check"]
        if "torch_vectors" in found:
            rows.append(
                ["torch model and golden model", name, f"{found['torch_vectors']:,}",
                 f"{found['torch_mismatches']}"]
            )  # fmt: skip
        rows += [
            ["golden model and Verilog", name, f"{found['sim_vectors']:,}",
             f"{found['sim_mismatches']}"],
            ["golden model and gates", name, f"{check['vectors']:,}", f"{check['mismatches']}"],
            ["golden model and gates with their delays", name, f"{timed['vectors']:,}",
             f"{timed['mismatches']}"],
        ]  # fmt: skip
    return table(rows)


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
    builds = [Path(name) for name in sys.argv[1:]]
    if not builds:
        print(__doc__, file=sys.stderr)
        return 2
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    known |= {build.name: measured(build) for build in builds}
    figures = {name: known[name] for name in sorted(known)}
    FILE.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    if (page := builds[0] / "report.html").is_file():
        picture(page)
    print(f"{FILE.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
