"""The block's transistors: CDL, the netlist language of LVS tools."""

import re
from pathlib import Path

from hexcoder.flow.layout.names import bit_name
from hexcoder.flow.layout.wiring import SUPPLIES, Wiring

CONTINUED = 12
"""Words a line."""

_DEVICE = re.compile(r"(\S+?)(?:__model)? l=([\d.e+-]+) w=([\d.e+-]+)")


def cell_circuits(cells: Path) -> str:
    """Circuits of the drawn cells for tools that compare layouts.

    Devices have the foundry's names; lengths are in um without a unit, as in SkyWater's own CDL.

    Parameters
    ----------
    cells : Path
        ``cells.spice`` of the drawn cells.
    """
    text = _DEVICE.sub(_public, cells.read_text())
    return text.replace(".subckt", ".SUBCKT").replace(".ends", ".ENDS")


def write_cdl(wiring: Wiring, ports: list[str], cells: Path, path: Path) -> None:
    """Write the cells' circuits, and the block as instances of them.

    Parameters
    ----------
    wiring : Wiring
    ports : list of str
        Bit by bit.
    cells : Path
        ``cells.spice`` of the drawn cells.
    path : Path
    """
    text = cell_circuits(cells)
    pins_of = {
        words[1]: words[2:]
        for words in (line.split() for line in text.splitlines())
        if words[:1] == [".SUBCKT"]
    }
    connections: dict[str, dict[str, str]] = {one.name: {} for one in wiring.instances}
    for net, pins in wiring.pins.items():
        for pin in pins:
            if pin.instance:
                connections[pin.instance][pin.pin] = bit_name(net)
    lines = [text.rstrip(), ""]
    lines += _words([".SUBCKT", wiring.top, *map(bit_name, ports), *SUPPLIES])
    for one in wiring.instances:
        if one.cell not in pins_of:
            continue
        own = connections[one.name] | {supply: supply for supply in SUPPLIES}
        nets = [own.get(pin, f"open_{one.name}_{pin}") for pin in pins_of[one.cell]]
        lines += _words([f"X{one.name.replace(' ', '_')}", *nets, one.cell])
    lines.append(f".ENDS {wiring.top}")
    path.write_text("\n".join(lines) + "\n")


def _public(found: re.Match[str]) -> str:
    length, width = (round(float(size) * 1e6, 4) for size in found.groups()[1:])
    return f"{found[1]} l={length} w={width}"


def _words(words: list[str]) -> list[str]:
    rows = [words[k : k + CONTINUED] for k in range(0, len(words), CONTINUED)]
    return [("+ " if number else "") + " ".join(row) for number, row in enumerate(rows)]
