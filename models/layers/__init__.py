"""Layers of quantised networks in torch: what training sees is what the hardware computes."""
