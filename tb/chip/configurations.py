"""A chip with registers of all kinds against the golden model, event by event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gen.loadable.encoder import parameter_field
from gen.loadable.registers import PARAMETERS
from hexcoder.errors import InputError
from hw.chip.register_map import Field
from netlist.lanes import LANES
from network.golden import evaluate
from network.parameters import (
    layer_parameter_bits,
    parameter_bits,
    with_extreme_parameters,
    with_random_parameters,
)
from network.schema import Network
from sensor.chip.configuration import CALIBRATION_ONE, MOST_LINKS, ChipConfiguration
from sensor.chip.golden import HEADER, HEADER_BC0, input_words, link_words
from sensor.chip.link_words import INPUT_LINKS
from sensor.geometry import TRIGGER_CELLS
from sensor.stimulus import core_vectors, random_inputs
from tb.chip.driver import field_values
from tb.chip.pins import CHIP, OUTPUT_WORDS, Pins, read_pins
from tb.chip.session import ChipLanes
from tb.chip.simulated_bus import fastest_driver
from tb.chip.simulators import open_chip, simulator_name
from tb.chip.vectors import chip_fields, stream
from tb.chip.verilated_chip import VerilatedChip

Progress = Callable[[int], None]

EVENTS_A_SET = 2000
LEAST_SETS = 4


def sets_for(events: int) -> int:
    """Sets of registers that so many events share where nobody says otherwise."""
    return max(LEAST_SETS, events // EVENTS_A_SET)


def _share(events: int, sets: int) -> int:
    """Events of each set: at least as many in all as were asked for."""
    return max(1, -(-events // sets))


def check_registers(network: Network, design: Path) -> None:
    """Refuse a design that was compiled for other parameters than a network has.

    Raises
    ------
    InputError
        Naming the field of parameters that differs.
    """
    layers = layer_parameter_bits(network)
    bits = {parameter_field(name): width for name, width in layers.items()}
    if read_pins(design).top == CHIP:
        bits = {PARAMETERS: sum(layers.values())}
    fields = chip_fields(design)
    for name, width in bits.items():
        held = fields[name].width if name in fields else 0
        if held != width:
            raise InputError(
                f"{design / 'metrics.json'}: '{name}' has {held} bits, network {network.name} "
                f"needs {width}: the design was compiled for another network"
            )


@dataclass(frozen=True, slots=True)
class Case:
    """What the registers hold, events to send, and what has to come out.

    Parameters
    ----------
    kind : str
        "event", "edge" or "random".
    values : dict of str to list of int
        Of each field.
    words : int64 array (events, inputs)
    expected : int64 array (events, outputs)
        Unsigned.
    """

    kind: str
    values: dict[str, list[int]]
    words: np.ndarray
    expected: np.ndarray


def packed_parameters(network: Network) -> int:
    """A network's weights and biases as the parameter registers hold them."""
    return _packed(parameter_bits(network))


def _packed(bits: np.ndarray) -> int:
    """Bits, the lowest first, as an integer."""
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def plain_configuration(network: Network) -> ChipConfiguration:
    """A network's own weights; cells in their order, calibration 1, all bits on five links."""
    output = network.output
    bits = int(np.prod(output.shape)) * output.type.width
    return ChipConfiguration(
        tuple(range(TRIGGER_CELLS)),
        (CALIBRATION_ONE,) * TRIGGER_CELLS,
        True,
        OUTPUT_WORDS,
        (1 << bits) - 1,
        packed_parameters(network),
    )


def _random_words(random: np.random.Generator, count: int) -> np.ndarray:
    """Link words over all codes, with events of no charge and of full scale among them."""
    shape = count, INPUT_LINKS, 4
    largest = random.integers(0, 16, (count, 1, 1))
    codes = random.integers(0, largest + 1, shape) << 3 | random.integers(0, 8, shape)
    codes = np.where(random.random(shape) < random.random((count, 1, 1)), codes, 0)
    kind = random.random(count)
    codes[kind < 0.02] = 0
    codes[kind > 0.98] = 127
    header = np.where(random.random((count, 1)) < 0.01, HEADER_BC0, HEADER)
    # The counter starts anew with the case.
    header[:1] = HEADER_BC0
    return header << 28 | (codes << np.array([21, 14, 7, 0])).sum(axis=-1)


def chip_case(
    kind: str, network: Network, configuration: ChipConfiguration, words: np.ndarray
) -> Case:
    """A case of the chip with the golden model's link words; ``network`` has the weights."""
    expected = link_words(network, words, configuration, OUTPUT_WORDS)
    return Case(kind, field_values(configuration), words, expected)


def _drawn(network: Network, number: int, seed: int) -> tuple[Network, np.random.Generator]:
    """The network with random weights, in every fifth set all at one end of their types."""
    random = np.random.default_rng([seed, number])
    drawn = with_random_parameters(network, random)
    if number % 5 == 4:
        drawn = with_extreme_parameters(network, least=number % 2 == 0)
    return drawn, random


