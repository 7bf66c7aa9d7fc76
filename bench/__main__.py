"""Benchmarks on the command line: tables to the terminal, results and pictures to build/bench."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import chip, compilers, glitches, pictures, pipelining, scale
from bench.measure import within
from bench.networks import benchmark_networks
from hexcoder.errors import InputError, run_command
from hexcoder.files import write_json, write_whole
from hexcoder.steps.reads import versions

EXAMPLES = """examples:
  python -m bench compilers                      hexcoder, alkaid and plain RTL on five networks
  python -m bench compilers --networks econ_t    the quickest of them
  python -m bench pipelining                     stages against clock, area and energy
  python -m bench glitches                       energy with glitches over pipeline stages
  python -m bench layout                         place and route over the number of cells
  python -m bench chip                           triplication and shadow registers, by block
  python -m bench scale                          time and memory over the size of the network

'compilers' takes two hours and 21 GB (plain RTL of the largest network), 'chip' an hour. Both keep
each measurement in build/bench/kept and go on from there while the code stays the same.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure compilers beside each other, in one run.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what", choices=["compilers", "pipelining", "glitches", "layout", "chip", "scale"]
    )
    parser.add_argument("--pdk", default="nangate45", help="process of 'glitches'")
    parser.add_argument("--networks", nargs="+", help="names of networks; all by default")
    parser.add_argument("--compilers", nargs="+", choices=list(compilers.COMPILERS))
    parser.add_argument("--effort", type=float, default=1.0, help="compiler.effort of hexcoder")
    parser.add_argument("--limit", type=float, default=7200.0, help="seconds for one measurement")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    return parser


def _work(arguments: argparse.Namespace) -> Path:
    """What one benchmark leaves behind while it runs."""
    return arguments.output / f"work_{arguments.what}"


def _compilers(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    result = compilers.compare(
        arguments.networks or list(benchmark_networks()),
        arguments.compilers or list(compilers.COMPILERS),
        arguments.effort,
        arguments.limit,
        arguments.output / "kept" / "compilers",
        say,
    )
    write_whole(arguments.output / "compilers.svg", pictures.draw_compilers(result))
    print(compilers.table(result))
    for name, values in result["ratios"].items():
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in values.items())}")
    return result


def _measured(
    limit_s: float, measure: Callable[..., dict[str, Any]], *place: Any
) -> dict[str, Any]:
    """One row of a table, printed as it comes."""
    row = within(limit_s, measure, *place)
    if row is None:
        raise InputError("a measurement took longer than --limit")
    print(row, flush=True)
    return row


def _pipelining(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    result = {}
    for name in arguments.networks or ["econ_t"]:
        rows = []
        for period in pipelining.PERIODS_NS:
            say(f"{name} at {period} ns")
            work = _work(arguments) / name / f"period_{period}"
            place = (name, period, arguments.effort, work)
            rows.append(_measured(arguments.limit, pipelining.run, *place))
        result[name] = rows
        picture = pictures.draw_pipelining(name, rows)
        write_whole(arguments.output / f"pipelining_{name}.svg", picture)
    return result


def _glitches(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    rows = []
    for stages in glitches.STAGES:
        say(f"econ_t in {arguments.pdk}, {stages} stages")
        place = (arguments.pdk, stages, arguments.effort)
        work = _work(arguments) / f"stages_{stages}"
        rows.append(_measured(arguments.limit, glitches.run, *place, work))
    picture = pictures.draw_glitches(arguments.pdk, rows)
    write_whole(arguments.output / f"glitches_{arguments.pdk}.svg", picture)
    return {arguments.pdk: rows}


def _layout(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    # Imported late: KLayout is in an extra of its own.
    from bench import layout

    rows = []
    for network in layout.networks():
        say(f"layout of {network.name}")
        work = _work(arguments)
        rows.append(_measured(arguments.limit, layout.run, network, arguments.effort, work))
        write_whole(arguments.output / "layout.svg", pictures.draw_layout(rows))
    return {"networks": rows}


def _chip(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    rows = []
    for variant in chip.VARIANTS:
        say(f"chip: {variant}")
        work = arguments.output / "kept" / "chip"
        rows.append(_measured(arguments.limit, chip.run, variant, work))
    write_whole(arguments.output / "chip.svg", pictures.draw_chip(rows))
    print(chip.table(rows))
    return {"variants": rows}


def _scale(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    rows = []
    for sizes in scale.SIZES:
        say(f"perceptron {sizes}")
        work = _work(arguments)
        rows.append(_measured(arguments.limit, scale.run, sizes, arguments.effort, work))
    write_whole(arguments.output / "scale.svg", pictures.draw_scale(rows))
    return {"perceptrons": rows}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one benchmark and keep its results whole."""
    arguments = _parser().parse_args(argv)
    unknown = set(arguments.networks or ()) - set(benchmark_networks())
    if unknown:
        known = ", ".join(benchmark_networks())
        raise InputError(f"--networks {' '.join(sorted(unknown))}: known are {known}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    steps = {
        "compilers": _compilers,
        "pipelining": _pipelining,
        "glitches": _glitches,
        "layout": _layout,
        "chip": _chip,
        "scale": _scale,
    }
    result = steps[arguments.what](arguments, lambda text: print(f"... {text}", flush=True))
    tools = versions("alkaid", "amaranth", "pyosys")
    write_json(arguments.output / f"{arguments.what}.json", {"tools": tools} | result)
    shutil.rmtree(_work(arguments), ignore_errors=True)
    return 0


if __name__ == "__main__":
    run_command(main)
