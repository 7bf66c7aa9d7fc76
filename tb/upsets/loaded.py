"""The chip of a campaign: opened, and loaded with random settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sensor.chip.configuration import CALIBRATION_ONE, ChipConfiguration
from sensor.geometry import TRIGGER_CELLS
from tb.chip.pins import OUTPUT_WORDS
from tb.chip.session import ChipLanes
from tb.chip.simulators import open_netlist
from tb.chip.vectors import chip_fields
from tb.modules import field_values


def open_for_flips(design: Path, netlist: Path | None, work: Path) -> ChipLanes:
    """A chip in 64 lanes whose voters' outputs can be inverted too."""
    if netlist is None:
        return ChipLanes.of_rtl(design, work, transients=True)
    return open_netlist(design, netlist, transients=True)


def load_random(chip: ChipLanes, design: Path, seed: int) -> np.ndarray:
    """State of a chip with random settings, and others in its shadow: uint64 words of lanes."""
    fields = chip_fields(design)
    random = np.random.default_rng(seed)

    def bits(name: str) -> int:
        width = fields[name].width
        return int.from_bytes(random.bytes(-(-width // 8)), "little") >> -width % 8

    def configuration() -> ChipConfiguration:
        factors = random.integers(CALIBRATION_ONE // 2, 2 * CALIBRATION_ONE, TRIGGER_CELLS)
        return ChipConfiguration(
            tuple(random.permutation(TRIGGER_CELLS).tolist()),
            tuple(factors.tolist()),
            True,
            OUTPUT_WORDS,
            (1 << fields["keep_mask"].width) - 1,
            bits("parameters"),
        )

    chip.reset()
    chip.preset([field_values(configuration())], fields)
    if chip.pins.shadow:
        # A commit that nobody asked for would show.
        chip.preset([field_values(configuration())], fields, activate=False)
    return chip.simulation.state
