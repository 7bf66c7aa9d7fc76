"""Published requirements of applications and published figures of platforms."""

from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt

from hexcoder.documents import read_toml
from hexcoder.sections import Section, validated
from hexcoder.studies.architecture.supply import Kind, Text

_FILE = Path(__file__).with_name("references.toml")


class Published(Section):
    """What a paper measured on a platform."""

    platform: Kind
    what: Text
    latency_s: PositiveFloat | None = None
    energy_j: PositiveFloat | None = Field(default=None, description="an event")
    source: Text


class Case(Section):
    """An application: its network, the rate and the latency that it asks for."""

    name: Text
    title: Text
    parameters: PositiveInt
    bits: PositiveInt
    rate_per_s: PositiveFloat
    latency_s: PositiveFloat
    source: Text
    results: tuple[Published, ...] = Field(default=(), description="of this very network")


class References(Section):
    """The whole file."""

    cases: tuple[Case, ...]
    results: tuple[Published, ...] = Field(description="of other networks")


def read_references() -> References:
    """What the package ships."""
    return validated(References, read_toml(_FILE, "published figures are TOML"), str(_FILE))
