"""What matters in speed and size, each as a ratio to a peer measured in the same run.

Single times on a shared machine mean little; the ratios hold.
"""

import argparse
import json
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ot

from hexcoder.console import add_config_options, config_and_build
from hexcoder.digits import digit_count
from hexcoder.errors import run_command
from hexcoder.gen.compiler import Settings, compile_network
from hexcoder.network.modules import Stimulus
from hexcoder.network.schema import Network, load_network
from hexcoder.sensor.events import load_events
from hexcoder.sensor.geometry import distances
from hexcoder.sensor.metrics import charge_fractions, earth_movers_distance
from hexcoder.tb.modules import module_under_test
from hexcoder.tb.rtl.design import read_design
from hexcoder.tb.rtl.protocol import run_protocol_tests
from hexcoder.tb.rtl.scoreboard import compare
from hexcoder.tb.rtl.verilated import build_simulation


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _unshared_adders(network: Network) -> int:
    """Adders if every output summed its own shifted inputs, a term for each signed digit."""
    total = 0
    for context in network.weighted():
        digits = digit_count(context.layer.weight_array()).sum()
        positions = int(np.prod(context.output_shape[:-1]))
        total += int(digits) * positions - int(np.prod(context.output_shape))
    return total


def _emd(events: np.ndarray) -> dict[str, float]:
    """Our distance against one call of POT an event, on the same pairs."""
    other = np.roll(events, 1, axis=0)
    true, predicted, cost = charge_fractions(events), charge_fractions(other), distances()
    ours = _seconds(lambda: earth_movers_distance(events, other))
    peer = _seconds(lambda: [ot.emd2(t, p, cost) for t, p in zip(true, predicted, strict=True)])
    return {"events": len(events), "seconds": ours, "pot_seconds": peer, "ratio": ours / peer}


def _simulation(network_path: Path, design: Path, work: Path) -> dict[str, float]:
    """Vectors a second through the fast path, and through cocotb."""
    network = load_network(network_path)
    module = module_under_test(network, design, "encoder_core")
    simulation = build_simulation(read_design(module, design), work)
    fast = compare(simulation, module, lambda: module.stimulus(Stimulus(seed=1, count=200_000)))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        results = place / "junit.xml"
        run_protocol_tests(
            network_path, design, "encoder_core", place / "work", results, vectors=2000
        )
        case = next(
            case
            for case in ElementTree.parse(results).iter("testcase")
            if case.get("name") == "random_tensors"
        )
        cocotb = 2000 / float(case.get("time") or "nan")
    return {
        "fast_vectors_per_s": fast.vectors_per_s,
        "cocotb_vectors_per_s": round(cocotb),
        "ratio": fast.vectors_per_s / cocotb,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print JSON and keep it in build/<config>/bench.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser, required=True)
    config, build = config_and_build(parser.parse_args(argv))
    network = load_network(build / "network.json")
    events = load_events(build / "train" / "held_out.csv")[:1000]
    compiled = compile_network(network, Settings.of(config))
    adders, unshared = compiled.structure.total().adders, _unshared_adders(network)
    result = {
        "emd": _emd(events),
        "simulation": _simulation(build / "network.json", build / "rtl", build / ".simulation"),
        "sharing": {
            "adders": adders,
            "adders_without_sharing": unshared,
            "ratio": adders / unshared,
        },
    }
    print(json.dumps(result, indent=2))
    (build / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    run_command(main)
