"""The rooms of the house, from the ground up."""

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
