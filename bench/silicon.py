"""A network through hexcoder's own stages rtl and asic."""

from pathlib import Path

from hexcoder.config import Config
from hexcoder.flow.asic.stage import ASIC
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings
from hexcoder.metrics.asic import AsicFile
from hexcoder.network.schema import Network, save_network
from hexcoder.steps.runner import run_stage


def synthesised(network: Network, config: Config, folder: Path) -> tuple[AsicFile, tuple[str, ...]]:
    """Build a network, synthesise and measure it; also the limits that were not kept."""
    folder.mkdir(parents=True, exist_ok=True)
    save_network(network, folder / "network.json")
    build(network, Settings.of(config), folder / "rtl")
    outcome = run_stage(ASIC, config, folder)
    return AsicFile.of(outcome.metrics), outcome.failures
