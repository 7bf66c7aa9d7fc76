"""The stage 'signoff': the drawn block by a foundry's own rules, as far as they are installed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hexcoder.documents import read_json
from hexcoder.flow.layout.wiring import Wiring
from hexcoder.flow.signoff.klayout_deck import run_deck
from hexcoder.flow.signoff.magic import check_rules, extract
from hexcoder.flow.signoff.netgen import compare, netgen_tool
from hexcoder.flow.signoff.public_pdk import PublicPdk
from hexcoder.metrics.signoff import DeckMetrics, MagicRuleMetrics, NetgenMetrics
from hexcoder.pdk.cells.drawn import drawn_cells
from hexcoder.pdk.process import Process
from hexcoder.pdk.processes import process_of
from hexcoder.steps.limits import Verdict
from hexcoder.steps.reads import File, Given, Place, Tool, file_digest
from hexcoder.steps.step import FlatMetrics, NotMeasured, Progress, Stage, Step

MATCH = "Circuits match uniquely"
MAGIC = Tool("magic", "Magic VLSI: apt-get install magic, or opencircuitdesign.com/magic")
KLAYOUT = Tool("klayout", "the program with Ruby: apt-get install klayout", "-v")
_LAYOUT = "'python -m flow layout'"
DRAWN = (File("layout/layout.gds", maker=_LAYOUT), File("layout/wiring.json", maker=_LAYOUT))


@dataclass(frozen=True)
class Drawn:
    """A drawn block and the rules for it."""

    place: Place
    pdk: PublicPdk

    @property
    def gds(self) -> Path:
        """The drawing."""
        return self.place.path("layout/layout.gds")

    @property
    def top(self) -> str:
        """Of the drawing."""
        return read_json(self.place.path("rtl/metrics.json"))["top"]

    @property
    def process(self) -> Process:
        """Whose cells are placed."""
        return process_of(self.place.config.silicon.pdk)

    def needs(self, path: Path) -> Path:
        """A file of the PDK; NotMeasured where it is not there."""
        if not path.is_file():
            raise NotMeasured(f"{path}: no such file; PDK_ROOT or --pdk-root names the folder")
        return path


def magic_rules(drawn: Drawn, progress: Progress) -> MagicRuleMetrics:
    """drc(full) of the whole block."""
    technology = drawn.needs(drawn.pdk.magic)
    rules = check_rules(drawn.gds, drawn.top, technology, drawn.place.folder / "magic")
    return MagicRuleMetrics(magic__drc_error__count=sum(rules.values()), magic_rules=rules)


def netgen(drawn: Drawn, progress: Progress) -> NetgenMetrics:
    """Extract and compare."""
    technology, setup = drawn.needs(drawn.pdk.magic), drawn.needs(drawn.pdk.netgen)
    folder, path = drawn.place.folder / "netgen", drawn.place.path
    extracted = extract(drawn.gds, drawn.top, technology, folder)
    wired = {one.cell for one in Wiring.read(path("layout/wiring.json")).instances}
    module = read_json(path("layout/final.json"))["modules"][drawn.top]
    extra = wired - {cell["type"] for cell in module["cells"].values()}
    cells = drawn_cells(drawn.process) / "cells.spice"
    verdict = compare(
        netgen_tool().program,
        extracted,
        cells,
        path("layout/final.v"),
        drawn.top,
        setup,
        extra,
        folder,
    )
    return NetgenMetrics(netgen_verdict=verdict)


def decks(drawn: Drawn, progress: Progress) -> DeckMetrics:
    """Each public deck."""
    if not drawn.pdk.decks:
        raise NotMeasured(
            f"{drawn.pdk.folder}: no {drawn.pdk.name}_mr.drc in libs.tech/klayout/drc; "
            "--deck FILE gives a deck"
        )
    found = {}
    for number, deck in enumerate(drawn.pdk.decks):
        progress(deck.name, number / len(drawn.pdk.decks))
        found[deck.name] = run_deck(
            deck,
            drawn.gds,
            drawn.top,
            drawn.process.deck_options,
            drawn.place.folder / "klayout",
        )
    total = sum(sum(rules.values()) for rules in found.values())
    return DeckMetrics(klayout_deck__error__count=total, klayout_decks=found)


def _broken(what: str) -> Any:
    def line(rules: Mapping[str, int], metrics: Mapping[str, Any], place: Place) -> str | None:
        if not rules:
            return None
        worst = sorted(rules.items(), key=lambda rule: -rule[1])[:3]
        return f"{what}: {', '.join(f'{name} {count}' for name, count in worst)}"

    return line


def _decks_kept(found: Mapping[str, Any], metrics: Mapping[str, Any], place: Place) -> str | None:
    lines = [_broken(deck)(rules, metrics, place) for deck, rules in found.items()]
    return "; ".join(line for line in lines if line) or None


def _matches(verdict: str, metrics: Mapping[str, Any], place: Place) -> str | None:
    return None if verdict == MATCH else f"netgen: {verdict}"


def signoff_stage(pdk: PublicPdk) -> Stage[Drawn]:
    """The stage with a PDK's rules."""

    def rules(*paths: Path) -> Given:
        digests = {path.name: file_digest(path) for path in paths if path.is_file()}
        return Given("rules", lambda place: digests)

    def assemble(drawn: Drawn, metrics: FlatMetrics) -> FlatMetrics:
        return {"origin": {"pdk": str(pdk.folder), "state": "after layout"}} | metrics

    final = (File("layout/final.v", maker=_LAYOUT), File("layout/final.json", maker=_LAYOUT))
    steps = (
        Step(
            "signoff.magic_rules",
            magic_rules,
            MagicRuleMetrics,
            reads=(*DRAWN, rules(pdk.magic)),
            writes=("magic/",),
            needs=(MAGIC,),
            weight=3,
        ),
        Step(
            "signoff.netgen",
            netgen,
            NetgenMetrics,
            reads=(*DRAWN, *final, rules(pdk.magic, pdk.netgen)),
            writes=("netgen/",),
            needs=(MAGIC, netgen_tool()),
            weight=2,
        ),
        Step(
            "signoff.decks",
            decks,
            DeckMetrics,
            reads=(*DRAWN, rules(*pdk.decks)),
            writes=("klayout/",),
            needs=(KLAYOUT,),
            weight=3,
        ),
    )
    limits = (
        Verdict("magic_rules", _broken("Magic")),
        Verdict("netgen_verdict", _matches),
        Verdict("klayout_decks", _decks_kept),
    )
    return Stage("signoff", steps, lambda place: Drawn(place, pdk), limits, assemble=assemble)
