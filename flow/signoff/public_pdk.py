"""Where a foundry's rule files are: folders as open_pdks, volare and ciel make them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hexcoder.errors import InputError

ROOTS = ("~/.ciel", "~/.volare", "/usr/local/share/pdk", "/usr/share/pdk")
"""Looked at where PDK_ROOT does not say."""


@dataclass(frozen=True)
class PublicPdk:
    """A folder such as sky130A, and decks beside those in it.

    Attributes
    ----------
    folder : Path
        Holds ``libs.tech``; it need not exist.
    more : tuple of Path
        Further rule decks for KLayout.
    """

    folder: Path
    more: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """Such as sky130A."""
        return self.folder.name

    @property
    def magic(self) -> Path:
        """Magic's technology file."""
        return self.folder / "libs.tech" / "magic" / f"{self.name}.tech"

    @property
    def netgen(self) -> Path:
        """netgen's setup."""
        return self.folder / "libs.tech" / "netgen" / f"{self.name}_setup.tcl"

    @property
    def decks(self) -> list[Path]:
        """KLayout's decks: the one of the multi-project wafers' check, and those given."""
        own = self.folder / "libs.tech" / "klayout" / "drc" / f"{self.name}_mr.drc"
        return [*([own] if own.is_file() else []), *self.more]


def public_pdk(name: str | None, root: Path | None, decks: Sequence[Path]) -> PublicPdk:
    """Find a PDK's folder.

    Parameters
    ----------
    name : str, optional
        Such as sky130A; none has no rules of its own.
    root : Path, optional
        Folder of PDKs; by default that of the variable PDK_ROOT, or one of :data:`ROOTS`.
    decks : sequence of Path
        Further decks.

    Raises
    ------
    InputError
        If a folder or a deck that was asked for is not there.
    """
    for deck in decks:
        if not deck.is_file():
            raise InputError(f"{deck}: no such file; --deck takes a rule deck of KLayout")
    if name is None:
        raise InputError(
            "--variant is not given: open_pdks has no variant with this block's metals unless one "
            "is made for it; --variant NAME names it"
        )
    given = root or (Path(os.environ["PDK_ROOT"]) if os.environ.get("PDK_ROOT") else None)
    places = [given] if given else [Path(place).expanduser() for place in ROOTS]
    found = [place / name for place in places if (place / name / "libs.tech").is_dir()]
    if not found and given:
        raise InputError(f"{given}: no PDK {name} is in it (folder {name}/libs.tech)")
    # Without a PDK each check says which of its files it lacks.
    folder = found[0] if found else places[0] / name
    return PublicPdk(folder.absolute(), tuple(deck.absolute() for deck in decks))
