"""``hexcoder.nn``: layers for a torch module of one's own (docs/own_networks.md)."""

from hexcoder.models.layers.quantise import Quantise, Table
from hexcoder.models.layers.sums import Convolution, Dense, Pool

__all__ = ["Convolution", "Dense", "Pool", "Quantise", "Table"]
