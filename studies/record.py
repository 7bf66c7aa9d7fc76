"""What studies write as JSON, as types."""

import json
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

Parameters: TypeAlias = dict[str, JsonValue]
"""What a search chose, by key of the config."""


class Record(BaseModel):
    """A part of a JSON file: keys that are not set are not written, and NaN is null."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def as_json(self) -> dict[str, JsonValue]:
        """Return what the file holds."""
        return json.loads(self.model_dump_json(by_alias=True, exclude_unset=True))
