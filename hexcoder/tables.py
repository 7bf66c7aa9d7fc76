"""Tables as files: Markdown for people, CSV for programs, each written in one step."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a final newline; cells are text already."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def value_text(value: object) -> str:
    """Return a config's value as a cell: nothing for None, four digits of a float."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def baseline_table(baselines: Sequence[Mapping[str, Any]]) -> str:
    """Return the Markdown table of baselines as train/metrics.json has them."""
    return markdown_table(
        ["baseline", "EMD", "bits an event"],
        [
            [str(row["name"]), f"{row['emd_mean']:.4f}", f"{row['bits_per_event']:.1f}"]
            for row in baselines
            if row["emd_mean"] is not None
        ],
    )


def csv_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return comma-separated values; None is an empty cell."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()
