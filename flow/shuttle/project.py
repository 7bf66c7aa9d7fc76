"""A project for a shuttle: written, and its own tests run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from hexcoder.config import Config
from hexcoder.errors import CheckFailed, InputError
from hexcoder.flow.folders import TemplateFolder, whole_folder
from hexcoder.flow.handoff.records import packed
from hexcoder.flow.librelane.design import ADDER_MODULE, FULL_ADDERS
from hexcoder.flow.shuttle.shuttles import TINY_TAPEOUT, Shuttle, Site, hardening
from hexcoder.flow.shuttle.size import ALLOWANCE, UTILISATION, RoomNeeded, room_needed
from hexcoder.flow.vectors import load_events_of
from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.hw.interfaces import Core
from hexcoder.hw.shuttle.words import words_of
from hexcoder.metrics.rtl import RtlFile
from hexcoder.network.modules import ModuleUnderTest, Stimulus
from hexcoder.sensor.encoders import load_encoder
from hexcoder.sensor.frames import fixed_module
from hexcoder.steps.reads import Place
from hexcoder.tb.modules import read_rtl
from hexcoder.tb.rtl.protocol import read_junit, run_cocotb
from hexcoder.version import __version__

CORE = "encoder_core"
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True)
class Labels:
    """What a person says of a project.

    Attributes
    ----------
    author, title : str
    top : str
        Name of the top module.
    """

    author: str
    title: str
    top: str


@dataclass(frozen=True)
class Written:
    """A project that was written: its place, the room it needs, and how many tests it passed."""

    site: Site
    room: RoomNeeded
    tests: int


def labels_for(
    config: Config, shuttle: Shuttle, author: str, title: str | None, top: str | None
) -> Labels:
    """What was said, or what the config's name makes of it.

    Raises
    ------
    InputError
        If ``top`` cannot be the top module's name.
    """
    if top is None:
        top = f"{shuttle.prefix}hexcoder_{re.sub(r'[^A-Za-z0-9_]', '_', config.name)}"
    if not NAME.fullmatch(top) or not top.startswith(shuttle.prefix):
        begin = f"begin with {shuttle.prefix} and " if shuttle.prefix else ""
        raise InputError(f"--top {top}: it must {begin}be a name of letters, digits and _")
    for name, value in (("--author", author), ("--title", title)):
        if value is not None and not (value.strip() and value.isprintable()):
            raise InputError(f"{name} {value!r}: it must be a text in one line")
    return Labels(author, config.name if title is None else title, top)


def write_project(
    config: Config,
    build: Path,
    folder: Path,
    shuttle: Shuttle,
    labels: Labels,
    wanted: str | None,
    vectors: int,
) -> Written:
    """Write a project, whole or not at all, and run its tests.

    Parameters
    ----------
    build : Path
        Where the stage rtl has run.
    folder : Path
        What is in it is replaced.
    wanted : str or None
        Name of the site; by default the smallest that has room.
    vectors : int
        Events of its tests.

    Raises
    ------
    InputError
        If the design is too large, or its weights lie in registers.
    CheckFailed
        If a test fails.
    """
    rtl = read_rtl(build / "rtl")
    if rtl.registers is not None:
        raise InputError(
            f"config {config.name}: key 'chip.weights' = 'loadable': weights behind I2C have no "
            "place on a shuttle; 'fixed' has"
        )
    if rtl.interval_cycles > 1:
        raise InputError(
            f"config {config.name}: key 'pipeline.interval' = {rtl.interval_cycles}: the shuttle's "
            "wrapper sends an event whenever one is complete; the only value here is 1"
        )
    module = CORE if CORE in rtl.modules else rtl.top
    room = room_needed(build, rtl, module)
    site = shuttle.site_for(config.name, room, wanted)
    project = _Project(config, build, shuttle, labels, rtl, module)
    work = build / f".{shuttle.name}.simulation"
    with whole_folder(folder) as partial:
        project.write(partial, site, room, vectors)
        tests = _run_tests(partial, shuttle, project.sources, work)
    shutil.rmtree(work)
    return Written(site, room, tests)


class _Project:
    def __init__(
        self,
        config: Config,
        build: Path,
        shuttle: Shuttle,
        labels: Labels,
        rtl: RtlFile,
        module: str,
    ):
        self.config, self.build, self.shuttle, self.labels = config, build, shuttle, labels
        self.ports, self.module = rtl.modules[module], module
        text = (build / "rtl" / "encoder.v").read_text(encoding="utf-8")
        self.verilog, self.adders = ADDER_MODULE.subn("", text)
        self.sources = [f"{labels.top}.v", "encoder.v", *(["full_adder.v"] * self.adders)]
        if shuttle.wrapper:
            self.sources.insert(0, shuttle.wrapper)

    def write(self, folder: Path, site: Site, room: RoomNeeded, vectors: int) -> None:
        shuttle, labels = self.shuttle, self.labels
        templates = Path(__file__).with_name("templates")
        out = TemplateFolder(folder, templates, {"top": labels.top})
        core = Core(self.module, self.ports.input_bits, self.ports.output_bits)
        tile = verilog_text([rtlil_text(shuttle.component(core), labels.top)])
        under_test = fixed_module(load_encoder(self.build / "network.json"), self.module)
        lines = self._vectors(under_test, vectors)
        out.put(f"{shuttle.sources}/{{top}}.v", "pins and shift registers", tile)
        out.put(f"{shuttle.sources}/encoder.v", "the design", self.verilog)
        out.put(f"{shuttle.tests}/vectors.txt", "events, answers", "\n".join(lines) + "\n")
        known = self._values(under_test, site, room, lines)
        common = [
            ("Makefile.j2", f"{shuttle.tests}/Makefile", "runs the tests"),
            ("requirements.txt.j2", f"{shuttle.tests}/requirements.txt", "packages of the tests"),
        ]
        if self.adders:
            common.append(("full_adder.v.j2", f"{shuttle.sources}/full_adder.v", "full adder"))
        for template, name, meaning in (*shuttle.templates, *common):
            out.put(name, meaning, out.render(template, known))
        if shuttle is TINY_TAPEOUT:
            variables = hardening(self.config.clock.period_ns)
            out.put("src/config.json", "for hardening", json.dumps(variables, indent=2) + "\n")

    def _values(
        self, module: ModuleUnderTest, site: Site, room: RoomNeeded, lines: Sequence[str]
    ) -> dict[str, object]:
        ports, shuttle, clock = self.ports, self.shuttle, self.config.clock
        cell, pins = FULL_ADDERS["sky130_fd_sc_hd"]
        return {
            "name": self.config.name,
            "title": self.labels.title,
            "author": self.labels.author,
            "top": self.labels.top,
            "module": self.module,
            "version": __version__,
            "description": f"{self.module} of {self.config.name}",
            "clock_hz": round(1e9 / clock.period_ns),
            "input_bits": ports.input_bits,
            "output_bits": ports.output_bits,
            "input_words": words_of(ports.input_bits, shuttle.word_bits),
            "output_words": words_of(ports.output_bits, shuttle.word_bits),
            "latency": ports.latency_cycles,
            "seen_after": ports.latency_cycles + 1,
            "ports": [*module.inputs, *module.outputs],
            "vectors": len(lines),
            "example": lines[-1].split(),
            "site": site,
            "size": room,
            "allowance": ALLOWANCE,
            "utilisation": UTILISATION,
            "sources": " ".join(self.sources),
            "source_files": self.sources,
            "to_sources": "../" * (shuttle.tests.count("/") + 1) + shuttle.sources,
            "test": shuttle.test,
            "cocotb": metadata.version("cocotb"),
            "cell": cell,
            "pins": pins,
        }

    def _vectors(self, module: ModuleUnderTest, count: int) -> list[str]:
        """Events and their answers as bytes in hexadecimal digits, the lowest first."""
        config = self.config
        events, _ = load_events_of(Place(config, self.build, "shuttle", self.build))
        stimulus = Stimulus(config.verification.seed, count, events[:count])
        inputs = np.concatenate([block.inputs for block in module.stimulus(stimulus)])
        inputs = inputs[np.arange(count) * len(inputs) // count]
        words = (
            packed(inputs, module.input_widths),
            packed(module.golden(inputs), module.output_widths),
        )
        step = self.shuttle.word_bits
        sizes = [
            words_of(bits, step) * step // 8
            for bits in (self.ports.input_bits, self.ports.output_bits)
        ]
        return [
            " ".join(
                one.to_bytes(size, "little").hex() for one, size in zip(pair, sizes, strict=True)
            )
            for pair in zip(*words, strict=True)
        ]


def _run_tests(folder: Path, shuttle: Shuttle, sources: Sequence[str], work: Path) -> int:
    """Run a project's own tests with Verilator; their number."""
    tests = folder / shuttle.tests
    beside = [tests / f"{shuttle.test}.py", tests / "vectors.txt"]
    files = [tests / "tb.v", *(folder / shuttle.sources / name for name in sources)]
    outcomes = read_junit(run_cocotb(shuttle.test, files, "tb", work, beside=beside))
    failed = [f"{name}: {problem}" for name, problem in outcomes.items() if problem]
    if failed or not outcomes:
        raise CheckFailed(
            f"{len(failed)} of {len(outcomes)} tests of the {shuttle.name} project failed: "
            f"{'; '.join(failed)} (log: {work / 'cocotb.log'})"
        )
    return len(outcomes)
