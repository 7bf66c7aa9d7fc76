"""Files that appear whole or not at all, and JSON."""

import json
from pathlib import Path
from typing import Any

from hexcoder.errors import InputError


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a stable order and a final newline, in one step."""
    write_whole(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that is there whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run the stage that writes it first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid JSON: {error}") from None
