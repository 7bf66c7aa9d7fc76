"""Runs the cocotb tests of a design: build, run, JUnit results."""

import contextlib
import os
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import cocotb_tools.config
from cocotb_tools.runner import Icarus, Runner, Verilator

from hexcoder.errors import InputError
from hexcoder.processes import run
from hexcoder.tb.rtl.verilated import SPLIT
from hexcoder.tools import (
    LAST_LINES,
    make_variables,
    plain,
    plain_workplace,
    verilator_environment,
    verilator_program,
)

JUNIT = "junit.xml"


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """The runner starts its tools in this process's environment."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def read_junit(path: Path) -> dict[str, str | None]:
    """Tests of a JUnit file by name, and how they failed; None if they passed."""
    results: dict[str, str | None] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        message = None
        if problem is not None:
            message = problem.get("message") or problem.get("error_msg") or problem.text or "failed"
            # Behind the first line stands how the test was written.
            message = (message.strip().splitlines() or ["failed"])[0]
            message = message.removeprefix("AssertionError: ")
        results[case.get("name", "?")] = message
    return results


class _Ended(Runner):
    """cocotb's runner, but what it starts ends with us; cocotb has no way to ask for that."""

    def _execute_cmds(self, cmds: Any, cwd: Any, stdout: IO[Any] | None = None) -> None:
        for command in cmds:
            done = run(command, cwd=cwd, env=self.env, stdout=stdout)
            if done.returncode:
                raise RuntimeError(f"status {done.returncode}")


class _Icarus(_Ended, Icarus):
    """Icarus Verilog."""


class _PortsOnly(_Ended, Verilator):
    """cocotb's runner, but with the top module's signals visible to the tests alone.

    Access to every signal takes minutes of compiling on a layer of single-bit gates. cocotb has no
    option for it; its version is pinned.
    """

    def _build_command(self) -> Any:
        compile_, *others = super()._build_command()
        program = verilator_program()
        if program != "verilator":
            compile_ = [program, *compile_[1:]]
        return [
            [part for word in command for part in self._changed(str(word))]
            for command in (compile_, *others)
        ]

    @staticmethod
    def _changed(word: str) -> list[str]:
        if word == "--public-flat-rw":
            return ["--public-depth", "1"]
        # make splits a path at its spaces.
        for folder in (cocotb_tools.config.libs_dir, cocotb_tools.config.share_dir):
            word = word.replace(str(folder), str(plain(Path(folder))))
        return [word]


def run_protocol_tests(
    network: Path,
    design: Path,
    module: str,
    work: Path,
    results: Path,
    events: Path | None = None,
    columns: str | None = None,
    *,
    simulator: str = "verilator",
    vectors: int = 400,
    waves: bool = False,
) -> dict[str, str | None]:
    """Run tb/rtl/cocotb_bench.py on a module; outcomes as of :func:`read_junit`.

    ``work`` gets the build and the log, with ``waves`` a waveform (FST) too; ``results`` is the
    JUnit file. ``simulator`` is 'verilator' or 'icarus'; a test has ``vectors`` at most. InputError
    if the design does not build, with the log's last lines.
    """
    values = {
        "HEXCODER_NETWORK": str(network.resolve()),
        "HEXCODER_DESIGN": str(design.resolve()),
        "HEXCODER_MODULE": module,
        "HEXCODER_VECTORS": str(vectors),
    }
    if events is not None:
        values["HEXCODER_EVENTS"] = str(events.resolve())
        values["HEXCODER_COLUMNS"] = columns or ""
    found = run_cocotb(
        "hexcoder.tb.rtl.cocotb_bench",
        [design.resolve() / "encoder.v"],
        module,
        work,
        values,
        simulator=simulator,
        waves=waves,
    )
    results.parent.mkdir(parents=True, exist_ok=True)
    if results.resolve() != found:
        shutil.copyfile(found, results)
    return read_junit(results)


def run_cocotb(
    tests: str,
    sources: Sequence[Path],
    module: str,
    work: Path,
    values: dict[str, str] | None = None,
    *,
    simulator: str = "verilator",
    waves: bool = False,
    beside: Sequence[Path] = (),
) -> Path:
    """Build a module and run a Python module of cocotb tests on it, in environment ``values``.

    ``beside`` are files that the tests need in their folder: the tests themselves, where no package
    has them. Returns the JUnit file, in ``work``. InputError if the module does not build, with the
    log's last lines.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for file in beside:
        shutil.copy(file, work)
    with plain_workplace(work.resolve()) as place:
        _build_and_test(tests, sources, module, place, values, simulator, waves)
    return work.resolve() / JUNIT


def _build_and_test(
    tests: str,
    sources: Sequence[Path],
    module: str,
    work: Path,
    values: dict[str, str] | None,
    simulator: str,
    waves: bool,
) -> None:
    log = work / "cocotb.log"
    # The runner goes by where a file really is.
    copies = [Path(shutil.copy(source, work)) for source in sources]
    places = [str(work), *filter(None, sys.path)]
    values = (values or {}) | {
        "PYTHONPATH": os.pathsep.join(places),
        # pytest's telling asserts, for the tests alone: to rewrite every import takes seconds.
        "COCOTB_REWRITE_ASSERTION_FILES": tests.rsplit(".", 1)[-1] + ".py",
    }
    is_verilator = simulator == "verilator"
    if is_verilator:
        tools = verilator_environment()
        values |= {key: tools[key] for key in ("PATH", "VERILATOR_ROOT")}
        values["MAKEFLAGS"] = f"-j2 -- {make_variables('-O0', copies)}"
        arguments = ["-Wno-fatal", "-Wno-lint", *SPLIT, *(["--trace-fst"] if waves else [])]
    else:
        arguments = ["-g2012"]
    runner = _PortsOnly() if is_verilator else _Icarus()
    with _environment(values):
        try:
            runner.build(
                sources=copies,
                hdl_toplevel=module,
                build_dir=work,
                build_args=arguments,
                timescale=("1ns", "1ps"),
                waves=waves,
                log_file=log,
            )
            runner.test(
                test_module=tests,
                hdl_toplevel=module,
                build_dir=work,
                test_dir=work,
                results_xml=str(work / JUNIT),
                test_args=["--trace"] if waves and is_verilator else [],
                log_file=log,
            )
        except (RuntimeError, SystemExit) as error:
            if not (work / JUNIT).exists():
                lines = log.read_text(errors="replace").splitlines() if log.exists() else []
                tail = " | ".join(lines[-LAST_LINES:])
                raise InputError(f"{simulator} could not run {module}: {error}: {tail}") from None
