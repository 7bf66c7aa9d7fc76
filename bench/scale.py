"""Time and memory of a compilation over the size of the network."""

import resource
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from hexcoder.bench.networks import perceptron
from hexcoder.bench.runs import Row
from hexcoder.config import Compiler
from hexcoder.gen.build import build
from hexcoder.gen.compiler import Settings

SIZES = ((32, 16, 32), (64, 24, 64), (96, 32, 128), (128, 45, 256), (192, 45, 384), (260, 45, 518))


class Size(Row):
    """What one network took."""

    weights: int
    seconds: float
    memory_gib: float
    full_adders: int


def run(sizes: tuple[int, ...], effort: float, folder: Path) -> Size:
    """Compile a perceptron with random 6-bit weights; call it in a process of its own."""
    network = perceptron("perceptron", sizes)
    started = time.perf_counter()
    total = build(network, Settings(compiler=Compiler(effort=effort)), folder).metrics.total
    kilobytes = sum(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    weights = sum(int(np.prod(pair)) for pair in pairwise(sizes))
    return Size(
        weights=weights,
        seconds=round(time.perf_counter() - started, 1),
        memory_gib=round(kilobytes / 2**20, 2),
        full_adders=total.full_adders,
    )
