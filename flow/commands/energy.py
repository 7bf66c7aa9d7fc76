"""Power and energy in a summary of one line."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from hexcoder.steps.console import measured


def power_and_energy(metrics: Mapping[str, Any]) -> str:
    """Both with glitches, then both without; what was not measured is said to be so."""
    power, glitch = metrics.get("power__total"), metrics.get("power__glitch")
    whole = None if power is None or glitch is None else power + glitch
    estimated = (metrics.get("glitches") or {}).get("is_estimate")
    counted = "with glitches, an estimate" if estimated else "with glitches"
    show = partial(measured, dict(metrics) | {"power_with_glitches": whole})
    return (
        f"power {show('power_with_glitches', '{:.3f} mW', 1e3)}, "
        f"energy per event {show('energy_per_event_with_glitches_pj', '{:.1f} pJ')} {counted}; "
        f"{show('power__total', '{:.3f} mW', 1e3)}, "
        f"{show('energy_per_event_pj', '{:.1f} pJ')} without"
    )
