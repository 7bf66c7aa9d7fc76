"""The stage 'report': one self-contained page of what was built and measured."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from hexcoder.code import code_digest
from hexcoder.config import Config
from hexcoder.stage import Stage, versions
from pdk.description import LAYOUT_PDK
from report.results import Results, input_digests, read_results
from report.sections.built import built
from report.sections.flips import upsets
from report.sections.hardware import hardware
from report.sections.head import key_figures, sentence
from report.sections.layout import layout
from report.sections.librelane import librelane
from report.sections.origin import origin
from report.sections.physics import physics
from report.sections.verification import verification

PAGE = "report.html"


def report_stage(config: Config, options: str, config_text: str, build: Path) -> Stage:
    """Describe the stage: it depends on the files that it shows, and on the code.

    Parameters
    ----------
    config : Config
    options : str
        Options that select this design point on each command line; the page repeats them.
    config_text : str
        The config file as the user wrote it.
    build : Path
        build/<config>; report.html goes there.
    """
    return Stage(
        "report",
        build,
        {
            "files": input_digests(build),
            "config": config.model_dump(mode="json"),
            "config_text": config_text,
            "options": options,
            # models: the geometry of the sensor that events are drawn on.
            "code": code_digest("report.page"),
            "versions": versions("Jinja2", "matplotlib", "numpy"),
        },
        also_writes=(PAGE,),
    )


def make_report(
    config: Config, options: str, config_text: str, build: Path, folder: Path
) -> str | None:
    """Write report.html into ``folder`` from what lies in ``build``; never fails a check."""
    results = read_results(config, options, config_text, build)
    (folder / PAGE).write_text(page(results), encoding="utf-8")
    return None


def page(results: Results) -> str:
    """Return the whole report as HTML: the same results give the same bytes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    style = (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    builders = [built, physics, verification, hardware, origin]
    if results.config.silicon.pdk == LAYOUT_PDK:
        builders.insert(4, layout)
    if results.config.chip.weights == "loadable":
        builders.insert(3, upsets)
    if results.metrics["librelane"] is not None:
        builders.insert(-1, librelane)
    sections = [build(results) for build in builders]
    return (
        environment.get_template("report.html.j2")
        .render(
            name=results.config.name,
            sentence=sentence(results),
            doubts=results.doubts(),
            figures=key_figures(results),
            sections=sections,
            style=Markup(style),
            svg=Markup,
        )
        .strip()
        + "\n"
    )
