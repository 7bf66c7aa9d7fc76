"""The rooms of the house, from the ground up."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

ROOMS = (
    "hexcoder",
    "network",
    "hw",
    "netlist",
    "sensor",
    "pdk",
    "models",
    "gen",
    "report",
    "tb",
    "flow",
    "studies",
    "bench",
)
