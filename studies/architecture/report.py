"""architecture.json and the tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hexcoder.report.numbers import NOT_MEASURED, count
from hexcoder.studies.architecture.demand import Demand
from hexcoder.studies.architecture.platforms.result import Result
from hexcoder.studies.architecture.verdict import LevelVerdict, Verdict
from hexcoder.studies.record import Record

_SMALL = ((1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""))
_LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_YES, _NO = "yes", "no"


class DemandFigures(Record):
    """A demand as numbers: what it is made of, and bytes and operations a second."""

    name: str
    parameters: int
    weight_bits: int
    multiplications: int
    activation_bits: int
    input_bits: int
    output_bits: int
    rate_per_s: float
    period_s: float
    latency_s: float | None
    weight_bytes_per_s: float
    activation_bytes_per_s: float
    io_bytes_per_s: float
    operations_per_s: float
    arithmetic_intensity: float

    @classmethod
    def of(cls, demand: Demand) -> DemandFigures:
        """What a demand says of itself."""
        return cls(**{key: getattr(demand, key) for key in cls.model_fields})


class Answer(Record):
    """A network: its demand, the verdict, and its platforms."""

    demand: DemandFigures
    verdict: Verdict
    results: list[Result]


class ArchitectureFile(Record):
    """The whole of architecture.json."""

    networks: list[Answer]
    published: list[Result]


def engineering(value: float | None, unit: str) -> str:
    """Three digits with a prefix: 37.5 ns, 68.6 GB/s."""
    if value is None:
        return ""
    prefixes = _LARGE if unit in ("B", "B/s", "op/s", "/s") else _SMALL
    chosen = [p for p in prefixes if value >= p[0]] or [prefixes[-1 if prefixes is _LARGE else 0]]
    scale, prefix = chosen[0] if prefixes is _LARGE else chosen[-1]
    return f"{value / scale:.3g} {prefix}{unit}"


def columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text in aligned columns."""
    lines = [header, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def answer_text(demand: Demand, verdict: Verdict, results: Sequence[Result]) -> str:
    """All that the terminal shows of a network."""
    limit = "any latency" if demand.latency_s is None else engineering(demand.latency_s, "s")
    parts = [
        f"{demand.name}: {count(demand.parameters)} parameters, "
        f"{engineering(demand.weight_bytes, 'B')}; period {engineering(demand.period_s, 's')}, "
        f"latency {limit}",
        f"asks for {engineering(demand.weight_bytes_per_s, 'B/s')} of weights (parameters x bits "
        f"x rate), {engineering(demand.activation_bytes_per_s, 'B/s')} of activations, "
        f"{engineering(demand.io_bytes_per_s, 'B/s')} of inputs and outputs; "
        f"{engineering(demand.operations_per_s, 'op/s')}, arithmetic intensity "
        f"{demand.arithmetic_intensity:.3g} op/B",
        "",
        columns(
            ("level", "chip", "capacity", "bandwidth", "latency", "operations", "holds"),
            [_level_row(each) for each in verdict.levels],
        ),
        "",
        *_conclusions(verdict),
    ]
    if results:
        parts += ["", results_text(results)]
    return "\n".join(parts)


def _level_row(level: LevelVerdict) -> tuple[str, ...]:
    return (
        level.level,
        level.chip.upper(),
        _factor(level.capacity_factor, "area"),
        _factor(level.bandwidth_factor, "wiring"),
        _factor(level.latency_factor, "-"),
        _factor(level.operations_factor, "made for it"),
        _YES if level.holds else _NO,
    )


def _factor(value: float | None, without: str) -> str:
    return without if value is None else f"x{value:.3g}"


def _conclusions(verdict: Verdict) -> list[str]:
    lines = []
    for chip in verdict.chips:
        if chip.level is None:
            state = "no level holds the network at this rate and latency"
        else:
            state = f"the cheapest level that holds it is {chip.level}"
        if chip.in_time is not None:
            word = "in time" if chip.in_time else "too late"
            state += f"; measured or published {engineering(chip.best_latency_s, 's')}: {word}"
        lines.append(f"{chip.chip.upper()}: {state}")
    on_chip = "yes" if verdict.on_chip_required else "no"
    logic = "yes" if verdict.logic_required else "no"
    lines += [
        f"all parameters must be on the chip: {on_chip}",
        f"custom or reconfigurable logic is required: {logic}",
        f"verdict: {verdict.level} ({verdict.chip.upper()})"
        if verdict.level is not None and verdict.chip is not None
        else "verdict: no level of these memories holds it",
    ]
    return lines


def results_text(results: Sequence[Result]) -> str:
    """Platforms one by one, and below them why figures are missing."""
    rows = [
        (
            result.platform.upper(),
            result.what,
            _measured(result, "latency", engineering(result.latency_s, "s")),
            _measured(result, "energy", engineering(result.energy_j, "J")),
            _size(result),
            result.source,
        )
        for result in results
    ]
    table = columns(("platform", "of", "latency", "energy", "size", "source"), rows)
    return "\n".join([table, *(line for result in results for line in _reasons(result))])


def _measured(result: Result, key: str, text: str) -> str:
    return text or (NOT_MEASURED if key in result.not_measured else "-")


def _reasons(result: Result) -> Iterator[str]:
    for why in dict.fromkeys(result.not_measured.values()):
        keys = [key for key, reason in result.not_measured.items() if reason == why]
        what = result.what.split(",")[0]
        yield f"{NOT_MEASURED}: {result.platform.upper()}, {what}, {' and '.join(keys)}: {why}"


def _size(result: Result) -> str:
    if result.area_um2 is not None:
        return f"{result.area_um2:,.0f} um2"
    return ", ".join(f"{number:,} {kind}" for kind, number in result.cells.items()) or "-"
