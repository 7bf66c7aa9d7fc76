"""The search over a config's keys (docs/search.md)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from hexcoder.config.types import Count, Name, Section


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:,/+@%=-]+", text):
        raise ValueError("it must be one word of letters, digits and _.:,/+@%=-")
    return text


class SearchDimension(Section):
    """A key of the config that the search chooses: out of ``choices``, or from low to high."""

    key: str = Field(description="dotted path; layers by name: network.layers.conv.filters")
    choices: tuple[Any, ...] | None = Field(default=None, min_length=1)
    low: int | float | None = Field(default=None, description="whole if low and high both are")
    high: int | float | None = None
    step: int | float | None = Field(default=None, gt=0)
    log: bool = False

    @model_validator(mode="after")
    def _choices_or_range(self) -> SearchDimension:
        if (self.choices is None) == (self.low is None or self.high is None):
            raise ValueError("give either choices or both low and high")
        if self.choices is not None and (self.low, self.high, self.step) != (None, None, None):
            raise ValueError("choices go without low, high and step")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError(f"low = {self.low} must be less than high = {self.high}")
            if self.log and (self.low <= 0 or self.step is not None):
                raise ValueError("log needs low above 0 and no step")
            if all(isinstance(end, int) for end in (self.low, self.high)) and isinstance(
                self.step, float
            ):
                raise ValueError("step must be whole where low and high are")
        return self


class SearchVariant(Section):
    """A named part of a config, whose keys take the place of the base config's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Name


class SearchConstraints(Section):
    """What a trial must keep to be on the front."""

    most_bits_per_event: PositiveInt | None = None
    most_adder_bits: PositiveFloat | None = None


Word = Annotated[str, AfterValidator(_word)]
"""What goes into a job script as it stands."""


class SearchCluster(Section):
    """Jobs of a batch system, one trial at a time each."""

    workers: PositiveInt = Field(default=8, description="jobs")
    threads: PositiveInt = Field(default=2, description="cores of a job")
    memory: Word = "4GB"
    disk: Word = Field(default="4GB", description="HTCondor only")
    walltime: Word = Field(default="08:00:00", description="SLURM only")
    queue: Word | None = Field(default=None, description="SLURM's partition")
    account: Word | None = Field(default=None, description="SLURM only")
    interface: Word | None = Field(default=None, description="network interface, such as ib0")
    dashboard: Word = Field(
        default="localhost:0",
        description="where Dask's pages are shown: 'localhost:PORT', or ':PORT' for everyone who "
        "reaches the machine; port 0 takes a free one",
    )
    tls_ca: str | None = Field(
        default=None, description="PEM file of the authority; with the next two all is encrypted"
    )
    tls_certificate: str | None = Field(default=None, description="PEM file")
    tls_key: str | None = Field(default=None, description="PEM file")
    setup: tuple[str, ...] = Field(default=(), description="shell lines before the worker")
    directives: tuple[str, ...] = Field(default=(), description="as in a submit file")

    @model_validator(mode="after")
    def _all_of_tls(self) -> SearchCluster:
        files = (self.tls_ca, self.tls_certificate, self.tls_key)
        if any(files) and not all(files):
            raise ValueError("'tls_ca', 'tls_certificate' and 'tls_key' go together; give all")
        return self


class Search(Section):
    """Multi-objective search: EMD against adder bits (docs/search.md)."""

    trials: PositiveInt = 48
    seed: Count = 1
    sampler: Literal["nsga2", "tpe", "random", "grid"] = "nsga2"
    population: int = Field(default=12, ge=2, description="of NSGA-II; random trials before TPE")
    reference_emd: PositiveFloat = Field(default=2.0, description="of the hypervolume")
    reference_adder_bits: float = Field(default=1e5, gt=1, description="of the hypervolume")
    space: tuple[SearchDimension, ...] = ()
    variants: tuple[SearchVariant, ...] = ()
    constraints: SearchConstraints = SearchConstraints()
    cluster: SearchCluster = SearchCluster()

    @model_validator(mode="after")
    def _something_to_search(self) -> Search:
        if not self.space and not self.variants:
            raise ValueError("give search.space or search.variants: there is nothing to search")
        for what, names in (
            ("space.key", [dimension.key for dimension in self.space]),
            ("variants.name", [variant.name for variant in self.variants]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"search.{what} '{name}' stands there twice")
        return self
