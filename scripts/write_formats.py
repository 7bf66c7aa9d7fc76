"""Write the tables of asic, layout and librelane metrics in docs/formats.md from their classes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hexcoder.metrics.asic import AsicFile
from hexcoder.metrics.file import CORNER, MetricsFile, steps_of
from hexcoder.metrics.layout import CornerTiming, LayoutFile
from hexcoder.metrics.librelane import LibrelaneFile
from hexcoder.metrics.signoff import SignoffFile

DOCS = Path(__file__).parents[1] / "docs" / "formats.md"
FILES: dict[str, type[MetricsFile]] = {
    "asic": AsicFile,
    "layout": LayoutFile,
    "librelane": LibrelaneFile,
    "signoff": SignoffFile,
}


def table(file: type[MetricsFile]) -> str:
    """A row for each key: name, and content with its unit; a step's keys stand together."""
    steps = steps_of(file)
    rows = _rows({key: field for key, field in file.model_fields.items() if key not in steps})
    for step in steps.values():
        # In the file it is part of the origin.
        rows += _rows({k: field for k, field in step.model_fields.items() if k != "activity"})
        if step.model_config.get("extra") == "allow":
            rows += _rows(
                {f"{key}{CORNER}C": field for key, field in CornerTiming.model_fields.items()}
            )
    return "\n".join(["| key | content |", "| --- | --- |", *rows])


def _rows(fields: Mapping[str, FieldInfo]) -> list[str]:
    return [
        f"| `{field.alias or name}` | {field.description or ''}{_parts(field)} |"
        for name, field in fields.items()
    ]


def _parts(field: FieldInfo) -> str:
    """Keys of a value that has some."""
    kinds = get_args(field.annotation) or (field.annotation,)
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    keys = [f"`{key}`" for model in models for key in model.model_fields]
    return f": {', '.join(keys)}" if keys else ""


def written(text: str) -> str:
    """Return the page with its tables between the marks made anew."""
    for name, file in FILES.items():
        begin, end = f"<!-- {name}: scripts/write_formats.py -->", f"<!-- {name}: end -->"
        pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
        block = f"{begin}\n{table(file)}\n{end}"
        text, count = re.subn(pattern, lambda match, block=block: block, text, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"{DOCS.name}: {count} places for the table '{name}' in place of one")
    return text


if __name__ == "__main__":
    DOCS.write_text(written(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
