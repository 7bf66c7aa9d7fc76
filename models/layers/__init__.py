"""Layers of quantised networks in torch."""
