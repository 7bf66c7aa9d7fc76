"""``hexcoder.nn``: layers for a torch module of one's own (docs/own_networks.md)."""

from hexcoder.models.layers.float_code import FloatCode
from hexcoder.models.layers.luts import GroupSum, Luts
from hexcoder.models.layers.quantise import Quantise, Table
from hexcoder.models.layers.sums import Convolution, Dense, Pool
from hexcoder.models.layers.thermometer import Thermometer

__all__ = [
    "Convolution",
    "Dense",
    "FloatCode",
    "GroupSum",
    "Luts",
    "Pool",
    "Quantise",
    "Table",
    "Thermometer",
]
