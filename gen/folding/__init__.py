"""Folded designs: one event every N clocks, by fewer gates that are used N times."""
