"""Module ``chip`` as the simulations see it: all pins in the two data ports of other modules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.stage import read_json
from tb.design import Design

MODULE = "chip_pins"
INPUT_LINKS, OUTPUT_WORDS, WORD_BITS = 12, 5, 32
DEVICE_ADDRESS = 0x20
"""What the address pins are tied to in simulation."""

_WRAPPER = """module chip_pins(clk, rst, in_valid, in_data, out_valid, out_data);
  input clk, rst, in_valid;
  input [393-1:0] in_data;
  output out_valid;
  output [161-1:0] out_data;
  chip chip (
    .clk(clk), .rst(rst), .in_valid(in_valid), .in_data(in_data[383:0]),
    .scl(in_data[384]), .sda(in_data[385]), .device_address(in_data[392:386]),
    .out_valid(out_valid), .out_data(out_data[159:0]), .sda_low(out_data[160])
  );
endmodule
"""
INPUT_WIDTHS = (*[WORD_BITS] * INPUT_LINKS, 1, 1, 7)
OUTPUT_WIDTHS = (*[WORD_BITS] * OUTPUT_WORDS, 1)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What drives the pins, or what they answer, over a number of clocks.

    Parameters
    ----------
    valid : bool array (n,)
    words : int64 array (n, 12) in, (n, 5) out
    scl, sda : uint8 array (n,)
        Levels; ``sda`` of an answer is what the chip leaves of SDA, 0 where it pulls it low.
    """

    valid: np.ndarray
    words: np.ndarray
    scl: np.ndarray
    sda: np.ndarray


def idle(clocks: int) -> Clocks:
    """No event, a free bus."""
    ones = np.ones(clocks, np.uint8)
    words = np.zeros((clocks, INPUT_LINKS), np.int64)
    return Clocks(np.zeros(clocks, bool), words, ones, ones)


def read_chip(design: Path, work: Path) -> Design:
    """Describe a compiled chip, with the wrapper beside its Verilog in ``work``.

    Raises
    ------
    InputError
        If the folder holds no chip.
    """
    metrics = read_json(design / "metrics.json")
    if metrics.get("top") != "chip":
        raise InputError(
            f"{design / 'metrics.json'}: 'top' is {metrics.get('top')!r}, not 'chip': compile a "
            "config with chip.weights = 'loadable' and an 8x8x1 image"
        )
    work.mkdir(parents=True, exist_ok=True)
    verilog = work / "chip_pins.v"
    verilog.write_text((design / "encoder.v").read_text() + _WRAPPER)
    latency = metrics["modules"]["chip"]["latency_cycles"]
    return Design(MODULE, verilog.resolve(), latency, INPUT_WIDTHS, OUTPUT_WIDTHS, ())
