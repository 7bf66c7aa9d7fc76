"""The folder, and the archive of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from hexcoder.config import Config
from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.files import write_whole
from hexcoder.flow.design import RTL_METRICS, Design, read_design
from hexcoder.flow.folders import TemplateFolder, whole_folder
from hexcoder.flow.handoff.records import Record, packed, records_of
from hexcoder.flow.vectors import load_vectors
from hexcoder.steps.reads import Place
from hexcoder.version import __version__

VENDOR, LIBRARY = "hexcoder", "blocks"
MEANINGS = {
    "clk": "clock",
    "rst": "synchronous reset, active high",
    "in_valid": "an event is on in_data",
    "in_data": "elements one after the other, the first in the lowest bits",
    "out_valid": "an answer is on out_data",
    "out_data": "elements one after the other, the first in the lowest bits",
    "scl": "I2C clock",
    "sda": "I2C data, as seen on the wire",
    "sda_low": "1 where the block pulls the I2C data wire low",
    "device_address": "I2C address",
}
TEMPLATES = (
    ("constraints.sdc.j2", "constraints/{top}.sdc", "clock and delays of the pins, in ns"),
    ("genus.tcl.j2", "scripts/genus.tcl", "synthesis with Cadence Genus"),
    ("innovus.tcl.j2", "scripts/innovus.tcl", "layout with Cadence Innovus"),
    ("design_compiler.tcl.j2", "scripts/design_compiler.tcl", "synthesis with Synopsys DC"),
    ("yosys.ys.j2", "scripts/yosys.ys", "synthesis with Yosys"),
    ("orfs.mk.j2", "scripts/openroad/config.mk", "layout with OpenROAD-flow-scripts"),
    ("core.j2", "{name}.core", "FuseSoC"),
    ("component.xml.j2", "ip-xact/{name}.xml", "IP-XACT, IEEE 1685-2014"),
)
"""Template, file, meaning."""
TESTBENCH = (
    ("testbench.v.j2", "sim/tb_{top}.v", "self-checking testbench in plain Verilog"),
    ("run_icarus.sh.j2", "sim/run_icarus.sh", "runs it with Icarus Verilog"),
    ("run_verilator.sh.j2", "sim/run_verilator.sh", "runs it with Verilator"),
)
VIEWS = (
    ("datasheet/datasheet.html", "", "data sheet"),
    ("datasheet/datasheet.pdf", "", "data sheet"),
    ("asic/netlist.v", "netlist/{top}.v", "netlist after synthesis"),
    ("layout/layout.gds", "layout/{top}.gds", "layout"),
    ("layout/final.v", "layout/{top}.v", "netlist of the layout"),
    ("layout/*.spef", "layout/", "wires of the layout"),
    ("layout/delays*.sdf", "layout/", "delays of the layout"),
    ("layout/views/*", "layout/", "view of the laid out block"),
    ("layout/block_liberty/*.lib", "layout/", "timing and power of the block as one cell"),
)
"""What stages left, if they did: source, file or folder, meaning."""
PORT = re.compile(
    r"^\s*(input|output|inout)\s+(?:wire\s+|reg\s+)?(?:\[(\d+):0\]\s*)?(\w+)\s*;", re.M
)


@dataclass(frozen=True)
class Pin:
    """A port of the top module."""

    name: str
    direction: str
    width: int
    is_bus: bool

    @property
    def meaning(self) -> str:
        """What it is for."""
        return MEANINGS.get(self.name, "")


def pins_of(verilog: str, top: str) -> list[Pin]:
    """Ports of a module of emitted Verilog."""
    found = re.search(rf"^module {re.escape(top)}\(.*?^endmodule", verilog, re.M | re.S)
    if found is None:
        raise InputError(f"encoder.v has no module '{top}': run 'make rtl' again")
    words = {"input": "in", "output": "out", "inout": "inout"}
    return [
        Pin(name, words[direction], int(left or 0) + 1, left is not None)
        for direction, left, name in PORT.findall(found[0])
    ]


def write_handoff(
    config: Config,
    build: Path,
    folder: Path,
    events: int,
) -> Path:
    """Write the folder, whole or not at all, and an archive beside it.

    Parameters
    ----------
    build : Path
        Where the stages' results lie; those of asic and layout are taken along if they are there.
    folder : Path
        What is in it is replaced.
    events : int
        In the testbench.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    InputError
        If the stage rtl has not run.
    """
    place = Place(config, build, "handoff", folder)
    if not place.path(RTL_METRICS).is_file():
        raise InputError(f"{place.path(RTL_METRICS)}: no such file; 'make rtl' writes it")
    design = read_design(place.path(RTL_METRICS))
    archive = folder.with_name(f"{folder.name}.tar.gz")
    with whole_folder(folder) as partial:
        _Package(place, design, partial, events).write()
        content = _archived(partial, folder.name)
    write_whole(archive, content)
    return archive


class _Package:
    def __init__(self, place: Place, design: Design, folder: Path, events: int):
        self.place, self.design, self.folder, self.count = place, design, folder, events
        self.names = {"top": design.top, "name": place.config.name}
        self.out = TemplateFolder(folder, Path(__file__).with_name("templates"), self.names)

    def write(self) -> None:
        verilog = self.place.path("rtl/encoder.v").read_text(encoding="utf-8")
        self.out.put("rtl/{top}.v", "the block, synthesisable Verilog", verilog)
        known = self._values(verilog)
        templates = list(TEMPLATES)
        if known["records"]:
            templates += TESTBENCH
        for template, name, meaning in templates:
            self.out.put(name, meaning, self.out.render(template, known))
        for source, name, meaning in VIEWS:
            for path in sorted(self.place.build.glob(source)):
                self.out.take(path, name or path.name, meaning)
        for file in metadata.files("hexcoder") or ():
            if file.name == "LICENSE":
                text = Path(str(file.locate())).read_text()
                self.out.put("LICENSE", "licence of testbench, scripts and descriptions", text)
                break
        known["files"] = sorted(self.out.files)
        text = self.out.render("README.md.j2", known)
        (self.folder / "README.md").write_text(text, encoding="utf-8")
        (self.folder / "SHA256SUMS").write_text("".join(_checksums(self.folder)))

    def _values(self, verilog: str) -> dict[str, Any]:
        config, design = self.place.config, self.design
        pins = pins_of(verilog, design.top)
        latency = None if design.is_loadable else design.interface.latency_cycles
        records = [] if design.is_loadable else list(self._records())
        widths = {pin.name: pin.width for pin in pins}
        if records:
            self._write_records(records, widths["in_data"], widths["out_data"])
        utilisation = config.librelane.core_utilization
        return {
            **self.names,
            "vendor": VENDOR,
            "library": LIBRARY,
            "version": __version__,
            "description": f"{design.top} of the network of {config.name}, compiled by hexcoder "
            f"{__version__}",
            "clock": config.clock,
            "ports": pins,
            "latency": latency,
            "interval": design.interface.interval_cycles,
            "triplicated": bool(design.triplicated_bits),
            "records": len(records),
            "events": sum(one.answer is not None and one.is_known for one in records),
            "in_bits": widths.get("in_data", 0),
            "out_bits": widths.get("out_data", 0),
            "utilisation": utilisation,
            "density": utilisation / 100,
            "platform": "nangate45" if config.silicon.pdk == "nangate45" else "sky130hd",
            "measured": list(self._measured()),
        }

    def _records(self) -> Iterator[Record]:
        config = self.place.config
        counts = config.verification.model_copy(update={"netlist_vectors": self.count})
        place = Place(
            config.model_copy(update={"verification": counts}),
            self.place.build,
            "handoff",
            self.folder,
        )
        vectors = load_vectors(place, self.design)
        assert vectors.expected is not None
        chosen = _spread(len(vectors.inputs), self.count)
        interface = self.design.interface
        inputs = packed(vectors.inputs[chosen], interface.input_widths)
        answers = packed(vectors.expected[chosen], interface.output_widths)
        yield from records_of(
            inputs,
            answers,
            interface.latency_cycles,
            config.verification.seed,
            interface.interval_cycles,
        )

    def _write_records(self, records: Sequence[Record], in_bits: int, out_bits: int) -> None:
        stimulus, answers = [], []
        for one in records:
            flags = (one.reset << 1 | one.valid) << in_bits
            stimulus.append(f"{flags | one.data:0{-(-(in_bits + 2) // 4)}x}")
            flags = (one.is_known << 1 | (one.answer is not None)) << out_bits
            answers.append(f"{flags | (one.answer or 0):0{-(-(out_bits + 2) // 4)}x}")
        self.out.put("sim/stimulus.hex", "the pins, clock by clock", "\n".join(stimulus) + "\n")
        self.out.put("sim/answers.hex", "what must be seen then", "\n".join(answers) + "\n")

    def _measured(self) -> Iterator[dict[str, str]]:
        for stage, state in (("asic", "after synthesis"), ("layout", "after layout")):
            path = self.place.path(f"{stage}/metrics.json")
            if not path.is_file():
                continue
            found = read_json(path)
            state = f"{state}, {self.place.config.silicon.pdk}"
            for key, name, form in (
                ("design__instance__area", "area of cells", "{:,.0f} um2"),
                ("timing__setup__ws", "worst setup slack", "{:.2f} ns"),
                ("timing__hold__ws", "worst hold slack", "{:.3f} ns"),
                (
                    "energy_per_event_with_glitches_pj",
                    "energy an event, with glitches",
                    "{:.1f} pJ",
                ),
                ("energy_per_event_pj", "energy an event, without glitches", "{:.1f} pJ"),
            ):
                if found.get(key) is not None:
                    yield {"name": name, "value": form.format(found[key]), "state": state}


def _spread(given: int, wanted: int) -> list[int]:
    """Numbers of the vectors to take, over all of them."""
    count = min(given, wanted)
    return [number * given // count for number in range(count)]


def _checksums(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            yield f"{digest}  {path.relative_to(folder)}\n"


def _archived(folder: Path, name: str) -> bytes:
    """A tar file, compressed: the same bytes for the same files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            entry = tarfile.TarInfo(f"{name}/{path.relative_to(folder)}")
            entry.size, entry.mode = path.stat().st_size, 0o755 if path.suffix == ".sh" else 0o644
            with path.open("rb") as stream:
                archive.addfile(entry, stream)
    return gzip.compress(raw.getvalue(), mtime=0)
