"""The design point: all sections together, read from and written as TOML."""

import re
from pathlib import Path

import tomli_w
from pydantic import Field, PositiveFloat, field_validator

from hexcoder.config.hardware import (
    Chip,
    Clock,
    Compiler,
    Librelane,
    Pipeline,
    Silicon,
    Verification,
)
from hexcoder.config.kinds import AnyNetwork
from hexcoder.config.network import Coded, Network, Quantisation
from hexcoder.config.search import Search
from hexcoder.config.training import Data, Training
from hexcoder.config.types import Name, Section
from hexcoder.documents import read_toml
from hexcoder.errors import InputError
from hexcoder.sections import validated
from hexcoder.technology import Technology


class Config(Section):
    """A design point."""

    name: Name
    data: Data = Data()
    network: AnyNetwork
    quantisation: Quantisation = Quantisation()
    training: Training = Training()
    pipeline: Pipeline = Pipeline()
    compiler: Compiler = Compiler()
    chip: Chip = Chip()
    technology: dict[str, PositiveFloat] = Field(
        default={}, description="single values in place of those of the PDK's table"
    )
    verification: Verification = Verification()
    clock: Clock = Clock()
    silicon: Silicon = Silicon()
    librelane: Librelane = Librelane()
    search: Search | None = None

    @property
    def layered(self) -> Network:
        """The section 'network' of an encoder that is made of layers; InputError for others."""
        if isinstance(self.network, Network):
            return self.network
        raise InputError(
            f"config {self.name}: key 'network.kind' = '{self.network.kind}': this is for encoders "
            "made of layers"
        )

    @property
    def coded(self) -> Coded:
        """The section 'network' of an adaptive code; InputError for others."""
        if isinstance(self.network, Coded):
            return self.network
        raise InputError(
            f"config {self.name}: key 'network.kind' = '{self.network.kind}': this is for adaptive "
            "codes, kind 'coded'"
        )

    @field_validator("technology")
    @classmethod
    def _in_the_table(cls, values: dict[str, float]) -> dict[str, float]:
        known = Technology.model_fields
        for name in values:
            if name not in known:
                raise ValueError(f"'{name}' is not known here; one of {', '.join(known)}")
        return values


_FAMILIES = {"sky130A": "sky130", "sky130B": "sky130"}
"""What a flow outside calls a process that the embedded flow has too."""


SHIPPED = Path(__file__).parents[1] / "configs"
"""Folder of the configs that come with hexcoder."""


def find_config(name: Path | str) -> Path:
    """Path of a config: the file itself, or a config that comes with hexcoder by its name."""
    path = Path(name)
    folders = (Path(), Path("zoo"))
    if not path.exists() and path.parent in (*folders, *(Path("configs") / one for one in folders)):
        for folder in folders:
            shipped = SHIPPED / folder / f"{path.name.removesuffix('.toml')}.toml"
            if shipped.is_file():
                return shipped
    return path


def shipped_configs() -> list[Path]:
    """Configs that come with hexcoder."""
    return [*sorted(SHIPPED.glob("*.toml")), *sorted(SHIPPED.glob("zoo/*.toml"))]


def config_text(config: Config) -> str:
    """Write a config as TOML; keys without a value stay out, because TOML has no null."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def load_config(
    path: Path | str,
    events: str | None = None,
    pdk: str | None = None,
    columns: str | None = None,
) -> Config:
    """Read a design point.

    Parameters
    ----------
    path : path of a TOML file, or name of one that comes with hexcoder
    events : str, optional
        Takes the place of ``data.events``, as ``make all EVENTS=...`` asks.
    pdk : str, optional
        Takes the place of ``silicon.pdk``, as ``make all PDK=...`` asks. The config's name gets it
        at its end, so that the results of several processes stand side by side.

    columns : str, optional
        Takes the place of ``data.columns``.

    Raises
    ------
    InputError
        One line with file, key, value and what would be valid.
    """
    path = find_config(path)
    names = ", ".join(shipped.stem for shipped in shipped_configs())
    values = read_toml(
        path, "a config is a TOML file", f"a config is a TOML file, or one of {names}"
    )
    pdk = _FAMILIES.get(pdk, pdk) if pdk else None
    config = validated(Config, values, str(path))
    if pdk and pdk != config.silicon.pdk:
        values["silicon"] = values.get("silicon", {}) | {"pdk": pdk}
        suffix = re.sub(r"\W+", "_", Path(pdk).stem if pdk.endswith(".toml") else pdk)
        values["name"] = f"{config.name}_{suffix}"
        config = validated(Config, values, str(path))
    given = {"events": events, "columns": columns}
    if changes := {key: value for key, value in given.items() if value is not None}:
        data = validated(Data, config.data.model_dump() | changes, str(path))
        config = config.model_copy(update={"data": data})
    return config
