"""The shuttles: what of a project each wants, and how large it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.lib import wiring

from hexcoder.config import ClassicalMethod, Coded, Config, Network, Task
from hexcoder.errors import InputError
from hexcoder.flow.shuttle.size import UTILISATION, RoomNeeded, wrapper_um2
from hexcoder.hw.interfaces import Core
from hexcoder.hw.shuttle.byte_stream import BYTE_BITS, TinyTapeout
from hexcoder.hw.shuttle.wishbone import WORD_BITS, WishboneEvents
from hexcoder.sensor.front_end import ENERGY_BITS
from hexcoder.sensor.geometry import TRIGGER_CELLS


@dataclass(frozen=True)
class Site:
    """A place that a project may have: its name, width and height in um."""

    name: str
    width_um: float
    height_um: float

    @property
    def area_um2(self) -> float:
        """Its area."""
        return self.width_um * self.height_um


@dataclass(frozen=True)
class Shuttle:
    """What a project is made of.

    Attributes
    ----------
    name : str
    word_bits : int
        Of the words in which events and answers pass.
    component : callable
        From the design to what stands round it.
    prefix : str
        What the top module's name begins with.
    sites : tuple of Site
        The smallest first.
    sources, tests : str
        Folders of Verilog and of tests.
    wrapper : str
        Verilog in which the top module stands, beside it; empty where there is none.
    test : str
        Python module of the cocotb tests.
    templates : tuple of (str, str, str)
        Template, file, meaning.
    """

    name: str
    word_bits: int
    component: Callable[[Core], wiring.Component]
    prefix: str
    sites: tuple[Site, ...]
    sources: str
    tests: str
    wrapper: str
    test: str
    templates: tuple[tuple[str, str, str], ...]

    def site_for(self, name: str, room: RoomNeeded, wanted: str | None) -> Site:
        """The smallest site with the room that config ``name`` needs, or the wanted one.

        Raises
        ------
        InputError
            If it does not fit.
        """
        sites = self.sites if wanted is None else (self.site(wanted),)
        for site in sites:
            if room.needed_um2 <= site.area_um2:
                return site
        fits = next((one.name for one in self.sites if room.needed_um2 <= one.area_um2), None)
        raise InputError(
            f"config {name} needs about {room.needed_um2:,.0f} um2 on {self.name} at "
            f"{UTILISATION:.0%} utilisation (an estimate, {room.source}), and "
            f"{sites[-1].name} has {sites[-1].area_um2:,.0f}: {_what_would_do(self, room, fits)}"
        )

    def site(self, name: str) -> Site:
        """A site by its name; InputError if there is none."""
        for site in self.sites:
            if site.name == name:
                return site
        known = ", ".join(site.name for site in self.sites)
        raise InputError(f"--tiles {name}: {self.name} has no such place; one of {known}")

    def require_room_for_pins(self, config: Config, wanted: str | None) -> None:
        """InputError if the registers for a config's bits alone are too many: known at once."""
        least = wrapper_um2(*_least_bits(config))
        room = RoomNeeded(0.0, least, "of the shift registers alone")
        self.site_for(config.name, room, wanted)


def _what_would_do(shuttle: Shuttle, room: RoomNeeded, fits: str | None) -> str:
    if fits is not None:
        return f"--tiles {fits} would do" if room.core_um2 else f"it takes --tiles {fits} or more"
    others = [one for one in SHUTTLES.values() if one.sites[-1].area_um2 > _largest(shuttle)]
    other = "".join(f", or --project {o.name} ({_largest(o) / 1e6:.1f} mm2)" for o in others)
    return f"fewer inputs, outputs or weights would do{other}"


def _largest(shuttle: Shuttle) -> float:
    return shuttle.sites[-1].area_um2


def _least_bits(config: Config) -> tuple[int, int]:
    """Bits of events and answers, as far as a config says."""
    network = config.network
    if isinstance(network, Network | Task):
        elements = 1
        for size in network.input_shape:
            elements *= size
        return elements * network.input_type.width, 0
    if isinstance(network, Coded):
        return TRIGGER_CELLS * ENERGY_BITS, network.frame_bits
    return TRIGGER_CELLS * ENERGY_BITS if isinstance(network, ClassicalMethod) else 0, 0


