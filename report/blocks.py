"""What a section of the report is made of; templates/report.html.j2 says how each looks."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def template(name: str) -> jinja2.Template:
    """A template of HTML: what it is given is text, and a value that it lacks is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the reader must not overlook.

    Attributes
    ----------
    level : str
        'failure': a check failed. 'stale': made from files that have changed since. 'missing': not
        measured. 'finding': a result that needs words.
    text : str
    command : str, optional
        What to run about it.
    """

    kind: ClassVar[str] = "notice"
    level: Literal["failure", "stale", "missing", "finding"]
    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column; ``unit`` is empty for words and counts named in ``name``."""

    name: str
    unit: str = ""
    numeric: bool = True


def words(*names: str) -> list[Column]:
    """Columns of text."""
    return [Column(name, numeric=False) for name in names]


def numbers(*heads: str | tuple[str, str]) -> list[Column]:
    """Columns of numbers; a head is a name, or a name and a unit."""
    return [Column(head) if isinstance(head, str) else Column(*head) for head in heads]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under columns; rows in ``marked`` stand out, the first cell heads its row."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    note: str = ""
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Picture:
    """An inline SVG: ``title`` above it, ``caption`` below it, ``label`` for who cannot see it.

    ``wide``: over the whole page, where it stands alone.
    """

    label: str
    svg: str
    caption: str
    title: str = ""
    wide: bool = False


def titled(title: str, caption: str, svg: str, *, wide: bool = False) -> Picture:
    """A picture that title and caption describe."""
    return Picture(f"{title}: {caption}", svg, caption, title, wide)


def embedded(title: str, caption: str, data: bytes, kind: str, *, wide: bool = False) -> Picture:
    """A file of an image, such as kind 'png', inside of the page."""
    text = base64.b64encode(data).decode()
    image = f'<img src="data:image/{kind};base64,{text}" alt="{title}">'
    return titled(title, caption, image, wide=wide)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side where the page is wide enough."""

    kind: ClassVar[str] = "pictures"
    pictures: Sequence[Picture]


@dataclass(frozen=True, slots=True)
class Box:
    """A step of the data flow; ``bits`` is what leaves it, ``registered`` if through registers."""

    name: str
    lines: Sequence[str]
    bits: str = ""
    registered: bool = False


@dataclass(frozen=True, slots=True)
class DataFlow:
    """Steps in the order of the data."""

    kind: ClassVar[str] = "flow"
    label: str
    caption: str
    boxes: Sequence[Box]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text of a tool, in a box that scrolls."""

    kind: ClassVar[str] = "verbatim"
    caption: str
    text: str


@dataclass(frozen=True, slots=True)
class Links:
    """Files beside the page, each with what it is."""

    kind: ClassVar[str] = "links"
    caption: str
    files: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure of the head."""

    name: str
    value: str
    unit: str
    origin: str
    state: Literal["", "good", "bad", "missing"] = ""


Block = Text | Notice | Table | Pictures | DataFlow | Verbatim | Links


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report; it is never empty."""

    name: str
    title: str
    blocks: Sequence[Block]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ValueError(f"section '{self.name}' of the report is empty: say what is missing")
