"""The protocol tests by hand, with pytest, on any compiled design.

    HEXCODER_NETWORK=network.json HEXCODER_DESIGN=rtl pytest tb/rtl/by_hand.py

HEXCODER_SIMULATOR is verilator (default) or icarus; HEXCODER_WAVES is a folder for waveforms (FST).
"""

import os
from pathlib import Path

import pytest

from hexcoder.sensor.encoders import load_encoder
from hexcoder.tb.modules import modules_under_test
from hexcoder.tb.rtl.protocol import run_protocol_tests


def _given(name: str) -> Path:
    if name not in os.environ:
        pytest.exit(f"set {name}: HEXCODER_NETWORK=network.json HEXCODER_DESIGN=rtl", 2)
    return Path(os.environ[name])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each module of the design."""
    network, design = _given("HEXCODER_NETWORK"), _given("HEXCODER_DESIGN")
    modules = modules_under_test(load_encoder(network), design)
    metafunc.parametrize("module", [module.name for module in modules if not module.registers])


def test_protocol(module: str, tmp_path: Path) -> None:
    """Edges, random tensors, events, saturation, gaps, latency and reset."""
    waves = os.environ.get("HEXCODER_WAVES")
    outcomes = run_protocol_tests(
        _given("HEXCODER_NETWORK"),
        _given("HEXCODER_DESIGN"),
        module,
        tmp_path,
        tmp_path / "junit.xml",
        simulator=os.environ.get("HEXCODER_SIMULATOR", "verilator"),
        waves=waves is not None,
    )
    if waves is not None:
        Path(waves).mkdir(parents=True, exist_ok=True)
        for waveform in tmp_path.glob("*.fst"):
            waveform.replace(Path(waves) / f"{module}.fst")
    assert {name: problem for name, problem in outcomes.items() if problem} == {}
