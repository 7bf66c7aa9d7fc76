"""The stage 'report': one self-contained page of what was built and measured."""

from markupsafe import Markup

from hexcoder.config import Config
from hexcoder.report.blocks import TEMPLATES, template
from hexcoder.report.results import Results, input_digests, linked_files, read_results
from hexcoder.report.sections.built import built
from hexcoder.report.sections.flips import upsets
from hexcoder.report.sections.hardware import hardware
from hexcoder.report.sections.head import key_figures, sentence
from hexcoder.report.sections.layout import layout
from hexcoder.report.sections.librelane import librelane
from hexcoder.report.sections.origin import origin
from hexcoder.report.sections.physics import physics
from hexcoder.report.sections.verification import verification
from hexcoder.steps.reads import Given, Package, Place
from hexcoder.steps.step import Progress, Stage, Step

PAGE = "report.html"


def report_stage(config: Config, options: str, config_text: str) -> Stage[Place]:
    """The stage report: it depends on the files that it shows, and on the code.

    Parameters
    ----------
    config : Config
    options : str
        Options that select this design point on each command line; the page repeats them.
    config_text : str
        The config file as the user wrote it.
    """

    def write_page(place: Place, progress: Progress) -> None:
        """Write report.html from what lies in the build folder; it never fails a check."""
        text = page(read_results(config, options, config_text, place.build))
        (place.folder / PAGE).write_text(text, encoding="utf-8")

    shown = (
        Given("files", lambda place: input_digests(place.build)),
        Given("links", lambda place: list(linked_files(place.build))),
        Given("config", lambda place: config.model_dump(mode="json")),
        Given("as written", lambda place: [config_text, options]),
        *(Package(name) for name in ("Jinja2", "matplotlib", "numpy")),
    )
    step = Step("report.page", write_page, reads=shown, writes=(PAGE,))
    return Stage("report", (step,), lambda place: place, hands_over=(PAGE,))


def page(results: Results) -> str:
    """Return the whole report as HTML: the same results give the same bytes."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    builders = [built, physics, verification, hardware, origin]
    if "layout" in results.stages():
        builders.insert(4, layout)
    if results.config.chip.weights == "loadable":
        builders.insert(3, upsets)
    if "librelane" in results.stages():
        builders.insert(-1, librelane)
    text = template("report.html.j2").render(
        name=results.config.name,
        sentence=sentence(results),
        doubts=results.doubts(),
        figures=key_figures(results),
        sections=[build(results) for build in builders],
        style=Markup(style),
        svg=Markup,
    )
    return text.strip() + "\n"
