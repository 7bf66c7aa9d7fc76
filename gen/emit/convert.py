"""From circuits to Verilog text, the same bytes on every run."""

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from amaranth.back import rtlil, verilog
from amaranth.lib import wiring


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Elaboration makes millions of small objects and no garbage; collecting doubles its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def rtlil_text(component: wiring.Component, name: str) -> str:
    """A component and what is below it in RTLIL."""
    with _without_garbage_collection():
        return rtlil.convert(component, name=name, emit_src=False)


def verilog_text(parts: Sequence[str]) -> str:
    """Verilog of modules in RTLIL."""
    # One run of Yosys for all modules: its start takes longer than a small network. Amaranth has
    # this step only behind a name of its own; the version is pinned.
    text = verilog._convert_rtlil_text("\n".join(parts), strip_internal_attrs=True)
    # The first line names the converter and its build; the rest is ours.
    return re.sub(r"\A/\*.*?\*/\n", "", text)
