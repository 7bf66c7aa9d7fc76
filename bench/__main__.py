"""Benchmarks on the command line: tables to the terminal, results and pictures to build/bench."""

import shutil
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic_core import to_jsonable_python

from hexcoder.bench import (
    chip,
    compilers,
    energy,
    estimate,
    folding,
    glitches,
    nodes,
    pictures,
    pipelining,
    scale,
)
from hexcoder.bench.networks import benchmark_networks
from hexcoder.bench.runs import Row, keep, within
from hexcoder.code import code_digest
from hexcoder.console import Commands, add_command, run_room
from hexcoder.errors import InputError, run_command
from hexcoder.files import write_json, write_whole
from hexcoder.steps.reads import versions

EXAMPLES = """examples:
  python -m bench compilers                      hexcoder, alkaid and plain RTL on five networks
  python -m bench compilers --networks econ_t_linear_mlp    the quickest of them
  python -m bench pipelining                     stages against clock, area and energy
  python -m bench folding                        what sharing adders saves
  python -m bench glitches                       energy with glitches over pipeline stages
  python -m bench energy                         what measures against glitches save
  python -m bench estimate                       the fast estimate of glitches beside Icarus
  python -m bench layout                         place and route over the number of cells
  python -m bench chip                           triplication and shadow registers, by block
  python -m bench nodes                          thresholds, tables, trees beside plain RTL
  python -m bench scale                          time and memory over the size of the network

'compilers' takes two hours and 21 GB (plain RTL of the largest network), 'chip' an hour. Both keep
each measurement in build/bench/kept and go on from there while the code stays the same.
"""

Measured = TypeVar("Measured", bound=Row)
Content = dict[str, object]
"""What goes to the file of a benchmark."""


def _rows(
    arguments: Namespace,
    picture: str,
    measure: Callable[..., Measured],
    cases: Mapping[str, tuple[object, ...]],
    draw: Callable[[Sequence[Measured]], bytes],
) -> list[Measured]:
    """Measure one case, a name with its arguments, after the other; the picture grows with each."""
    rows: list[Measured] = []
    for name, values in cases.items():
        _say(name)
        row = _within(arguments.limit, measure, *values)
        print(row.model_dump(), flush=True)
        rows.append(row)
        write_whole(arguments.output / f"{picture}.svg", draw(rows))
    return rows


def _within(limit_s: float, measure: Callable[..., Measured], *arguments: object) -> Measured:
    """What a process of its own measures; InputError if it takes too long."""
    row = within(limit_s, measure, *arguments)
    if row is None:
        raise InputError("a measurement took longer than --limit")
    return row


def _say(text: str) -> None:
    print(f"... {text}", flush=True)


def _work(arguments: Namespace) -> Path:
    """What one benchmark leaves behind while it runs."""
    return arguments.output / f"work_{arguments.command}"


def _compilers(arguments: Namespace) -> Content:
    comparison = compilers.compare(
        arguments.networks or list(benchmark_networks()),
        arguments.compilers or list(compilers.COMPILERS),
        arguments.effort,
        arguments.limit,
        arguments.output / "kept" / "compilers",
        _say,
    )
    write_whole(arguments.output / "compilers.svg", pictures.draw_compilers(comparison))
    print(compilers.table(comparison), end="")
    for name, values in comparison.ratios.items():
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in values.items())}")
    return comparison.model_dump(exclude_unset=True)


def _pipelining(arguments: Namespace) -> Content:
    result: Content = {}
    for name in arguments.networks or ["econ_t_linear_mlp"]:
        work = _work(arguments) / name
        cases = {
            f"{name} at {period} ns": (name, period, arguments.effort, work / f"period_{period}")
            for period in pipelining.PERIODS_NS
        }
        draw = partial(pictures.draw_pipelining, name)
        result[name] = _rows(arguments, f"pipelining_{name}", pipelining.run, cases, draw)
    return result


def _folding(arguments: Namespace) -> Content:
    result: Content = {}
    for name in arguments.networks or list(folding.SIZES):
        work = _work(arguments) / name
        cases = {
            f"{name}, an event every {interval} clocks": (
                name,
                interval,
                arguments.effort,
                work / f"interval_{interval}",
            )
            for interval in folding.INTERVALS
        }
        draw = partial(pictures.draw_folding, name)
        result[name] = _rows(arguments, f"folding_{name}", folding.run, cases, draw)
    return result


def _glitches(arguments: Namespace) -> Content:
    pdk, effort, work = arguments.pdk, arguments.effort, _work(arguments)
    cases = {
        f"{glitches.NAME} in {pdk}, {stages} stages": (
            pdk,
            stages,
            effort,
            work / f"stages_{stages}",
        )
        for stages in glitches.STAGES
    }
    draw = partial(pictures.draw_glitches, pdk)
    return {pdk: _rows(arguments, f"glitches_{pdk}", glitches.run, cases, draw)}


