"""The netlist of a finished layout: with its clock tree and buffers."""

from collections import defaultdict
from pathlib import Path

from hexcoder.flow.layout.names import bit_name, split_bit
from hexcoder.flow.layout.wiring import BLANK, SUPPLIES, Wiring
from hexcoder.netlist.files import Netlist
from hexcoder.netlist.yosys import quoted, run_yosys


def _escaped(name: str) -> str:
    return f"\\{bit_name(name)} "


def write_final_netlist(
    wiring: Wiring, ports: dict[str, str], liberty: Path, folder: Path
) -> Netlist:
    """Write the netlist that was laid out, as Verilog and JSON.

    Parameters
    ----------
    wiring : Wiring
    ports : dict of str to str
        Direction of each port, bit by bit: ``x(3)``.
    liberty : Path
    folder : Path
        Gets ``final.v`` and ``final.json``.
    """
    top = wiring.top
    nets = {net: pins for net, pins in wiring.pins.items() if net not in SUPPLIES}
    kinds = {instance.name: instance.cell for instance in wiring.instances}
    instances: dict[str, dict[str, str]] = defaultdict(dict)
    for net, pins in nets.items():
        for pin in pins:
            if pin.instance:
                instances[pin.instance][pin.pin] = net
    buses: dict[str, list[int]] = defaultdict(list)
    directions: dict[str, str] = {}
    for port, direction in ports.items():
        name, bit = split_bit(port)
        directions[name] = direction
        if bit is not None:
            buses[name].append(bit)
    lines = [f"module {top} ({', '.join(directions)});"]
    for name, direction in directions.items():
        width = f" [{max(buses[name])}:0]" if name in buses else ""
        lines.append(f"  {direction}{width} {name};")
    for net in nets:
        if net not in ports:
            lines.append(f"  wire {_escaped(net)};")

    def read(net: str) -> str:
        return bit_name(net) if net in ports else _escaped(net)

    for instance, connections in instances.items():
        kind = kinds[instance]
        if BLANK.match(kind):
            continue
        text = ", ".join(f".{pin}({read(net)})" for pin, net in sorted(connections.items()))
        # Every cell of the layout stays, whether or not anything reads it.
        lines.append(f"  (* keep *) {kind} {_escaped(instance)}({text});")
    lines.append("endmodule")
    verilog, path = folder / "final.v", folder / "final.json"
    verilog.write_text("\n".join(lines) + "\n")
    commands = [
        f"read_liberty -lib {quoted(liberty)}",
        f"read_verilog {quoted(verilog)}",
        f"hierarchy -check -top {top}",
        "opt_clean -purge",
        f"write_verilog -noattr -noexpr -nohex {quoted(verilog)}",
        "delete =A:blackbox",
        f"write_json {quoted(path)}",
    ]
    (folder / "logs").mkdir(exist_ok=True)
    run_yosys(commands, folder / "logs" / "final_netlist.ys")
    return Netlist(verilog, path, top)
