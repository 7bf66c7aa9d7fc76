"""Where figures after synthesis come from, for reports and tables."""

from typing import Any

from hexcoder.steps.reads import versions
from hexcoder.tools import tool_version
from pdk.description import Pdk


def synthesis_origin(pdk: Pdk, wire_load: str | None) -> dict[str, Any]:
    """Say what was measured in which process by which tools.

    Parameters
    ----------
    pdk : Pdk
    wire_load : str or None
        Wire-load model of the Liberty file.
    """
    return {
        "stage": "after synthesis, before placement",
        "pdk": pdk.name,
        "process": pdk.process,
        "node_nm": pdk.node_nm,
        "corner": pdk.corner_name,
        "voltage_v": pdk.corner.voltage_v,
        "temperature_c": pdk.corner.temperature_c,
        "wires": f"wire-load estimate, model {wire_load}" if wire_load else "none",
        "clock": "ideal: no clock tree, no clock buffers",
        "activity": None,
        "tools": versions("pyosys") | {"OpenSTA": tool_version("sta", "-version")},
    }
