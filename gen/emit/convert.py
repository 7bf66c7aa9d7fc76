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


def with_clock(text: str, name: str) -> str:
    """RTLIL of a module that has the ports clk and rst, whether or not a register needs them.

    Amaranth leaves them out where there is no register: what instantiates the module would have to
    know.
    """
    head, tail = text.split(f"module \\{name}\n", 1)
    ports = _PORT.findall(tail.split("\nend\n")[0])
    added = [
        f"  wire width 1 input {len(ports) + number}  \\{port}\n"
        for number, port in enumerate(("clk", "rst"))
        if port not in ports
    ]
    return f"{head}module \\{name}\n{''.join(added)}{tail}"


_PORT = re.compile(r"^\s*wire width \d+ (?:input|output|inout) \d+\s+\\(\w+)$", re.M)


def verilog_text(parts: Sequence[str]) -> str:
    """Verilog of modules in RTLIL."""
    # One run of Yosys for all modules: its start takes longer than a small network. Amaranth has
    # this step only behind a name of its own; the version is pinned.
    text = verilog._convert_rtlil_text("\n".join(parts), strip_internal_attrs=True)
    # The first line names the converter and its build; the rest is ours.
    return re.sub(r"\A/\*.*?\*/\n", "", text)
