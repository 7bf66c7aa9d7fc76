"""The design point: one TOML file that every stage reads (docs/config.md)."""

from hexcoder.config.design_point import Config, config_text, load_config
from hexcoder.config.hardware import (
    Chip,
    Clock,
    Compiler,
    Librelane,
    Pipeline,
    Silicon,
    Verification,
)
from hexcoder.config.network import (
    ConvolutionShape,
    Decoder,
    DenseShape,
    FlattenShape,
    LayerShape,
    Network,
    Quantisation,
)
from hexcoder.config.search import (
    Search,
    SearchCluster,
    SearchConstraints,
    SearchDimension,
    SearchVariant,
)
from hexcoder.config.training import Data, Pruning, Teacher, Training
from hexcoder.config.types import (
    Activation,
    Count,
    Name,
    Overflow,
    Padding,
    Pair,
    Rounding,
    Section,
    Sides,
)

__all__ = [
    "Activation",
    "Chip",
    "Clock",
    "Compiler",
    "Config",
    "ConvolutionShape",
    "Count",
    "Data",
    "Decoder",
    "DenseShape",
    "FlattenShape",
    "LayerShape",
    "Librelane",
    "Name",
    "Network",
    "Overflow",
    "Padding",
    "Pair",
    "Pipeline",
    "Pruning",
    "Quantisation",
    "Rounding",
    "Search",
    "SearchCluster",
    "SearchConstraints",
    "SearchDimension",
    "SearchVariant",
    "Section",
    "Sides",
    "Silicon",
    "Teacher",
    "Training",
    "Verification",
    "config_text",
    "load_config",
]
