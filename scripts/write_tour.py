"""Write docs/tour.ipynb, the notebook of docs/api.md: its text, its code and what that prints.

    .venv/bin/python scripts/write_tour.py

The code runs in an empty folder, in about two minutes.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"
OWN_NETWORKS = ROOT / "docs" / "own_networks.md"
NOTEBOOK = ROOT / "docs" / "tour.ipynb"
_BLOCK = re.compile(r"```python\n(.*?)```\n", re.DOTALL)
_MARK = "\x1e"


def blocks_of(page: Path) -> list[str]:
    """A page's blocks of code, in order."""
    return [block.strip() for block in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def api_blocks() -> list[str]:
    """Those of the page that the notebook is made of."""
    return blocks_of(PAGE)


def notebook_code() -> list[str]:
    """The notebook's cells of code, in order."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]).strip() for cell in cells if cell["cell_type"] == "code"]


def printed(blocks: list[str]) -> list[str]:
    """What each block prints."""
    script = f"\nprint({_MARK!r})\n".join(blocks)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "page.py").write_text(script, encoding="utf-8")
        command = [sys.executable, "page.py"]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return [part.lstrip("\n") for part in done.stdout.split(_MARK)]


def _cell(kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True), **more}


def main() -> None:
    """Run the page and write the notebook."""
    parts = _BLOCK.split(PAGE.read_text(encoding="utf-8"))
    outputs = printed(parts[1::2])
    cells = []
    for number, text in enumerate(parts):
        if number % 2 == 0:
            cells += [_cell("markdown", text.strip())] if text.strip() else []
            continue
        said = outputs[number // 2]
        stream = {"name": "stdout", "output_type": "stream", "text": said.splitlines(keepends=True)}
        shown = [stream] if said else []
        cells.append(_cell("code", text.strip(), execution_count=number // 2 + 1, outputs=shown))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    NOTEBOOK.write_text(json.dumps(notebook, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
