"""Where the block's cells and pins lie: DEF 5.8 (Cadence, LEF/DEF Language Reference)."""

from collections.abc import Mapping
from pathlib import Path

from hexcoder.flow.layout.names import bit_name
from hexcoder.flow.layout.wiring import SUPPLIES, Wiring

PER_UM = 1000


def write_def(
    wiring: Wiring, ports: Mapping[str, str], heights_nm: Mapping[str, int], path: Path
) -> None:
    """Write die, cells, pins and the pins of each net; routing is in the GDS.

    Parameters
    ----------
    wiring : Wiring
    ports : mapping of str to str
        Direction of each port, bit by bit.
    heights_nm : mapping of str to int
        Height of each cell.
    path : Path
    """
    lines = [
        "VERSION 5.8 ;",
        'DIVIDERCHAR "/" ;',
        'BUSBITCHARS "[]" ;',
        f"DESIGN {wiring.top} ;",
        f"UNITS DISTANCE MICRONS {PER_UM} ;",
        f"DIEAREA ( 0 0 ) ( {wiring.width} {wiring.height} ) ;",
        f"COMPONENTS {len(wiring.instances)} ;",
    ]
    for one in wiring.instances:
        y = one.y - heights_nm[one.cell] if one.flipped else one.y
        orientation = "FS" if one.flipped else "N"
        lines.append(f"- {_name(one.name)} {one.cell} + PLACED ( {one.x} {y} ) {orientation} ;")
    lines += ["END COMPONENTS", f"PINS {len(ports)} ;"]
    for port, direction in ports.items():
        box = next(pin.box for pin in wiring.pins[port] if not pin.instance)
        layer = wiring.stack.by_name[box.layer].lef
        width, height = box.right - box.left, box.top - box.bottom
        lines.append(
            f"- {bit_name(port)} + NET {bit_name(port)} + DIRECTION {direction.upper()} "
            f"+ USE SIGNAL + LAYER {layer} ( 0 0 ) ( {width} {height} ) "
            f"+ PLACED ( {box.left} {box.bottom} ) N ;"
        )
    nets = [net for net in wiring.pins if net not in SUPPLIES]
    lines += ["END PINS", f"NETS {len(nets)} ;"]
    for net in nets:
        ends = [
            f"( {_name(pin.instance)} {pin.pin} )" if pin.instance else f"( PIN {bit_name(net)} )"
            for pin in wiring.pins[net]
        ]
        lines.append(f"- {_name(net)} {' '.join(dict.fromkeys(ends))} ;")
    lines += ["END NETS", "END DESIGN"]
    path.write_text("\n".join(lines) + "\n")


def _name(name: str) -> str:
    """A name without what DEF takes for something else."""
    return bit_name(name).replace(" ", "_").replace(";", "_")
