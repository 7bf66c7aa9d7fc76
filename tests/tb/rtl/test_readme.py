"""What the README says of waveforms and of the protocol tests by hand, word for word."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms import ROOT

MODULES = ["encoder.fst", "encoder_core.fst"]


def run_line(part, compiled, folder):
    """Run the one line of the README that holds ``part``, on the compiled design."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("    ") and part in line]
    line = line.replace("build/tiny/network.json", shlex.quote(str(compiled.network_path)))
    line = line.replace("build/tiny/rtl", shlex.quote(str(compiled.design)))
    words = shlex.split(line)
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    program, *others = [word for word in words if "=" not in word]
    module = program.removeprefix(".venv/bin/")
    others = [str(ROOT / word) if (ROOT / word).is_file() else word for word in others]
    done = subprocess.run(
        [sys.executable, "-m", module, *others],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | settings,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done


@pytest.mark.long
def test_waveforms_are_written_for_each_module(compiled, tmp_path):
    run_line("--waves", compiled, tmp_path)
    waves: list[Path] = sorted((tmp_path / "waves").iterdir())
    assert [file.name for file in waves] == MODULES
    assert all(file.stat().st_size > 1000 for file in waves)


@pytest.mark.long
def test_protocol_tests_run_by_hand(compiled, tmp_path):
    done = run_line("by_hand.py", compiled, tmp_path)
    assert f"{len(MODULES)} passed" in done.stdout
