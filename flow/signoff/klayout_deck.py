"""A public rule deck, run by the program KLayout: its Python package has no Ruby, as decks are."""

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from hexcoder.tools import ToolFailed, plain, run_logged

SWITCHES = {
    "feol": "true",
    "beol": "true",
    "offgrid": "true",
    "floating_met": "true",
    "seal": "false",
    "thr": "2",
}
"""Variables that switch a deck's parts on: all but the seal ring, which a block has not."""


def run_deck(
    deck: Path, gds: Path, top: str, options: Mapping[str, str], folder: Path
) -> dict[str, int]:
    """Violations by rule; empty without any.

    Parameters
    ----------
    deck : Path
    gds : Path
    top : str
    options : mapping of str to str
        Further variables.
    folder : Path
        To work in; keeps the log and the report, which KLayout's marker browser shows.

    Raises
    ------
    ToolFailed
        If KLayout ends early, or the deck writes no report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / f"{deck.stem}.lyrdb"
    values = {
        "input": str(plain(gds)),
        "report": str(plain(report)),
        "topcell": top,
        "top_cell": top,
        **SWITCHES,
        **options,
    }
    variables = [word for name, value in values.items() for word in ("-rd", f"{name}={value}")]
    command = ["klayout", "-b", *variables, "-r", plain(deck)]
    log = folder / f"{deck.stem}.log"
    run_logged(command, log, folder=folder)
    if not report.is_file():
        raise ToolFailed(f"klayout: {deck.name} wrote no report (log: {log})")
    return read_report(report)


def read_report(report: Path) -> dict[str, int]:
    """Violations by rule in a report of KLayout."""
    counts: dict[str, int] = {}
    for item in ElementTree.parse(report).getroot().iter("item"):
        name = re.sub(r"^'|'$", "", item.findtext("category", "").strip())
        many = int(item.findtext("multiplicity", "1") or 1)
        counts[name] = counts.get(name, 0) + many
    return counts
