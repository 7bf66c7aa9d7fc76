"""The block's abstract for placers and routers: LEF 5.8 (Cadence, LEF/DEF Language Reference)."""

from collections.abc import Mapping
from pathlib import Path

from hexcoder.flow.layout.names import bit_name
from hexcoder.flow.layout.wiring import SUPPLIES, Box, Wiring


def write_lef(
    wiring: Wiring,
    ports: Mapping[str, str],
    gates_um2: Mapping[tuple[str, str], float],
    clock: str,
    path: Path,
) -> None:
    """Write size, pins and obstructions.

    Parameters
    ----------
    wiring : Wiring
    ports : mapping of str to str
        Direction of each port, bit by bit.
    gates_um2 : mapping of (cell, pin) to float
        Area of the gates behind each cell's pin, for the antenna rules of whoever routes to it.
    clock : str
        The clock's port.
    path : Path
    """
    stack = wiring.stack
    lowest = stack.by_name[stack.routed[0]].lef
    pads = [pin.box for pins in wiring.pins.values() for pin in pins if not pin.instance]
    # The router's pins stick out of the core.
    left = min(0, *(box.left for box in pads))
    bottom = min(0, *(box.bottom for box in pads))
    right = max(wiring.width, *(box.right for box in pads))
    top = max(wiring.height, *(box.top for box in pads))
    kinds = {instance.name: instance.cell for instance in wiring.instances}
    lines = [
        "VERSION 5.8 ;",
        'BUSBITCHARS "[]" ;',
        'DIVIDERCHAR "/" ;',
        f"MACRO {wiring.top}",
        "  CLASS BLOCK ;",
        f"  ORIGIN {_um(-left)} {_um(-bottom)} ;",
        f"  SIZE {_um(right - left)} BY {_um(top - bottom)} ;",
        "  SYMMETRY X Y R90 ;",
    ]
    for port, direction in [*ports.items(), *((supply, "inout") for supply in SUPPLIES)]:
        pins = wiring.pins[port]
        shapes = [pin.box for pin in pins if not pin.instance]
        use = "POWER" if port == SUPPLIES[0] else "GROUND" if port == SUPPLIES[1] else "SIGNAL"
        use = "CLOCK" if port == clock else use
        lines += [f"  PIN {bit_name(port)}", f"    DIRECTION {direction.upper()} ;",
                  f"    USE {use} ;"]  # fmt: skip
        area = sum(gates_um2.get((kinds.get(pin.instance, ""), pin.pin), 0.0) for pin in pins)
        if direction == "input" and area:
            lines.append(f"    ANTENNAGATEAREA {area:.4f} LAYER {lowest} ;")
        lines.append("    PORT")
        for box in shapes:
            lines += [f"      LAYER {stack.by_name[box.layer].lef} ;", f"        {_rectangle(box)}"]
        lines += ["    END", f"  END {bit_name(port)}"]
    lines.append("  OBS")
    for layer in stack.names:
        # Straps of supplies on the uppermost metal leave room between them; below all is taken.
        boxes = [Box(layer, 0, 0, wiring.width, wiring.height)]
        if layer == stack.straps:
            boxes = [box for net in wiring.wires.values() for box in net if box.layer == layer]
        lines.append(f"    LAYER {stack.by_name[layer].lef} ;")
        lines += [f"      {_rectangle(box)}" for box in boxes]
    lines += ["  END", f"END {wiring.top}", "END LIBRARY"]
    path.write_text("\n".join(lines) + "\n")


def _um(nm: int) -> str:
    return f"{nm / 1000:.3f}"


def _rectangle(box: Box) -> str:
    edges = (box.left, box.bottom, box.right, box.top)
    return f"RECT {' '.join(map(_um, edges))} ;"
