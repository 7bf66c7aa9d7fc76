"""The compiled design that a netlist is of, as rtl/metrics.json describes it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.netlist.simulation import Interface
from hexcoder.steps.reads import Given, Place

RTL_METRICS = "rtl/metrics.json"
CORE = "encoder_core"
FIXED_ONLY = "weights in registers: the netlist is simulated in 64 lanes instead"
"""Why a check is left out where weights are loadable."""


@dataclass(frozen=True)
class Design:
    """Shape of a design's top module.

    Attributes
    ----------
    top : str
    interface : Interface
        Of its data; the frame of ``encoder`` ends with the code of the energy sum. Empty where
        weights lie in registers: these designs are simulated by way of their pins.
    is_loadable : bool
        Its weights lie in registers.
    triplicated_bits : int
        Registers that have three copies.
    """

    top: str
    interface: Interface
    is_loadable: bool = False
    triplicated_bits: int = 0

    @property
    def why_not_proved(self) -> str | None:
        """Why the proof for pipelines without feedback is left out, if it is."""
        if self.is_loadable:
            return FIXED_ONLY
        if self.interface.interval_cycles > 1:
            return "sums take turns on shared adders: the netlist is simulated in 64 lanes instead"
        return None


def read_design(path: Path) -> Design:
    """Read rtl/metrics.json.

    Raises
    ------
    InputError
        If it is not a file that the compiler wrote.
    """
    rtl = read_json(path)
    try:
        top: str = rtl["top"]
        if "registers" in rtl:
            bits: int = rtl["triplicated_bits"] if rtl["chip"]["triplicated"] else 0
            return Design(top, Interface((), (), 0), True, bits)
        ports = rtl["modules"][top]
        outputs = _widths(ports, "output")
        if rest := ports["output_bits"] - sum(outputs):
            outputs.append(rest)
        inputs = _widths(ports, "input")
        interface = Interface(
            tuple(inputs),
            tuple(outputs),
            ports["latency_cycles"],
            ports.get("interval_cycles", 1),
        )
        return Design(top, interface)
    except (KeyError, TypeError):
        raise InputError(f"{path}: not as the compiler writes it; run `make rtl` again") from None


def _widths(ports: Mapping[str, Any], side: str) -> list[int]:
    """Bits of each element of a port."""
    tensors = ports.get(f"{side}_tensors") or [
        {"elements": ports[f"{side}_elements"], "width": ports[f"{side}_width"]}
    ]
    return [one["width"] for one in tensors for _ in range(one["elements"])]


def _state(place: Place) -> object:
    path = place.path(RTL_METRICS)
    if not path.is_file():
        raise InputError(f"{path}: no such file; 'make rtl' writes it")
    return asdict(read_design(path))


DESIGN = Given(RTL_METRICS, _state)
"""Of rtl/metrics.json what a netlist depends on: how long the compiler took is not."""
