"""Timing, power and glitches of a netlist, by OpenSTA and by the Liberty file's tables."""
