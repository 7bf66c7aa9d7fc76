"""A stage's metrics.json as a type: what it is of, and a class for each step that measured."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.sections import problem
from hexcoder.steps.step import FlatMetrics, Metrics

CORNER = "__corner:"
"""What stands between a metric of one corner and the corner's name."""

File = TypeVar("File", bound=BaseModel)


class MetricsFile(BaseModel):
    """What lies in a metrics.json.

    A field of a class of :class:`Metrics` holds what one step measured; None where it did not. In
    the file the keys of all steps lie side by side.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    not_measured: dict[str, str] = Field(
        default_factory=dict, description="reason for every key that is null"
    )

    def why_not(self, key: str) -> str:
        """Return the reason why a key is null."""
        return self.not_measured.get(key, "no reason recorded")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Sort the keys of a file by the step that measured them.

        Raises
        ------
        pydantic.ValidationError
            If a key is missing, unknown or of another type.
        """
        rest, steps = dict(values), {}
        for name, metrics in steps_of(cls).items():
            keys = metrics.names()
            if metrics.model_config.get("extra") == "allow":
                keys += [key for key in values if CORNER in key]
            measured = {key: rest.pop(key) for key in keys if key in rest}
            if all(value is None for value in measured.values()):
                continue
            if "activity" in keys:
                # In the file it is part of the origin.
                measured["activity"] = (values.get("origin") or {}).get("activity")
            steps[name] = measured
        return cls.model_validate(rest | steps)

    def flat(self) -> FlatMetrics:
        """Return the keys as they lie in the file."""
        steps = steps_of(type(self))
        values = self.model_dump(mode="json", exclude=set(steps))
        for name, metrics in steps.items():
            measured = getattr(self, name)
            values |= dict.fromkeys(metrics.names())
            if measured is not None:
                values |= measured.model_dump(mode="json", by_alias=True, exclude_unset=True)
            values.pop("activity", None)
        return values


@cache
def steps_of(file: type[MetricsFile]) -> dict[str, type[Metrics]]:
    """Return the classes of a file's steps by the name of their field."""
    kinds = {
        name: next(
            (k for k in get_args(hint) if isinstance(k, type) and issubclass(k, Metrics)), None
        )
        for name, hint in get_type_hints(file).items()
    }
    return {name: kind for name, kind in kinds.items() if kind is not None}


def read_metrics(path: Path, file: type[File], command: str) -> File | None:
    """Read a metrics.json.

    Parameters
    ----------
    path : Path
    file : type of a pydantic model
        What lies in it; the keys of a :class:`MetricsFile` are sorted by step.
    command : str
        What writes it, for the message.

    Returns
    -------
    model or None
        None where there is no such file.

    Raises
    ------
    InputError
        If the file does not have the keys and types of this version.
    """
    if not path.is_file():
        return None
    values = read_json(path)
    if not isinstance(values, dict):
        raise InputError(f"{path}: not a JSON object; run `{command}` again")
    try:
        return file.of(values) if issubclass(file, MetricsFile) else file.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: {problem(error)}; run `{command}` again") from None
