"""A campaign of flips in batches: by seed, resumable, in parallel."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.files import write_whole
from hexcoder.gen.codec.loadable import table_values
from hexcoder.hw.chip.register_map import CONTROL, Field
from hexcoder.netlist.lanes import LANES, spread
from hexcoder.processes import worker_pool
from hexcoder.sensor.chip.configuration import CALIBRATION_ONE, ChipConfiguration
from hexcoder.sensor.chip.golden import HEADER, packed_codes
from hexcoder.sensor.codec.prefix import limited_lengths
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.tb.chip.pins import CHIP, DEVICE_ADDRESS, INPUT_LINKS, OUTPUT_WORDS, Pins
from hexcoder.tb.chip.session import ChipLanes
from hexcoder.tb.chip.simulators import open_netlist
from hexcoder.tb.chip.targets import Target
from hexcoder.tb.chip.vectors import chip_fields
from hexcoder.tb.i2c.bus import I2cController
from hexcoder.tb.i2c.timing import I2cTiming
from hexcoder.tb.modules import field_values, read_rtl
from hexcoder.tb.upsets.campaign import WINDOW_CLOCKS, Flip, Outcome, Places, run_batch

FLIPS_A_BATCH = LANES - 1
_WARM_UP_CLOCKS = 8
MOMENTS = 64
"""States of a run, at random clocks of it, from which batches start."""


def open_for_flips(design: Path, netlist: Path | None, work: Path) -> ChipLanes:
    """A chip in 64 lanes whose voters' outputs can be inverted too."""
    if netlist is None:
        return ChipLanes.of_rtl(design, work, transients=True)
    return open_netlist(design, netlist, transients=True)


