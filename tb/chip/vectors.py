"""A file of link words through the whole chip: registers over I2C, words in, words out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.hw.chip.register_map import Field
from hexcoder.network.comparison import compare_layers
from hexcoder.sensor.chip.configuration import ChipConfiguration, read_configuration
from hexcoder.sensor.chip.golden import chip_network, link_words
from hexcoder.sensor.chip.link_words import INPUT_LINKS, read_link_words
from hexcoder.tb.chip.driver import ChipDriver
from hexcoder.tb.chip.pins import CHIP, OUTPUT_WORDS, Clocks, idle
from hexcoder.tb.chip.simulated_bus import SimulatedBus
from hexcoder.tb.i2c.timing import I2cTiming
from hexcoder.tb.modules import field_values, read_rtl

INPUT_FILE = "testInput.csv"
LINK = "chip and vectors"

Run = Callable[[Clocks], Clocks]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first output word that differs; ``golden`` is what the golden model gives."""

    bunch_crossing: int
    link: int
    expected: int
    actual: int
    golden: int


@dataclass(frozen=True, slots=True)
class VectorVerdict:
    """Result of a file of vectors.

    ``mismatches`` are bunch crossings with a wrong word, or without a valid one;
    ``golden_mismatches`` those at which the golden model gives other words than expected.
    """

    bunch_crossings: int
    output_links: int
    links_in_use: int
    mismatches: int
    golden_mismatches: int
    registers_read_back: int
    i2c_clocks: int
    latency_cycles: int
    seconds: float
    first_mismatch: Mismatch | None

    def line(self) -> str | None:
        """One line that says how much differs and where first, or None if all agree."""
        first = self.first_mismatch
        if first is None:
            return None
        return (
            f"{self.mismatches} of {self.bunch_crossings} bunch crossings differ; first "
            f"{first.bunch_crossing}, link {first.link}: expected {first.expected:08x}, got "
            f"{first.actual:08x} (golden model {first.golden:08x})"
        )


def chip_fields(design: Path) -> dict[str, Field]:
    """Registers of a compiled chip, from its metrics."""
    fields = read_rtl(design).registers or {}
    return {
        name: Field(field.name, field.address, field.elements, field.width)
        for name, field in fields.items()
    }


def stream(run: Run, words: np.ndarray, latency: int) -> Clocks:
    """Send words, one event a clock; what comes out for each of them."""
    tail = idle(latency, words.shape[1])
    ones = np.ones(len(words) + latency, np.uint8)
    valid = np.concatenate([np.ones(len(words), bool), tail.valid])
    answer = run(Clocks(valid, np.concatenate([words, tail.words]), ones, ones))
    return Clocks(
        answer.valid[latency:], answer.words[latency:], answer.scl[latency:], answer.sda[latency:]
    )


def check_vectors(
    run: Run,
    fields: dict[str, Field],
    latency: int,
    words: np.ndarray,
    configuration: ChipConfiguration,
    expected: np.ndarray,
    timing: I2cTiming,
) -> VectorVerdict:
    """Load a configuration over I2C, read it back, and compare all output words.

    ``run`` drives the chip's pins; ``words`` are int64 (bunch crossings, input links), ``expected``
    int64 (bunch crossings, output links); ``timing`` is of the transfers.
    """
    started = time.perf_counter()
    spent = 0

    def count(given: Clocks, answer: Clocks) -> None:
        nonlocal spent
        del answer
        spent += len(given.scl)

    driver = ChipDriver(SimulatedBus(run, timing, seen=count), fields)
    driver.identify()
    values = field_values(configuration)
    driver.load(values)
    found = stream(run, words, latency)
    links = expected.shape[1]
    actual = np.zeros_like(expected)
    actual[:, :OUTPUT_WORDS] = found.words[:, : min(links, OUTPUT_WORDS)]
    golden = link_words(chip_network(configuration), words, configuration, links)
    wanted = {"output": expected}
    comparison = compare_layers(LINK, CHIP, wanted, {"output": actual}, found.valid)
    first = None
    if comparison.first_mismatch is not None:
        place = comparison.first_mismatch.event, comparison.first_mismatch.element
        first = Mismatch(*place, int(expected[place]), int(actual[place]), int(golden[place]))
    return VectorVerdict(
        len(words),
        links,
        configuration.links,
        comparison.mismatches,
        compare_layers("golden model and vectors", CHIP, wanted, {"output": golden}).mismatches,
        sum(fields[name].size for name in values),
        spent,
        latency,
        round(time.perf_counter() - started, 1),
        first,
    )


def load_expected(path: Path) -> np.ndarray:
    """Expected output words, with at least the words that a frame fills."""
    expected = read_link_words(path)
    if expected.shape[1] < OUTPUT_WORDS:
        missing = OUTPUT_WORDS - expected.shape[1]
        expected = np.pad(expected, ((0, 0), (0, missing)))
    return expected


def find_beside(path: Path, vectors: Path) -> Path:
    """A file as it was named, or under the folder of the vectors."""
    places = [path, vectors / path, vectors / "AE" / path]
    for place in places:
        if place.is_file():
            return place
    raise InputError(f"{path}: no such file, nor under {vectors}")


def read_all(
    vectors: Path, config: Path, expected: Path
) -> tuple[np.ndarray, ChipConfiguration, np.ndarray]:
    """Input words, configuration and expected words of a folder of vectors.

    InputError names the file, and what is wrong with it.
    """
    if not vectors.is_dir():
        raise InputError(f"{vectors}: no such folder; it holds {INPUT_FILE}")
    words = read_link_words(vectors / INPUT_FILE, INPUT_LINKS)[:, :INPUT_LINKS]
    configuration = read_configuration(find_beside(config, vectors))
    found = load_expected(find_beside(expected, vectors))
    if len(words) != len(found):
        raise InputError(
            f"{vectors / INPUT_FILE}: {len(words)} rows, but {len(found)} are expected"
        )
    return words, configuration, found
