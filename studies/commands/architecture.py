"""``hexcoder architecture``: which memory and which chip can hold a network."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hexcoder.console import Commands, add_command, add_number, add_output, progress_bar
from hexcoder.errors import InputError
from hexcoder.files import write_json, write_whole

if TYPE_CHECKING:
    from hexcoder.studies.architecture.demand import Demand
    from hexcoder.studies.architecture.picture import Point
    from hexcoder.studies.architecture.platforms.result import Result

MEASURED = ("cpu", "gpu", "asic", "ecp5", "ice40", "xilinx")
"""What --measure takes: platforms, of FPGAs their families."""

EXAMPLES = """examples:
  hexcoder architecture build/econ_t_linear/network.json --latency 25e-9
  hexcoder architecture --parameters 1000000 --bits 8 --rate 40e6 --latency 25e-9
  hexcoder architecture --case beam_control
  hexcoder architecture network.json --rate 40e6 --measure cpu,ecp5 --memories mine.toml
"""


def add_architecture(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "architecture",
        "which memory level and which kind of chip can hold a network at a rate and a latency",
        EXAMPLES,
    )  # fmt: skip
    parser.add_argument("networks", type=Path, nargs="*", metavar="NETWORK")
    add_number(parser, "--parameters", "of a network that is not there yet", least=1)
    add_number(parser, "--bits", "of each of these parameters", least=1)
    text = "events a second (default: of the clock of asic/metrics.json beside NETWORK)"
    parser.add_argument("--rate", type=_positive("--rate"), metavar="R", help=text)
    text = "most time from an event to its answer, s (default: any)"
    parser.add_argument("--latency", type=_positive("--latency"), metavar="L", help=text)
    parser.add_argument("--case", metavar="NAME", help="a published application; docs name them")
    text = "TOML file whose [[levels]] and [[chips]] extend those that come with hexcoder"
    parser.add_argument("--memories", type=Path, metavar="FILE", help=text)
    text = f"what is measured of NETWORK: some of {','.join(MEASURED)}, or none (default: all)"
    parser.add_argument("--measure", type=_measured, default=MEASURED, metavar="LIST", help=text)
    add_number(parser, "--runs", "runs on CPU and GPU (default 1000)", least=1, default=1000)
    parser.add_argument("--zoo", action="store_true", help="points of the built zoo as well")
    text = "folder of the built zoo (default: build/zoo)"
    parser.add_argument("--build", type=Path, default=Path("build/zoo"), help=text)
    add_output(parser, "folder for results (default: architecture/ beside the first NETWORK)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


_MOST = 1e18
"""Largest rate, and the inverse of the shortest latency: beyond it numbers overflow in the end."""


def _positive(name: str) -> Callable[[str], float]:
    def number(word: str) -> float:
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not 1 / _MOST <= value <= _MOST:
            raise InputError(
                f"{name} = {word}: it must be a number above 0, from {1 / _MOST:g} to {_MOST:g}"
            )
        return value

    return number


def _measured(words: str) -> tuple[str, ...]:
    chosen = () if words == "none" else tuple(words.split(","))
    for word in chosen:
        if word not in MEASURED:
            raise InputError(
                f"--measure = {words}: '{word}' is not known; valid are {', '.join(MEASURED)}, "
                "or none alone"
            )
    return chosen


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.studies.architecture.picture import draw_architecture
    from hexcoder.studies.architecture.platforms.result import published_result
    from hexcoder.studies.architecture.references import read_references
    from hexcoder.studies.architecture.report import (
        Answer,
        ArchitectureFile,
        DemandFigures,
        answer_text,
        results_text,
    )
    from hexcoder.studies.architecture.supply import read_supply
    from hexcoder.studies.architecture.verdict import judge

    supply = read_supply(arguments.memories)
    published = [published_result(each) for each in read_references().results]
    folder = _folder(arguments)
    answers: list[Answer] = []
    texts: list[str] = []
    points = _zoo_points(arguments)
    weight_bits: list[float] = []
    for demand, results in _demands(arguments, folder):
        verdict = judge(demand, supply, results)
        answers.append(
            Answer(demand=DemandFigures.of(demand), verdict=verdict, results=list(results))
        )
        texts.append(answer_text(demand, verdict, results))
        points.append(_point(demand, results))
        weight_bits.append(demand.weight_bits / demand.parameters)
    content = ArchitectureFile(networks=answers, published=published).as_json()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "architecture.json", content)
        mean = sum(weight_bits) / len(weight_bits)
        write_whole(folder / "architecture.svg", draw_architecture(points, supply.levels, mean))
    if arguments.json:
        print(json.dumps(content, indent=2))
        return
    print("\n\n".join([*texts, f"published\n{results_text(published)}"]))
    if folder is not None:
        print(f"written: {folder / 'architecture.json'} and architecture.svg beside it")


def _folder(arguments: argparse.Namespace) -> Path | None:
    folder: Path | None = arguments.output
    if folder is None and arguments.networks:
        folder = arguments.networks[0].parent / "architecture"
    if folder is not None and folder.exists() and not folder.is_dir():
        raise InputError(f"-o {folder}: is a file; give a folder")
    return folder


def _demands(
    arguments: argparse.Namespace, folder: Path | None
) -> Sequence[tuple[Demand, Sequence[Result]]]:
    """What the options name, with results of these very networks."""
    from hexcoder.studies.architecture.demand import demand_of_numbers

    ways = [bool(arguments.networks), arguments.parameters is not None, bool(arguments.case)]
    if sum(ways) != 1:
        raise InputError("give NETWORK, or --parameters with --bits and --rate, or --case")
    if arguments.case:
        return [_case(arguments)]
    if arguments.parameters is not None:
        if arguments.bits is None or arguments.rate is None:
            raise InputError("--parameters: --bits and --rate are needed with it")
        name = f"{arguments.parameters:,} parameters of {arguments.bits} bits"
        demand = demand_of_numbers(
            name, arguments.parameters, arguments.bits, arguments.rate, arguments.latency
        )
        return [(demand, [])]
    if arguments.bits is not None:
        raise InputError("--bits: NETWORK has its own widths; it goes with --parameters")
    assert folder is not None
    # All are read before the first is measured: a mistake is told at once.
    read = [_network_demand(path, arguments) for path in arguments.networks]
    return [(demand, _results(path, arguments, folder)) for path, demand in read]


def _case(arguments: argparse.Namespace) -> tuple[Demand, Sequence[Result]]:
    from hexcoder.studies.architecture.demand import demand_of_numbers
    from hexcoder.studies.architecture.platforms.result import published_result
    from hexcoder.studies.architecture.references import read_references

    cases = {case.name: case for case in read_references().cases}
    case = cases.get(arguments.case)
    if case is None:
        raise InputError(f"--case = {arguments.case}: not known; valid are {', '.join(cases)}")
    if arguments.bits is not None:
        raise InputError("--bits: a case has its own width; it goes with --parameters")
    demand = demand_of_numbers(
        case.title, case.parameters, case.bits, arguments.rate or case.rate_per_s,
        arguments.latency or case.latency_s,
    )  # fmt: skip
    return demand, [published_result(each) for each in case.results]


def _network_demand(path: Path, arguments: argparse.Namespace) -> tuple[Path, Demand]:
    from hexcoder.network.schema import load_network
    from hexcoder.studies.architecture.demand import demand_of_network
    from hexcoder.studies.architecture.platforms.asic import read_asic

    network = load_network(path)
    if network.parameters() == 0:
        raise InputError(f"{path}: the network has no parameters; there is nothing to hold")
    rate = arguments.rate
    if rate is None:
        period_s = read_asic(path.parent).period_s
        if period_s is None:
            raise InputError(
                f"--rate: it is needed for {path}, which has no asic/metrics.json with timing "
                "beside it"
            )
        rate = 1 / period_s
    return path, demand_of_network(network, rate, arguments.latency)


def _results(path: Path, arguments: argparse.Namespace, folder: Path) -> Sequence[Result]:
    from hexcoder.network.schema import load_network
    from hexcoder.studies.architecture.platforms.asic import read_asic
    from hexcoder.studies.architecture.platforms.fpga import (
        FAMILIES,
        compile_for_fpga,
        measure_fpga,
    )
    from hexcoder.studies.architecture.platforms.processor import measure_onnx, measure_torch

    network = load_network(path)
    chosen, runs = arguments.measure, arguments.runs
    place = folder / "fpga" / network.name
    steps: list[tuple[str, Callable[[], Sequence[Result]]]] = []
    if "cpu" in chosen:
        steps.append(("torch", lambda: [measure_torch(network, "cpu", runs)]))
        steps.append(("ONNX Runtime", lambda: [measure_onnx(network, runs)]))
    if "gpu" in chosen:
        steps.append(("CUDA", lambda: [measure_torch(network, "cuda", runs)]))
    families = [FAMILIES[name] for name in chosen if name in FAMILIES]
    if families:
        steps.append(("RTL", lambda: compile_for_fpga(network, place)))
    steps += [(each.title, partial(measure_fpga, each, place)) for each in families]
    if "asic" in chosen:
        steps.append(("ASIC", lambda: [read_asic(path.parent)]))
    results: list[Result] = []
    with progress_bar() as bar:
        task = bar.add_task("architecture", total=len(steps))
        for name, measure in steps:
            bar.update(task, description=f"architecture: {network.name}, {name}")
            results += measure()
            bar.advance(task)
    return results


def _point(demand: Demand, results: Sequence[Result]) -> Point:
    from hexcoder.studies.architecture.picture import Point

    latencies = [result.latency_s for result in results if result.latency_s is not None]
    latency = min(latencies, default=None)
    return Point(demand.name, demand.parameters, demand.period_s, latency)


def _zoo_points(arguments: argparse.Namespace) -> list[Point]:
    """Networks of the zoo that are built, at the period that they were built for."""
    from hexcoder.network.schema import load_network
    from hexcoder.studies.architecture.picture import Point
    from hexcoder.studies.architecture.platforms.asic import read_asic

    if not arguments.zoo:
        return []
    points = []
    for path in sorted(arguments.build.glob("*/network.json")):
        result = read_asic(path.parent)
        network = load_network(path)
        if result.period_s is not None and network.parameters():
            points.append(
                Point(network.name, network.parameters(), result.period_s, result.latency_s)
            )
    if not points:
        raise InputError(
            f"--zoo: {arguments.build} has no network with asic/metrics.json; "
            "run `hexcoder zoo` first, or name its folder by --build"
        )
    return points