def _chip_settings(
    fields: Mapping[str, Field], random: np.random.Generator
) -> dict[str, list[int]]:
    factors = random.integers(CALIBRATION_ONE // 2, 2 * CALIBRATION_ONE, TRIGGER_CELLS)
    configuration = ChipConfiguration(
        tuple(random.permutation(TRIGGER_CELLS).tolist()),
        tuple(factors.tolist()),
        True,
        OUTPUT_WORDS,
        (1 << fields["keep_mask"].width) - 1,
        _bits(random, fields["parameters"].width),
    )
    return field_values(configuration)


def _tables(fields: Mapping[str, Field], random: np.random.Generator) -> dict[str, list[int]]:
    """Tables of an adaptive code."""
    lengths = [field for name, field in fields.items() if name.startswith("lengths_")]
    longest = fields["words_0"].width - lengths[0].width
    weights = random.random((len(lengths), lengths[0].elements)) ** 4 + 1e-6
    return table_values([limited_lengths(row, longest) for row in weights], longest)


def _bits(random: np.random.Generator, width: int) -> int:
    return int.from_bytes(random.bytes(-(-width // 8)), "little") >> -width % 8


def random_settings(design: Path, random: np.random.Generator) -> dict[str, list[int]]:
    """Values of all registers: a configuration of the chip, tables of a code, or any bits."""
    fields, rtl = chip_fields(design), read_rtl(design)
    if rtl.top == CHIP:
        return _chip_settings(fields, random)
    if rtl.code is not None:
        return _tables(fields, random)
    return {
        name: [_bits(random, field.width) for _ in range(field.elements)]
        for name, field in fields.items()
    }


def load_random(chip: ChipLanes, design: Path, seed: int) -> np.ndarray:
    """State of a chip with random settings, and others in its shadow: uint64 words of lanes."""
    fields, random = chip_fields(design), np.random.default_rng(seed)
    chip.reset()
    chip.preset([random_settings(design, random)], fields)
    if chip.pins.shadow:
        # A commit that nobody asked for would show.
        chip.preset([random_settings(design, random)], fields, activate=False)
    return chip.simulation.state


def random_words(pins: Pins, random: np.random.Generator, clocks: int) -> np.ndarray:
    """Words of random events, int64 (clocks, inputs); most energies are small."""
    if pins.top != CHIP:
        scale = random.integers(0, pins.input_width + 1, (clocks, 1))
        words = (random.random((clocks, pins.inputs)) * (1 << scale)).astype(np.int64)
        return np.where(random.random(words.shape) < random.random((clocks, 1)), words, 0)
    exponents = random.integers(0, 16, (clocks, INPUT_LINKS, 4)) * random.integers(
        0, 2, (clocks, INPUT_LINKS, 4)
    )
    codes = exponents << 3 | random.integers(0, 8, exponents.shape)
    return packed_codes(codes, HEADER)


def bus_traffic(timing: I2cTiming) -> tuple[np.ndarray, np.ndarray]:
    """Levels of SCL and SDA of transfers that are repeated.

    A setting is written, which chips without a shadow refuse, and control registers are read.
    """
    controller = I2cController(timing)
    write = controller.write(DEVICE_ADDRESS, 0, [0xA5, 0x3C])
    read = controller.read(DEVICE_ADDRESS, CONTROL, 4)
    return np.concatenate([write.scl, read.scl]), np.concatenate([write.sda, read.sda])


def chosen_places(
    places: Places, random: np.random.Generator, targets: Sequence[Target]
) -> list[int]:
    """Places of a batch: a class at random, then one of its bits."""
    by_class = defaultdict(list)
    for place, target in enumerate(places.targets):
        by_class[target].append(place)
    present = [target for target in targets if by_class[target]]
    classes = [
        by_class[present[number]] for number in random.integers(0, len(present), FLIPS_A_BATCH)
    ]
    return [bits[int(random.integers(0, len(bits)))] for bits in classes]


@dataclass(frozen=True, slots=True)
class Moment:
    """Registers in a clock of a run with events and bus traffic, and the bus from there on."""

    state: np.ndarray
    scl: np.ndarray
    sda: np.ndarray


def find_moments(chip: ChipLanes, loaded: np.ndarray, seed: int) -> list[Moment]:
    """The same for a seed."""
    random = np.random.default_rng(seed)
    traffic = bus_traffic(chip.pins.bus_timing)
    clocks = _WARM_UP_CLOCKS + np.sort(random.integers(0, len(traffic[0]), MOMENTS))
    words = random_words(chip.pins, random, int(clocks[-1]))
    events = np.column_stack([np.ones((len(words), 1), np.uint8), chip.pins.bits(words)])
    levels = [np.resize(line, len(words) + WINDOW_CLOCKS) for line in traffic]
    chip.simulation.state = loaded
    moments, past = [], 0
    for clock in clocks:
        passed, window = slice(past, clock), slice(clock, clock + WINDOW_CLOCKS)
        if clock > past:
            chip.drive(spread(events[passed]), *(line[passed] for line in levels))
        moments.append(Moment(chip.simulation.state, *(line[window] for line in levels)))
        past = int(clock)
    return moments


def one_batch(
    chip: ChipLanes,
    places: Places,
    moments: Sequence[Moment],
    seed: int,
    number: int,
    targets: Sequence[Target],
) -> list[Flip]:
    """Flips of batch ``number``: the same for a seed, whatever was run before."""
    random = np.random.default_rng([seed, number])
    moment = moments[int(random.integers(len(moments)))]
    chip.simulation.state = moment.state
    words = random_words(chip.pins, random, WINDOW_CLOCKS)
    chosen = chosen_places(places, random, targets)
    return run_batch(chip, places, chosen, words, moment.scl, moment.sda)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is flipped how often.

    ``open`` opens the chip in any process; it can be pickled. ``loaded``, uint64, is the state of
    its registers. Results of another ``identity``, of design and settings, are not gone on with.
    """

    open: Callable[[], ChipLanes]
    loaded: np.ndarray
    identity: str
    seed: int
    flips: int
    targets: tuple[Target, ...] = tuple(Target)

    @property
    def batches(self) -> int:
        """Batches of 63 flips that it takes."""
        return -(-self.flips // FLIPS_A_BATCH)


_worker: tuple[ChipLanes, Places, list[Moment], Campaign] | None = None


def _start(campaign: Campaign) -> None:
    # A pool starts each of its processes by a function: one chip a process, opened once.
    global _worker
    chip = campaign.open()
    moments = find_moments(chip, campaign.loaded, campaign.seed)
    _worker = chip, Places.of(chip), moments, campaign


def _work(number: int) -> tuple[int, list[Flip]]:
    assert _worker is not None
    chip, places, moments, campaign = _worker
    return number, one_batch(chip, places, moments, campaign.seed, number, campaign.targets)


def _known(path: Path, identity: str) -> dict[int, list[Flip]]:
    """Batches that an earlier run finished; a line that was cut off is not one."""
    if not path.is_file():
        return {}
    batches: dict[int, list[Flip]] = {}
    for place, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if place == 0:
            if entry != {"identity": identity}:
                return {}
        else:
            flips = [Flip(p, Outcome(outcome), wrong) for p, outcome, wrong in entry["flips"]]
            batches[entry["batch"]] = flips
    return batches


def run_campaign(
    campaign: Campaign, record: Path, jobs: int, progress: Callable[[int], None]
) -> list[Flip]:
    """Run the batches that are not in the record yet, in some processes.

    The record has JSON lines: the identity, then a line a batch, written as they come.
    ``progress`` gets the number of flips done.
    """
    known = _known(record, campaign.identity)
    entries = [{"identity": campaign.identity}]
    entries += [_entry(number, flips) for number, flips in sorted(known.items())]
    write_whole(record, "".join(json.dumps(entry) + "\n" for entry in entries))
    left = [number for number in range(campaign.batches) if number not in known]
    progress(len(known) * FLIPS_A_BATCH)
    with record.open("a", encoding="utf-8") as stream:
        for number, flips in _results(campaign, left, jobs):
            known[number] = flips
            stream.write(json.dumps(_entry(number, flips)) + "\n")
            stream.flush()
            progress(len(known) * FLIPS_A_BATCH)
    flat = [flip for number in range(campaign.batches) for flip in known[number]]
    return flat[: campaign.flips]


def _entry(number: int, flips: Sequence[Flip]) -> dict[str, object]:
    return {
        "batch": number,
        "flips": [[flip.place, flip.outcome.value, flip.wrong_events] for flip in flips],
    }


def _results(
    campaign: Campaign, left: Sequence[int], jobs: int
) -> Iterator[tuple[int, list[Flip]]]:
    if jobs == 1:
        _start(campaign)
        yield from map(_work, left)
        return
    with worker_pool(jobs, _start, campaign) as pool:
        yield from pool.map(_work, left, chunksize=4)
