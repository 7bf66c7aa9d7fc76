"""A module with registers of all kinds against the golden model, event by event."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np

from hexcoder.hw.chip.register_map import Field
from hexcoder.netlist.lanes import LANES
from hexcoder.network.comparison import Comparison, compare_layers
from hexcoder.network.modules import ModuleUnderTest, Vectors
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.chip.simulated_bus import fastest_driver
from hexcoder.tb.chip.vectors import stream
from hexcoder.tb.chip.verilated_chip import VerilatedChip
from hexcoder.tb.verdict import LINK, Verdict


def check_loaded(
    chip: VerilatedChip | ChipLanes,
    fields: Mapping[str, Field],
    module: ModuleUnderTest,
    blocks: Iterator[Vectors],
    progress: Callable[[int], None] = lambda sets: None,
    link: str = LINK,
) -> Verdict:
    """Load each block's registers, stream its inputs, compare all outputs.

    The first block's are loaded over I2C and read back. With Verilator so are the others; in 64
    lanes their registers are put in place, as many sets at a time as there are lanes. ``module``
    has the golden answers, ``progress`` gets the number of sets of registers done, ``link`` says
    what is compared.
    """
    started = time.perf_counter()
    parts: list[Comparison] = []
    by_kind: Counter[str] = Counter()

    def add(block: Vectors, valid: np.ndarray, words: np.ndarray) -> None:
        expected = {"output": module.expected(block)}
        part = compare_layers(link, module.name, expected, {"output": words}, valid)
        if part.first_mismatch is not None:
            update = {"configuration": len(parts), "waveform": None}
            first = part.first_mismatch.model_copy(update=update)
            part = part.model_copy(update={"first_mismatch": first})
        parts.append(part)
        by_kind[block.kind] += len(block.inputs)

    driver = fastest_driver(chip.run, chip.pins, fields)
    driver.identify()
    for block in islice(blocks, 1) if isinstance(chip, ChipLanes) else blocks:
        driver.load(_values(block), verify=not parts)
        answer = stream(chip.run, block.inputs, chip.pins.latency)
        add(block, answer.valid, answer.words)
        progress(len(parts))
    if isinstance(chip, ChipLanes):
        while batch := list(islice(blocks, LANES)):
            chip.preset([_values(block) for block in batch], fields)
            valid, words = chip.stream(np.stack([block.inputs for block in batch]))
            for block, block_valid, block_words in zip(batch, valid, words, strict=True):
                add(block, block_valid, block_words)
            progress(len(parts))
    return Verdict(
        Comparison.joined(parts, follow=True),
        chip.pins.latency,
        time.perf_counter() - started,
        dict(by_kind),
        len(parts),
    )


def _values(block: Vectors) -> Mapping[str, list[int]]:
    assert block.registers is not None
    return block.registers.values
