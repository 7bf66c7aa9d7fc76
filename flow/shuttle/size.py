"""How much room a design takes on a shuttle: an estimate, in cells of sky130_fd_sc_hd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hexcoder.documents import read_json
from hexcoder.metrics.asic import AreaMetrics, AsicFile
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile, Size
from hexcoder.pdk.description import Pdk, load_pdk
from hexcoder.pdk.technology import technology_of
from hexcoder.steps.reads import file_digest
from hexcoder.steps.records import Records

FULL_ADDER_UM2, REGISTER_UM2 = 20.02, 20.02
AND_UM2, XOR_UM2, MULTIPLEXER_UM2 = 6.26, 8.76, 11.26
"""LEF of sky130_fd_sc_hd: fa_1, dfxtp_1, and2_1, xor2_1, mux2_1."""
SHIFT_BIT_UM2 = REGISTER_UM2 + MULTIPLEXER_UM2
COUNTERS_UM2 = 800.0
"""Counters and flags of a wrapper."""
ALLOWANCE = 0.2
"""What clock tree, buffers for hold and slow nets, and antenna diodes add: experience, no bound."""
UTILISATION = 0.6
"""Share of the area that cells fill: TinyTapeout's PL_TARGET_DENSITY_PCT."""


@dataclass(frozen=True)
class RoomNeeded:
    """Estimated area of a design with its shift registers.

    Attributes
    ----------
    core_um2, wrapper_um2 : float
        Cells of the design, and of the registers round it.
    source : str
        What ``core_um2`` comes from.
    """

    core_um2: float
    wrapper_um2: float
    source: str

    @property
    def added_um2(self) -> float:
        """What layout adds."""
        return ALLOWANCE * (self.core_um2 + self.wrapper_um2)

    @property
    def needed_um2(self) -> float:
        """Area in which the cells fit at :data:`UTILISATION`."""
        return (self.core_um2 + self.wrapper_um2 + self.added_um2) / UTILISATION


def wrapper_um2(input_bits: int, output_bits: int) -> float:
    """Cells of the shift registers of events and answers, with their counters."""
    return input_bits * (SHIFT_BIT_UM2 + AND_UM2) + output_bits * SHIFT_BIT_UM2 + COUNTERS_UM2


def room_needed(build: Path, rtl: RtlFile, module: str) -> RoomNeeded:
    """Estimate the area of a module of a compiled design.

    Full adders and registers are taken one for one, other gates by the ratio of the areas of an
    AND gate: of the netlist that the stage asic left, or, where there is none of this RTL, of the
    gates that the compiler counted.

    Parameters
    ----------
    build : Path
    rtl : RtlFile
    module : str
        ``encoder_core``, or the top module.
    """
    ports = rtl.modules[module]
    wrapper = wrapper_um2(ports.input_bits, ports.output_bits)
    asic = _current_asic(build)
    if asic is not None and asic.area is not None:
        pdk = load_pdk(asic.origin.pdk)
        own = {*(layer.name for layer in rtl.layers), module}
        parts = None if module == rtl.top else own
        core = _of_netlist(asic.area, pdk, _registers(build), parts)
        return RoomNeeded(core, wrapper, f"after synthesis with {pdk.name}")
    total = rtl.total
    core = total.full_adders * FULL_ADDER_UM2 + total.other_gates * (AND_UM2 + XOR_UM2) / 2
    if isinstance(total, Size):
        core += total.register_bits * REGISTER_UM2
    return RoomNeeded(core, wrapper, "before synthesis, of the compiler's count of gates")


def _current_asic(build: Path) -> AsicFile | None:
    """Metrics of the stage asic, if they are of the RTL that lies there."""
    asic = read_metrics(build / "asic" / "metrics.json", AsicFile, "hexcoder asic")
    read = Records.read(build / "asic").reads("asic").get("rtl/encoder.v")
    return asic if read == file_digest(build / "rtl" / "encoder.v") else None


def _registers(build: Path) -> frozenset[str]:
    """Cells of the library that are registers."""
    cells = read_json(build / "asic" / "cells.json", "run 'hexcoder asic'")["cells"]
    return frozenset(name for name, cell in cells.items() if cell["register"])


def _of_netlist(
    area: AreaMetrics, pdk: Pdk, registers: frozenset[str], parts: set[str] | None
) -> float:
    technology = technology_of(pdk.name)
    full_adder = pdk.full_adder.cell if pdk.full_adder else ""

    def of(kinds: Mapping[str, int], area_um2: float) -> float:
        adders = kinds.get(full_adder, 0)
        bits = sum(count for kind, count in kinds.items() if kind in registers)
        others = area_um2 - adders * technology.full_adder_um2 - bits * technology.register_um2
        whole = adders * FULL_ADDER_UM2 + bits * REGISTER_UM2
        return whole + others * AND_UM2 / technology.and_um2

    return sum(
        of(area.cells_by_layer.get(part, {}), area_um2)
        for part, area_um2 in area.area_by_layer_um2.items()
        if parts is None or part in parts
    )
