"""The fast path: a module compiled by Verilator, fed through a pipe, no Python a cycle."""

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hexcoder.errors import InputError
from hexcoder.network.packing import words_for
from hexcoder.processes import child
from hexcoder.steps.reads import file_digest
from hexcoder.tb.rtl.design import Design
from hexcoder.tools import (
    is_small,
    make_variables,
    plain,
    plain_workplace,
    run_logged,
    verilator_environment,
    verilator_program,
)

HARNESS = Path(__file__).with_name("harness.cpp")
VALID, RESET = 1, 2
"""Bits of a record's flag word."""
SPLIT = ("--output-split", "20000", "--output-split-cfuncs", "2000")
"""Options that split large modules over files, or the compiler needs minutes."""


def _accessor(design: Design, path: str) -> str:
    """Name of a signal in Verilator's root structure."""
    return "root." + "__DOT__".join([design.module, *path.split(".")])


def _ports_header(design: Design) -> str:
    """The header that fits tb/rtl/harness.cpp to a design."""
    lines = [
        f"constexpr int IN_WORDS = {words_for(sum(design.input_widths))};",
        f"constexpr int OUT_WORDS = {words_for(sum(design.output_widths))};",
        "template <class Port> void get(const Port& port, uint32_t* words, int count) {",
        "    if constexpr (std::is_integral_v<Port>) {",
        "        for (int word = 0; word < count; ++word)",
        "            words[word] = static_cast<uint32_t>(uint64_t(port) >> (32 * word));",
        "    } else {",
        "        for (int word = 0; word < count; ++word) words[word] = port[word];",
        "    }",
        "}",
    ]
    body, offset = [], 0
    for watched in design.watched:
        count = words_for(watched.elements * watched.type.width)
        body.append(f"    get({_accessor(design, watched.path)}, words + {offset}, {count});")
        offset += count
    return "\n".join(
        [
            *lines,
            f"constexpr int WATCHED_WORDS = {offset};",
            "inline void watch(const Vdut___024root& root, uint32_t* words) {",
            *body,
            "    (void)root; (void)words;",
            "}",
            "",
        ]
    )


def _visibility(design: Design) -> str:
    """Verilator configuration that keeps the watched signals readable."""
    lines = ["`verilator_config"]
    for watched in design.watched:
        *instances, signal = watched.path.split(".")
        module = "encoder_core" if instances else design.module
        lines.append(f'public_flat_rd -module "{module}" -var "{signal}"')
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Simulation:
    """A compiled simulation of one module."""

    design: Design
    program: Path

    def clocks(
        self, records: Iterable[np.ndarray], watch: bool, trace: tuple[Path, int, int] | None
    ) -> Iterator[np.ndarray]:
        """Run clock by clock: uint32 (n, 1 + input words) in, (n, 1 + output words + ...) out.

        Records are fed by a thread, so that the caller can make the next ones meanwhile.
        """
        command = [str(self.program)]
        if watch:
            command.append("--watch")
        if trace:
            command += ["--trace", str(trace[0]), str(trace[1]), str(trace[2])]
        out_words = 1 + words_for(sum(self.design.output_widths))
        if watch:
            out_words += sum(words_for(w.elements * w.type.width) for w in self.design.watched)
        with child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            yield from self._talk(process, records, out_words)

    def _talk(
        self, process: subprocess.Popen[bytes], records: Iterable[np.ndarray], out_words: int
    ) -> Iterator[np.ndarray]:
        assert process.stdin is not None
        assert process.stdout is not None
        sizes: list[int] = []
        ready = threading.Semaphore(0)
        failure: list[BaseException] = []

        def feed() -> None:
            assert process.stdin is not None
            try:
                for block in records:
                    sizes.append(len(block))
                    ready.release()
                    process.stdin.write(np.ascontiguousarray(block, dtype="<u4").tobytes())
                process.stdin.close()
            except BaseException as error:  # handed to the reading side, which raises it
                failure.append(error)
                process.kill()
            ready.release()

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        place = 0
        try:
            while True:
                ready.acquire()
                if place >= len(sizes):
                    break
                wanted = sizes[place] * out_words * 4
                data = process.stdout.read(wanted)
                if len(data) != wanted:
                    if failure:
                        raise failure[0]
                    raise InputError(f"{self.program}: the simulation ended early")
                yield np.frombuffer(data, dtype="<u4").reshape(sizes[place], out_words)
                place += 1
            if failure:
                raise failure[0]
            if process.wait():
                raise InputError(f"{self.program}: the simulation failed")
        finally:
            process.kill()
            feeder.join()
            for stream in (process.stdin, process.stdout):
                stream.close()


def build_simulation(design: Design, folder: Path, *, traced: bool = False) -> Simulation:
    """Compile a module, or take the program made before from the same source.

    Raises as :func:`verilate`.
    """
    header, visibility = _ports_header(design), _visibility(design)
    identity = "\n".join(
        [file_digest(design.verilog), file_digest(HARNESS), header, visibility, str(traced)]
    )
    digest = hashlib.sha256(identity.encode()).hexdigest()
    folder = (folder / f"{design.module}{'_traced' if traced else ''}").resolve()
    program = folder / "simulation"
    stamp = folder / "source.sha256"
    if program.exists() and stamp.exists() and stamp.read_text() == digest:
        return Simulation(design, program)
    shutil.rmtree(folder, ignore_errors=True)
    # The harness finds it there without an option that names this folder: ccache knows the program
    # of the same Verilog in any folder.
    (folder / "obj").mkdir(parents=True)
    (folder / "obj" / "ports.h").write_text(header)
    (folder / "watched.vlt").write_text(visibility)
    options = ["--x-assign", "fast", "--x-initial", "unique", *SPLIT]
    options += ["--trace-fst"] if traced else []
    sources = [folder / "watched.vlt", design.verilog, HARNESS]
    # With waveforms it runs for a few events: what its compilation takes counts.
    fast = "-O0" if traced or is_small([design.verilog]) else "-O1"
    verilate(design.module, sources, program, options, fast)
    stamp.write_text(digest)
    return Simulation(design, program)


def _placed(source: Path, folder: Path) -> Path:
    """A source that Verilator may name in its makefile: a copy where its real path is not plain."""
    if plain(source.resolve()) == source.resolve():
        return source.resolve()
    return Path(shutil.copy(source, folder))


def verilate(
    top: str, sources: Sequence[Path], program: Path, options: Sequence[str], fast: str
) -> None:
    """Compile Verilog and its harness, as class ``Vdut``, to a program beside its log.

    ``fast`` is the optimisation of the code that runs every clock. ToolFailed, with the last lines
    and the log, if it does not compile.
    """
    program = program.resolve()
    log = program.parent / "verilator.log"
    with plain_workplace(program.parent) as folder:
        command = [
            verilator_program(),
            "--cc",
            "--exe",
            "--build",
            "-j",
            "2",
            "-Wno-fatal",
            "-Wno-lint",
        ]
        command += ["--top-module", top, "--prefix", "Vdut", "--Mdir", str(folder / "obj"), "-O3"]
        command += ["--noassert", *options, "-MAKEFLAGS", make_variables(fast, sources)]
        command += ["-o", str(folder / program.name)]
        command += [str(_placed(source, folder)) for source in sources]
        # Its makefile names the working folder.
        run_logged(command, log, verilator_environment(), folder=folder)
