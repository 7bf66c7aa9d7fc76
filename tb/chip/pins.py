"""A module behind I2C to simulations: its pins in the two data ports that other modules have."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.sensor.chip.golden import FRAME_WORDS
from hexcoder.sensor.chip.link_words import INPUT_LINKS
from hexcoder.tb.i2c.timing import I2cTiming, fastest
from hexcoder.tb.modules import WORD_BITS, Chip, LoadableEncoder, read_rtl
from hexcoder.tb.rtl.design import Design

CHIP, ENCODER = LOADABLE = Chip.name, LoadableEncoder.name
"""Modules whose weights lie in registers."""

OUTPUT_WORDS = FRAME_WORDS
_WORDS = {CHIP: (INPUT_LINKS, WORD_BITS, FRAME_WORDS, WORD_BITS)}
"""Words of data ports that are not the network's elements."""

DEVICE_ADDRESS = 0x20
"""What the address pins are tied to in simulation."""
ADDRESS_WIDTH = 7


@dataclass(frozen=True, slots=True)
class Pins:
    """Data ports of a module behind I2C: words of one width, word k in bits [k*w +: w].

    ``top`` is :data:`CHIP`, with link words, or :data:`ENCODER`, with elements. ``latency`` counts
    clocks from an event to what comes out for it; transfers on the bus take so many clocks of
    ``period_ns``. With ``shadow`` what is loaded counts from a commit on.
    """

    top: str
    latency: int
    inputs: int
    input_width: int
    outputs: int
    output_width: int
    period_ns: float
    shadow: bool

    @property
    def bus_timing(self) -> I2cTiming:
        """Of the fastest transfers that the target can follow."""
        return fastest(self.period_ns)

    @property
    def input_widths(self) -> tuple[int, ...]:
        """Of the simulated module: the words, SCL, SDA, the device address."""
        return (*[self.input_width] * self.inputs, 1, 1, ADDRESS_WIDTH)

    @property
    def output_widths(self) -> tuple[int, ...]:
        """Of the simulated module: the words, and whether SDA is pulled low."""
        return (*[self.output_width] * self.outputs, 1)

    def bits(self, words: np.ndarray) -> np.ndarray:
        """Input words (..., inputs) as bits of the port, uint8, the lowest first."""
        return word_bits(words, self.input_width)

    def words(self, bits: np.ndarray) -> np.ndarray:
        """Bits of the output port as words, int64 (..., outputs), unsigned."""
        parts = bits.reshape(*bits.shape[:-1], self.outputs, self.output_width).astype(np.int64)
        return (parts << np.arange(self.output_width)).sum(axis=-1)


def word_bits(values: np.ndarray, width: int) -> np.ndarray:
    """Integers (..., n) as bits (..., n * width), the lowest first."""
    bits = values[..., None] >> np.arange(width) & 1
    return bits.reshape(*values.shape[:-1], -1).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What drives the pins, or what they answer, over n clocks.

    ``valid`` is bool (n,), ``words`` int64 (n, words), ``scl`` and ``sda`` uint8 (n,): levels; of
    an answer ``sda`` is what the chip leaves of SDA, 0 where it pulls it low.
    """

    valid: np.ndarray
    words: np.ndarray
    scl: np.ndarray
    sda: np.ndarray


def idle(clocks: int, words: int) -> Clocks:
    """No event on so many words, a free bus."""
    ones = np.ones(clocks, np.uint8)
    return Clocks(np.zeros(clocks, bool), np.zeros((clocks, words), np.int64), ones, ones)


def read_pins(design: Path) -> Pins:
    """Describe a compiled design with loadable weights; InputError if the folder holds none."""
    rtl = read_rtl(design)
    if rtl.top not in LOADABLE or rtl.chip is None or rtl.clock_period_ns is None:
        raise InputError(
            f"{design / 'metrics.json'}: 'top' is {rtl.top!r}, not '{CHIP}' or '{ENCODER}': "
            "compile a config with chip.weights = 'loadable'"
        )
    ports = rtl.modules[rtl.top]
    inputs, outputs = ports.input_elements, ports.output_elements
    widths = ports.input_bits // inputs, ports.output_bits // outputs
    words = _WORDS.get(rtl.top, (inputs, widths[0], outputs, widths[1]))
    if rtl.code is not None:
        # A frame has no elements of one width but its bits.
        words = inputs, widths[0], ports.output_bits, 1
    shadow = rtl.chip.update == "shadow"
    return Pins(rtl.top, ports.latency_cycles, *words, rtl.clock_period_ns, shadow)


def require_chip(design: Path) -> None:
    """Refuse designs that are not the chip: InputError, saying which would be."""
    if read_pins(design).top != CHIP:
        raise InputError(
            f"{design / 'metrics.json'}: 'top' is not '{CHIP}', which takes a network on an image "
            "of the sensor whose latents fit a frame"
        )


def wrapped_design(design: Path, work: Path) -> Design:
    """A compiled design in a module with two data ports, written to ``work``."""
    pins = read_pins(design)
    module = f"{pins.top}_pins"
    work.mkdir(parents=True, exist_ok=True)
    verilog = work / f"{module}.v"
    verilog.write_text((design / "encoder.v").read_text() + _wrapper(module, pins))
    return Design(
        module, verilog.resolve(), pins.latency, pins.input_widths, pins.output_widths, ()
    )


def _wrapper(module: str, pins: Pins) -> str:
    data, out = pins.inputs * pins.input_width, pins.outputs * pins.output_width
    return f"""module {module}(clk, rst, in_valid, in_data, out_valid, out_data);
  input clk, rst, in_valid;
  input [{sum(pins.input_widths) - 1}:0] in_data;
  output out_valid;
  output [{sum(pins.output_widths) - 1}:0] out_data;
  {pins.top} under_test (
    .clk(clk), .rst(rst), .in_valid(in_valid), .in_data(in_data[{data - 1}:0]),
    .scl(in_data[{data}]), .sda(in_data[{data + 1}]),
    .device_address(in_data[{data + 2} +: {ADDRESS_WIDTH}]),
    .out_valid(out_valid), .out_data(out_data[{out - 1}:0]), .sda_low(out_data[{out}])
  );
endmodule
"""