def chip_cases(
    network: Network, energies: np.ndarray, sets: int, events: int, seed: int
) -> Iterator[Case]:
    """The network's own weights with events of the detector, then registers drawn at random.

    Of the random sets every fifth has all weights at one end of their types, and every seventh
    calibration factors of zero, so that sums saturate and vanish.
    """
    plain = plain_configuration(network)
    if len(energies):
        words = input_words(energies, plain.high_density)
        yield chip_case("event", network, plain, words)
    bits = plain.keep_mask.bit_length()
    for number in range(sets):
        drawn, random = _drawn(network, number, seed)
        factors = random.integers(0, 2 * CALIBRATION_ONE, TRIGGER_CELLS)
        if number % 7 == 6:
            factors[random.random(TRIGGER_CELLS) < 0.8] = 0
        configuration = replace(
            plain,
            multiplexer=tuple(random.integers(0, TRIGGER_CELLS, TRIGGER_CELLS).tolist()),
            calibration=tuple(factors.tolist()),
            high_density=bool(number % 2),
            links=1 + number % MOST_LINKS,
            keep_mask=int.from_bytes(random.bytes(-(-bits // 8)), "little") & plain.keep_mask,
            parameters=packed_parameters(drawn),
        )
        words = _random_words(random, _share(events, sets))
        yield chip_case("random", drawn, configuration, words)


def encoder_case(kind: str, network: Network, words: np.ndarray) -> Case:
    """A case of a network whose weights lie in registers, of which it has the values."""
    bits, place = parameter_bits(network), 0
    values = {}
    for name, count in layer_parameter_bits(network).items():
        values[parameter_field(name)] = [_packed(bits[place : place + count])]
        place += count
    mask = (1 << network.output.type.width) - 1
    return Case(kind, values, words, evaluate(network, words) & mask)


def encoder_cases(
    network: Network, energies: np.ndarray, sets: int, events: int, seed: int
) -> Iterator[Case]:
    """Cases of ``loadable_encoder``: edges and events, then weights drawn at random."""
    found = list(core_vectors(network, 0, seed, energies))
    yield encoder_case(found[-1].kind, network, np.concatenate([part.inputs for part in found]))
    for number in range(sets):
        drawn, random = _drawn(network, number, seed)
        words = random_inputs(network, _share(events, sets), random, seed + number)
        yield encoder_case("random", drawn, words)


def cases_of(
    top: str, network: Network, energies: np.ndarray, sets: int, events: int, seed: int
) -> Iterator[Case]:
    """Cases of a module behind I2C."""
    make = chip_cases if top == CHIP else encoder_cases
    return make(network, energies, sets, events, seed)


class _Tally:
    """What was compared, in the form of :func:`tb.rtl.prove.prove`."""

    def __init__(self, pins: Pins):
        self.pins, self.started = pins, time.perf_counter()
        self.events = self.mismatches = self.configurations = 0
        self.by_kind: dict[str, int] = {}
        self.first: dict[str, Any] | None = None

    def add(self, case: Case, valid: np.ndarray, words: np.ndarray) -> None:
        expected = case.expected
        wrong = (words != expected).any(axis=1) | ~valid
        if wrong.any() and self.first is None:
            row = int(np.argmax(wrong))
            link = int(np.argmax(words[row] != expected[row]))
            self.first = {
                "module": self.pins.top,
                "layer": "output" if valid[row] else "out_valid",
                "element": link,
                "event": self.events + row,
                "configuration": self.configurations,
                "expected": int(expected[row, link]),
                "actual": int(words[row, link]),
                "waveform": None,
            }
        self.mismatches += int(wrong.sum())
        self.events += len(case.words)
        self.by_kind[case.kind] = self.by_kind.get(case.kind, 0) + len(case.words)
        self.configurations += 1

    def verdict(self) -> dict[str, Any]:
        seconds = time.perf_counter() - self.started
        return {
            "vectors": self.events,
            "configurations": self.configurations,
            "mismatches": self.mismatches,
            "first_mismatch": self.first,
            "modules": {
                self.pins.top: {
                    "vectors": self.events,
                    "mismatches": self.mismatches,
                    "latency_cycles": self.pins.latency,
                    "seconds": round(seconds, 1),
                    "vectors_per_s": round(self.events / seconds),
                    "by_kind": self.by_kind,
                }
            },
        }


def check_cases(
    chip: VerilatedChip | ChipLanes,
    fields: dict[str, Field],
    all_cases: Iterator[Case],
    progress: Progress = lambda done: None,
) -> dict[str, Any]:
    """Load each case's registers, stream its events, compare all words.

    The first case is loaded over I2C and read back. With Verilator so are the others; in 64 lanes
    their registers are put in place, as many sets at a time as there are lanes.

    Returns
    -------
    dict
        As of :func:`tb.rtl.prove.prove`, with the number of ``configurations``.
    """
    tally = _Tally(chip.pins)
    driver = fastest_driver(chip.run, chip.pins, fields)
    driver.identify()
    for case in islice(all_cases, 1) if isinstance(chip, ChipLanes) else all_cases:
        driver.load(case.values, verify=tally.configurations == 0)
        found = stream(chip.run, case.words, chip.pins.latency)
        tally.add(case, found.valid, found.words)
        progress(tally.configurations)
    if isinstance(chip, ChipLanes):
        while batch := list(islice(all_cases, LANES)):
            chip.preset([case.values for case in batch], fields)
            valid, words = chip.stream(np.stack([case.words for case in batch]))
            for case, its_valid, its_words in zip(batch, valid, words, strict=True):
                tally.add(case, its_valid, its_words)
            progress(tally.configurations)
    return tally.verdict()


def prove_chip(
    network: Network,
    design: Path,
    work: Path,
    energies: np.ndarray,
    sets: int,
    events: int,
    seed: int,
    progress: Progress = lambda done: None,
) -> dict[str, Any]:
    """The cases through the chip's RTL, in the simulation of :func:`open_chip`."""
    with open_chip(design, work) as chip:
        all_cases = cases_of(chip.pins.top, network, energies, sets, events, seed)
        verdict = check_cases(chip, chip_fields(design), all_cases, progress)
        name = simulator_name(chip)
    return {"network": network.name, "seed": seed, "simulator": name, **verdict}
