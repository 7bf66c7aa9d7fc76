"""The quantised encoder: what training sees is what the hardware computes."""
