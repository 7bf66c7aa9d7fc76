"""Compare what two checkouts of hexcoder build: Verilog byte for byte, metrics value by value.

    .venv/bin/python scripts/compare_checkouts.py ../other
    .venv/bin/python scripts/compare_checkouts.py ../other --networks 5 --chain configs/econ_t.toml

Each checkout runs its own commands with its own .venv. Untrained networks of every config in
configs/ and random ones are compiled by both; a chain of stages runs in both and its metrics.json
are compared, apart from times and versions. Exit status 1 if anything differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hexcoder.config import load_config  # noqa: E402
from hexcoder.models.encoder.untrained import untrained_network  # noqa: E402
from hexcoder.network.schema import Network, save_network  # noqa: E402
from tests.networks import networks  # noqa: E402

CHAIN = (("models", "train"), ("gen",), ("tb",), ("flow", "asic"))
FILES = ("network.json", "rtl/encoder.v", "asic/netlist.v")
METRICS = ("train", "rtl", "sim", "asic")
VOLATILE = ("seconds", "_s", "_per_s", "tools", "not_measured")
"""Ends of keys whose values are another in every run, or are only words."""


def random_networks(count: int) -> list[Network]:
    """The first networks that hypothesis draws from a seed."""
    drawn: list[Network] = []

    @seed(1)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(networks())
    def collect(network: Network) -> None:
        drawn.append(network)

    collect()
    return drawn[:count]


def run(checkout: Path, *words: object) -> str | None:
    """Run a command of a checkout; None, or how its output ends where it fails."""
    command = [checkout / ".venv" / "bin" / "python", "-m", *words]
    done = subprocess.run(
        [str(word) for word in command],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else f"status {done.returncode}: {done.stderr[-300:]}"


def values(metrics: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON file with its place, without volatile ones."""
    if isinstance(metrics, dict):
        for key, value in metrics.items():
            if not key.endswith(VOLATILE):
                yield from values(value, f"{place}.{key}")
    else:
        yield place, metrics


def compiled(pair: tuple[Path, Path], name: str, network: Network, config: Path | None) -> str:
    """Compile a network in both checkouts; what differs, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "network.json"
        save_network(network, source)
        options = ["--config", config] if config else []
        outputs = []
        for number, checkout in enumerate(pair):
            target = Path(folder) / str(number)
            failure = run(checkout, "gen", source, "-o", target, *options)
            outputs.append(failure or (target / "encoder.v").read_bytes())
    same = outputs[0] == outputs[1]
    print(f"{'same' if same else 'DIFFERS'}  encoder.v of {name}", flush=True)
    return "" if same else name


def chained(pair: tuple[Path, Path], config: str) -> str:
    """Run the stages of a config in both checkouts; what differs, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        builds = [Path(folder) / str(number) for number in (0, 1)]
        for checkout, build in zip(pair, builds, strict=True):
            for words in CHAIN:
                failure = run(checkout, *words, "--config", checkout / config, "--build", build)
                if failure:
                    print(f"{checkout}: {' '.join(words)}: {failure}")
        different = [
            name for name in FILES if len({(build / name).read_bytes() for build in builds}) > 1
        ]
        for stage in METRICS:
            first, second = (
                dict(values(json.loads((build / stage / "metrics.json").read_text())))
                for build in builds
            )
            # What one alone measures is new, or gone on purpose; it is listed all the same.
            for key in sorted(first.keys() | second.keys()):
                if first.get(key) != second.get(key):
                    different.append(f"{stage}{key}")
                    print(f"  {stage}{key}: {first.get(key)!r} | {second.get(key)!r}"[:200])
    print(f"{'DIFFERS' if different else 'same'}  chain of {config}", flush=True)
    return ", ".join(different)


def main() -> int:
    """Compare, and list what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="the other checkout, set up by its Makefile")
    parser.add_argument("--networks", type=int, default=50, help="random networks (default: 50)")
    parser.add_argument(
        "--chain", nargs="*", default=["configs/tiny.toml"], help="configs whose stages run"
    )
    arguments = parser.parse_args()
    pair = (arguments.other.resolve(), ROOT)
    differ = []
    for path in sorted((ROOT / "configs").glob("*.toml")):
        config = load_config(path)
        network = untrained_network(config, config.training.seed)
        differ.append(compiled(pair, str(path.relative_to(ROOT)), network, path))
    for number, network in enumerate(random_networks(arguments.networks)):
        differ.append(compiled(pair, f"random network {number}", network, None))
    differ += [chained(pair, config) for config in arguments.chain]
    differ = [what for what in differ if what]
    print(f"{len(differ)} differ" + "".join(f"\n  {what}" for what in differ))
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