def _layout(arguments: Namespace) -> Content:
    # Imported late: KLayout is in an extra of its own.
    from hexcoder.bench import layout

    cases = {
        f"layout of {network.name}": (network, arguments.effort, _work(arguments))
        for network in layout.networks()
    }
    return {"networks": _rows(arguments, "layout", layout.run, cases, pictures.draw_layout)}


def _chip(arguments: Namespace) -> Content:
    folder = arguments.output / "kept" / "chip"
    cases = {f"chip: {variant}": (variant, folder) for variant in chip.VARIANTS}
    rows = _rows(arguments, "chip", chip.run, cases, pictures.draw_chip)
    print(chip.table(rows))
    return {"variants": rows}


def _nodes(arguments: Namespace) -> Content:
    rows = []
    for name in arguments.networks or nodes.CASES:
        _say(name)
        work = _work(arguments) / name
        rows.append(_within(arguments.limit, nodes.run, name, arguments.effort, work))
    print(nodes.table(rows), end="")
    return {"graphs": rows}


def _estimate(arguments: Namespace) -> Content:
    rows = []
    for name in estimate.cases():
        _say(name)
        folder = _work(arguments) / name.replace(" ", "_")
        rows.append(_within(arguments.limit, estimate.run, name, arguments.effort, folder))
    print(estimate.table(rows), end="")
    return {"designs": rows, "agreement": estimate.agreement(rows)}


def _energy(arguments: Namespace) -> Content:
    rows = []
    for name in arguments.networks or energy.networks():
        for design in energy.designs(name):
            _say(f"{name}: {design}")
            folder = _work(arguments) / f"{name} {design}".replace(" ", "_")
            state = {"code": code_digest("hexcoder.bench.energy"), "effort": arguments.effort}
            row = keep(
                arguments.output / "kept" / "energy" / f"{folder.name}.json",
                state,
                energy.Energy,
                partial(
                    _within, arguments.limit, energy.run, name, design, arguments.effort, folder
                ),
            )
            rows.append(row)
    print(energy.table(rows), end="")
    return {"designs": rows}


def _scale(arguments: Namespace) -> Content:
    place = arguments.effort, _work(arguments)
    cases = {f"perceptron {sizes}": (sizes, *place) for sizes in scale.SIZES}
    return {"perceptrons": _rows(arguments, "scale", scale.run, cases, pictures.draw_scale)}


def _run(benchmark: Callable[[Namespace], Content], arguments: Namespace) -> None:
    """Run one benchmark and keep its results whole."""
    names = dict.fromkeys([*benchmark_networks(), *energy.networks(), *folding.SIZES, *nodes.CASES])
    unknown = set(arguments.networks or ()) - set(names)
    if unknown:
        known = ", ".join(names)
        raise InputError(f"--networks {' '.join(sorted(unknown))}: known are {known}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    content = {"tools": versions("alkaid", "amaranth", "pyosys")} | benchmark(arguments)
    write_json(arguments.output / f"{arguments.command}.json", to_jsonable_python(content))
    shutil.rmtree(_work(arguments), ignore_errors=True)


def _add(
    name: str, description: str, benchmark: Callable[[Namespace], Content], commands: Commands
) -> None:
    """Declare a benchmark; options are those of all, so that one line of them suits every one."""
    parser = add_command(commands, name, description)
    parser.add_argument("--pdk", default="nangate45", help="process of 'glitches'")
    parser.add_argument("--networks", nargs="+", help="names of networks; all by default")
    parser.add_argument("--compilers", nargs="+", choices=list(compilers.COMPILERS))
    parser.add_argument("--effort", type=float, default=1.0, help="compiler.effort of hexcoder")
    parser.add_argument("--limit", type=float, default=7200.0, help="seconds for one measurement")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.set_defaults(run=partial(_run, benchmark))


BENCHMARKS = (
    ("compilers", "hexcoder, alkaid and plain RTL on the same networks", _compilers),
    ("pipelining", "stages against clock, area and energy", _pipelining),
    ("folding", "clocks from one event to the next against area and energy", _folding),
    ("glitches", "energy with glitches over pipeline stages", _glitches),
    ("energy", "energy with glitches before and after each measure, beside peers", _energy),
    ("estimate", "the fast estimate of glitches beside Icarus Verilog", _estimate),
    ("layout", "place and route over the number of cells", _layout),
    ("chip", "triplication and shadow registers, by block", _chip),
    ("nodes", "thresholds, tables, trees and products beside plain RTL", _nodes),
    ("scale", "time and memory over the size of the network", _scale),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line's benchmark."""
    return run_room(
        "python -m bench",
        "Measure compilers beside each other, in one run.",
        EXAMPLES,
        [partial(_add, *benchmark) for benchmark in BENCHMARKS],
        argv,
    )


if __name__ == "__main__":
    run_command(main)
