"""A module behind I2C compiled by Verilator: clock by clock, what it answers known at once."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.network.packing import pack, unpack, words_for
from hexcoder.processes import child
from hexcoder.tb.chip.pins import DEVICE_ADDRESS, Clocks, idle, read_pins, wrapped_design
from hexcoder.tb.rtl.verilated import RESET, VALID, build_simulation

BATCH = 256
"""Records that tb/rtl/harness.cpp waits for before it answers."""
_RESET_CLOCKS = 8


class VerilatedChip(ExitStack):
    """A running simulation; leave it as a context, or by ``close``.

    ``work`` gets the compiled simulation, kept for the next run.
    """

    def __init__(self, design: Path, work: Path):
        super().__init__()
        self.pins = read_pins(design)
        simulation = build_simulation(wrapped_design(design, work), work / "verilated")
        self.clocks_done = 0
        self._process = self.enter_context(
            child([simulation.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        self.reset()

    def reset(self) -> None:
        """Hold the chip in reset for a few clocks."""
        self._run(idle(_RESET_CLOCKS, self.pins.inputs), RESET)

    def run(self, given: Clocks) -> Clocks:
        """Drive the pins; the answer is as long, each clock sampled before its end."""
        return self._run(given, 0)

    def _run(self, given: Clocks, flags: int) -> Clocks:
        count = len(given.valid)
        padding = idle(-count % BATCH, self.pins.inputs)
        valid = np.concatenate([given.valid, padding.valid])
        levels = [
            np.concatenate([given.scl, padding.scl]),
            np.concatenate([given.sda, padding.sda]),
        ]
        words = np.concatenate([given.words, padding.words])
        address = np.full(len(valid), DEVICE_ADDRESS)
        inputs = np.column_stack([words, *levels, address]).astype(np.int64)
        record = np.where(valid, VALID, 0).astype(np.uint32)
        record[:count] |= flags
        records = np.column_stack([record, pack(inputs, self.pins.input_widths)])
        answers = self._exchange(np.ascontiguousarray(records, dtype="<u4"))[:count]
        outputs = unpack(answers[:, 1:], self.pins.output_widths)
        self.clocks_done += len(valid)
        return Clocks(
            answers[:, 0] & VALID != 0,
            outputs[:, :-1],
            given.scl,
            (1 - outputs[:, -1]).astype(np.uint8),
        )

    def _exchange(self, records: np.ndarray) -> np.ndarray:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out_words = 1 + words_for(sum(self.pins.output_widths))
        parts = []
        # A few batches at a time: neither side may wait for the other with its pipe full.
        for start in range(0, len(records), BATCH):
            part = records[start : start + BATCH]
            try:
                self._process.stdin.write(part.tobytes())
                self._process.stdin.flush()
            except BrokenPipeError:
                raise InputError("the simulation of the chip ended early") from None
            wanted = len(part) * out_words * 4
            data = self._process.stdout.read(wanted)
            if len(data) != wanted:
                raise InputError("the simulation of the chip ended early")
            parts.append(np.frombuffer(data, dtype="<u4").reshape(len(part), out_words))
        return np.concatenate(parts)