def _tiles(**sizes: tuple[float, float]) -> tuple[Site, ...]:
    return tuple(Site(name.removeprefix("t"), *size) for name, size in sizes.items())


_HARDENING: Mapping[str, object] = {
    "PL_TARGET_DENSITY_PCT": round(100 * UTILISATION),
    "PL_RESIZER_HOLD_SLACK_MARGIN": 0.1,
    "GRT_RESIZER_HOLD_SLACK_MARGIN": 0.05,
    "RUN_LINTER": 1,
    "LINTER_INCLUDE_PDK_MODELS": 1,
    "CLOCK_PORT": "clk",
    "RUN_KLAYOUT_XOR": 0,
    "RUN_KLAYOUT_DRC": 0,
    "DESIGN_REPAIR_BUFFER_OUTPUT_PORTS": 0,
    "TOP_MARGIN_MULT": 1,
    "BOTTOM_MARGIN_MULT": 1,
    "LEFT_MARGIN_MULT": 6,
    "RIGHT_MARGIN_MULT": 6,
    "FP_SIZING": "absolute",
    "GRT_ALLOW_CONGESTION": 1,
    "FP_IO_HLENGTH": 2,
    "FP_IO_VLENGTH": 2,
    "FP_PDN_VPITCH": 38.87,
    "RUN_CTS": 1,
    "FP_PDN_MULTILAYER": 0,
    "MAGIC_DEF_LABELS": 0,
    "MAGIC_WRITE_LEF_PINONLY": 1,
}
"""Variables of LibreLane that TinyTapeout's hardening needs (its template for sky130)."""


def hardening(period_ns: float) -> dict[str, object]:
    """``src/config.json`` of a TinyTapeout project."""
    return {**_HARDENING, "CLOCK_PERIOD": period_ns, "VERILOG_DEFINES": ["SKY130_HD"]}


TINY_TAPEOUT = Shuttle(
    "tinytapeout",
    BYTE_BITS,
    TinyTapeout,
    "tt_um_",
    # Sizes of tt-support-tools for sky130A; names that info.yaml may have.
    _tiles(
        t1x1=(161.0, 111.52),
        t1x2=(161.0, 225.76),
        t2x2=(334.88, 225.76),
        t3x2=(508.76, 225.76),
        t4x2=(682.64, 225.76),
        t6x2=(1030.4, 225.76),
        t8x2=(1378.16, 225.76),
    ),
    "src",
    "test",
    "",
    "test_tile",
    (
        ("tinytapeout/info.yaml.j2", "info.yaml", "title, tiles, files, pins"),
        ("tinytapeout/info.md.j2", "docs/info.md", "protocol, how to test, size"),
        ("tinytapeout/tb.v.j2", "test/tb.v", "the tile for cocotb"),
        ("tinytapeout/test_tile.py.j2", "test/test_tile.py", "the tests"),
    ),
)
CARAVEL = Shuttle(
    "caravel",
    WORD_BITS,
    WishboneEvents,
    "",
    # The fixed outline of user_project_wrapper.
    (Site("the user area", 2920.0, 3520.0),),
    "verilog/rtl",
    "verilog/dv",
    "user_project_wrapper.v",
    "test_caravel",
    (
        ("caravel/README.md.j2", "README.md", "registers, how to use them, size"),
        ("caravel/user_project_wrapper.v.j2", "verilog/rtl/user_project_wrapper.v", "user area"),
        ("caravel/tb.v.j2", "verilog/dv/tb.v", "the wrapper for cocotb"),
        ("caravel/test_caravel.py.j2", "verilog/dv/test_caravel.py", "the tests"),
    ),
)
SHUTTLES = {shuttle.name: shuttle for shuttle in (TINY_TAPEOUT, CARAVEL)}
