"""CPU and GPU: the median time of a network for one event at a time."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Literal

import numpy as np

from hexcoder.network.modules import uniform_inputs
from hexcoder.network.schema import Network
from hexcoder.steps.step import NotMeasured
from hexcoder.studies.architecture.platforms.program import onnx_model, torch_module
from hexcoder.studies.architecture.platforms.result import Result

RUNS = 1000
WARM_UP = 50
"""Runs before those that count: caches, and code that is made on first use."""
_NO_ENERGY = {"energy": "no counter of energy is read"}
_CONDITIONS = "float32, batch 1, 1 thread, median of {runs} runs"


def processor_name() -> str:
    """The CPU's name as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def measure_torch(network: Network, device: Literal["cpu", "cuda"], runs: int = RUNS) -> Result:
    """The network in torch, from an event in the CPU's memory to its answer there."""
    kind = "cpu" if device == "cpu" else "gpu"
    import torch

    what = f"torch {torch.__version__}"
    if device == "cuda" and not torch.cuda.is_available():
        why = "torch finds no CUDA device"
        return Result(platform=kind, what=what, not_measured={"latency": why, "energy": why})
    try:
        module = torch_module(network).to(device)
    except NotMeasured as reason:
        return _unmeasured(kind, what, str(reason))
    event = torch.from_numpy(_event(network))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            latency_s = _median_s(lambda: module(event.to(device)).cpu(), runs)
    finally:
        torch.set_num_threads(threads)
    name = processor_name() if device == "cpu" else torch.cuda.get_device_name()
    return _measured(kind, f"{what}, {name}", latency_s, runs)


def measure_onnx(network: Network, runs: int = RUNS) -> Result:
    """The network in ONNX Runtime on the CPU."""
    what = "ONNX Runtime"
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError:
        return _unmeasured("cpu", what, "onnxruntime is not installed")
    what = f"{what} {onnxruntime.__version__}"
    try:
        model = onnx_model(network)
    except NotMeasured as reason:
        return _unmeasured("cpu", what, str(reason))
    event = _event(network)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    latency_s = _median_s(lambda: session.run(None, {"input": event}), runs)
    return _measured("cpu", f"{what}, {processor_name()}", latency_s, runs)


def _event(network: Network) -> np.ndarray:
    """An event of the input's range: float32 (1, *shape)."""
    tensor = network.input
    values = uniform_inputs(network, 1, np.random.default_rng(0))
    return (values.reshape(1, *tensor.shape) * tensor.type.step).astype(np.float32)


def _median_s(run: Callable[[], object], runs: int) -> float:
    for _ in range(min(WARM_UP, runs)):
        run()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _measured(kind: Literal["cpu", "gpu"], what: str, latency_s: float, runs: int) -> Result:
    return Result(
        platform=kind,
        what=f"{what}, {_CONDITIONS.format(runs=runs)}",
        latency_s=latency_s,
        # The next event waits for the answer to this one.
        period_s=latency_s,
        not_measured=_NO_ENERGY,
    )


def _unmeasured(kind: Literal["cpu", "gpu"], what: str, why: str) -> Result:
    return Result(platform=kind, what=what, not_measured={"latency": why} | _NO_ENERGY)
