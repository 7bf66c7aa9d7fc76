"""What the steps of a netlist's stage share: views of its files, each loaded on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from hexcoder.config import Config
from hexcoder.flow.analysis.wire_load import wire_load_name
from hexcoder.flow.design import RTL_METRICS, Design, read_design
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.liberty import Library, read_liberty
from hexcoder.pdk.description import Pdk, load_pdk
from hexcoder.steps.reads import Place

T = TypeVar("T")


class Block:
    """A netlist of library cells, after synthesis.

    Parameters
    ----------
    place : Place
        Its config's sections clock, silicon and verification count.
    given : mapping of view to value, optional
        Views that are known already.
    """

    def __init__(self, place: Place, given: Mapping[Callable[..., Any], Any] | None = None):
        self.place = place
        self.config: Config = place.config
        self.folder = place.folder
        self._views = dict(given or {})

    @cached_property
    def design(self) -> Design:
        """What the netlist is of."""
        return read_design(self.place.path(RTL_METRICS))

    @property
    def event_ns(self) -> float:
        """Time from one event to the next."""
        return self.config.clock.period_ns * self.design.interface.interval_cycles

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.design.top

    @cached_property
    def verilog(self) -> Path:
        """The RTL."""
        return self.place.path("rtl/encoder.v")

    @cached_property
    def pdk(self) -> Pdk:
        """The config's."""
        return load_pdk(self.config.silicon.pdk)

    @cached_property
    def library(self) -> Library:
        """Cells at the PDK's first corner."""
        return read_liberty(self.pdk.liberty)

    @cached_property
    def wire_load(self) -> str | None:
        """Wire-load model in use."""
        return wire_load_name(self.library, self.config.silicon.wire_load)

    @property
    def constraints(self) -> Path:
        """SDC file."""
        return self.folder / "constraints.sdc"

    @property
    def netlist(self) -> Netlist:
        """The netlist's files."""
        return Netlist(self.folder / "netlist.v", self.folder / "netlist.json", self.top)

    @cached_property
    def cells(self) -> Path:
        """Models of the cells."""
        return self.place.path("asic/cells.json")

    def view(self, make: Callable[[Block], T]) -> T:
        """What a function makes of this block, made once for all steps of a run.

        Steps name the views that they use, so that each depends on the code of these alone.
        """
        if make not in self._views:
            self._views[make] = make(self)
        return self._views[make]
