"""A network through hexcoder's own stages rtl and asic."""

from pathlib import Path

from flow.asic.stage import ASIC
from gen.build import build
from gen.compiler import Settings
from hexcoder.config import Config
from hexcoder.metrics.asic import AsicFile
from hexcoder.steps.runner import run_stage
from network.schema import Network, save_network


def synthesised(network: Network, config: Config, folder: Path) -> tuple[AsicFile, tuple[str, ...]]:
    """Build a network, synthesise and measure it; also the limits that were not kept."""
    folder.mkdir(parents=True, exist_ok=True)
    save_network(network, folder / "network.json")
    build(network, Settings.of(config), folder / "rtl")
    outcome = run_stage(ASIC, config, folder)
    return AsicFile.of(outcome.metrics), outcome.failures
