"""ASIC: what the stages rtl and asic left beside a network."""

from pathlib import Path

from hexcoder.metrics.asic import AsicFile
from hexcoder.metrics.file import read_metrics
from hexcoder.metrics.rtl import RtlFile
from hexcoder.studies.architecture.platforms.result import Result


def read_asic(folder: Path) -> Result:
    """Area, latency and energy of the folder of a network.json.

    Raises
    ------
    InputError
        If a metrics.json is not of this version.
    """
    rtl = read_metrics(folder / "rtl" / "metrics.json", RtlFile, "hexcoder rtl")
    asic = read_metrics(folder / "asic" / "metrics.json", AsicFile, "hexcoder asic")
    if rtl is None or asic is None:
        why = f"{folder / 'asic' / 'metrics.json'} is not there; run `hexcoder asic`"
        return Result(
            platform="asic",
            what="this network in gates",
            not_measured=dict.fromkeys(("latency", "area", "energy"), why),
        )
    period_s = asic.clock__period_ns * 1e-9
    origin, reasons, energy_pj = asic.origin, {}, asic.energy_per_event_with_glitches_pj
    glitches = "with glitches"
    if energy_pj is None and asic.power is not None:
        energy_pj, glitches = asic.power.energy_per_event_pj, "without glitches"
    if energy_pj is None:
        reasons["energy"] = asic.why_not("energy_per_event_pj")
    met = asic.timing is not None and asic.timing.timing__setup__ws >= 0
    if not met:
        reasons["latency"] = "its timing is not met, or was not measured"
    return Result(
        platform="asic",
        what=f"{asic.top}, {origin.process}, {origin.stage}, {rtl.latency_cycles} clocks of "
        f"{asic.clock__period_ns:g} ns, energy {glitches}",
        latency_s=rtl.latency_cycles * period_s if met else None,
        period_s=period_s if met else None,
        energy_j=None if energy_pj is None else energy_pj * 1e-12,
        area_um2=asic.area.design__instance__area if asic.area else None,
        not_measured=reasons,
        # A pipeline of fewer clocks may be built: this one refutes no kind of chip.
        decides=False,
    )
