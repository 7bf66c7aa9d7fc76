"""Buffers: on overloaded nets, and where one net has two ports of a module."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from hexcoder.flow.synthesis.design import Design, Module, add_cell, net_of
from hexcoder.netlist.liberty import Library
from hexcoder.pdk.description import Pdk

# Of a driver's max_capacitance: the rest is for wires longer than the estimate.
_USABLE = 0.7

# Stronger cells load the nets before them, which may then need stronger cells in turn.
_STRENGTHENINGS = 4

# What a net keeps free where it leaves a module, in buffer inputs.
_RESERVED_BUFFERS = 4

PortBits = dict[tuple[str, int], float]
"""Port and bit of a module to a capacitance in F: an input's load, or what an output can drive."""


@dataclass(frozen=True)
class _Sink:
    """One bit of a cell's input pin."""

    cell: str
    pin: str
    index: int
    load_f: float


@dataclass
class _Net:
    limit_f: float | None = None
    driver: str = ""
    sinks: deque[_Sink] = field(default_factory=deque)


def insert_buffers(design: Design, top: str, library: Library, pdk: Pdk) -> None:
    """Buffer overloaded nets, and all but one of a net's ports, in place; the clock is left ideal.

    Loads are the pins' capacitances and the wire-load estimate. A net that enters a module counts
    as driven there by the PDK's buffer, so that each module is in order by itself. A wire from port
    to port would be an assign in Verilog, which a layout cannot hold.

    Parameters
    ----------
    design : dict
        yosys' JSON of library cells.
    top : str
    library : Library
    pdk : Pdk
    """
    ports: dict[str, PortBits] = {}
    for name in _children_first(design["modules"], top):
        ports[name] = _Module(design["modules"][name], ports, library, pdk).buffer()


def _children_first(modules: dict[str, Module], top: str) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        for cell in modules[name]["cells"].values():
            if cell["type"] in modules and cell["type"] not in order:
                visit(cell["type"])
        order.append(name)

    visit(top)
    return order


class _Module:
    def __init__(self, module: Module, ports: dict[str, PortBits], library: Library, pdk: Pdk):
        self._module, self._ports, self._library = module, ports, library
        self._wire = library.wire_loads.get(library.default_wire_load or "")
        self._cell = pdk.buffer
        pins = library.cells[pdk.buffer.cell].pins
        self._input_f = pins[pdk.buffer.input].capacitance_f
        self._limit_f = _USABLE * (pins[pdk.buffer.output].max_capacitance_f or float("inf"))
        self._read_nets()
        for _ in range(_STRENGTHENINGS):
            if not self._strengthen():
                break
            self._read_nets()
        ports_bits = [bit for port in module["ports"].values() for bit in port["bits"]]
        self._next = max([*self._nets, *ports_bits], default=0) + 1
        self._separate_ports()

    def buffer(self) -> PortBits:
        """Insert the buffers; return the loads and drives of this module's ports."""
        bits: PortBits = {}
        for port in self._module["ports"].values():
            for bit in port["bits"]:
                net = self._nets[bit]
                if port["direction"] == "input":
                    net.limit_f = self._limit_f
                elif net.limit_f is not None:
                    net.limit_f -= _RESERVED_BUFFERS * self._input_f
        for bit, net in list(self._nets.items()):
            if net.limit_f is not None and not self._is_clock(net):
                self._relieve(bit, net)
        for name, port in self._module["ports"].items():
            for index, bit in enumerate(port["bits"]):
                reserved = _RESERVED_BUFFERS * self._input_f
                is_input = port["direction"] == "input"
                bits[name, index] = self._load_f(self._nets[bit].sinks) if is_input else reserved
        return bits

    def _read_nets(self) -> None:
        self._nets: dict[int, _Net] = defaultdict(_Net)
        for name, cell in self._module["cells"].items():
            for pin, bits in cell["connections"].items():
                for index, bit in enumerate(bits):
                    self._connect(name, cell["type"], pin, index, bit)

    def _strengthen(self) -> bool:
        """Give overloaded drivers a stronger cell that is no larger, where there is one."""
        changed = False
        for net in self._nets.values():
            if net.limit_f is None or not net.driver or self._load_f(net.sinks) <= net.limit_f:
                continue
            cell = self._module["cells"][net.driver]
            stronger = self._library.stronger.get(cell["type"])
            if stronger:
                cell["type"] = stronger
                changed = True
        return changed

    def _connect(self, name: str, kind: str, pin: str, index: int, bit: int) -> None:
        if kind in self._ports:
            is_input = self._module["cells"][name]["port_directions"][pin] == "input"
            known = self._ports[kind][pin, index]
            load, limit = (known, None) if is_input else (0.0, known)
        else:
            library_pin = self._library.cells[kind].pins[pin]
            is_input = library_pin.direction == "input"
            maximum = library_pin.max_capacitance_f
            load, limit = library_pin.capacitance_f, _USABLE * maximum if maximum else None
        if is_input:
            self._nets[bit].sinks.append(_Sink(name, pin, index, load))
        else:
            self._nets[bit].limit_f = limit
            self._nets[bit].driver = "" if kind in self._ports else name

    def _separate_ports(self) -> None:
        ports = sorted(self._module["ports"].values(), key=lambda port: port["direction"])
        taken: set[int] = set()
        for port in ports:
            for index, bit in enumerate(port["bits"]):
                if port["direction"] == "output" and bit in taken:
                    port["bits"][index] = self._next
                    self._nets[bit].sinks.append(self._add_buffer(bit, deque()))
                taken.add(bit)
        for name, port in self._module["ports"].items():
            self._module["netnames"][name]["bits"] = list(port["bits"])

    def _is_clock(self, net: _Net) -> bool:
        """Whether a net reaches a register's clock pin, directly or through a module."""
        for sink in net.sinks:
            cell = self._library.cells.get(self._module["cells"][sink.cell]["type"])
            if cell and cell.flip_flop and cell.flip_flop.clocked_on == sink.pin:
                return True
            if cell is None and sink.pin in ("clk", "clock"):
                return True
        return False

    def _load_f(self, sinks: deque[_Sink]) -> float:
        wire = self._wire.capacitance_f(len(sinks)) if self._wire else 0.0
        return sum(sink.load_f for sink in sinks) + wire

    def _relieve(self, bit: int, net: _Net) -> None:
        """Move sinks behind buffers, from the end, until the net's own load is in its limit."""
        assert net.limit_f is not None
        while len(net.sinks) > 1 and self._load_f(net.sinks) > net.limit_f:
            behind: deque[_Sink] = deque([net.sinks.pop()])
            while net.sinks and self._load_f(behind) + net.sinks[-1].load_f < self._limit_f:
                behind.append(net.sinks.pop())
            if len(behind) == 1 and behind[0].cell.startswith("buffer_"):
                break
            net.sinks.appendleft(self._add_buffer(bit, behind))

    def _add_buffer(self, bit: int, behind: deque[_Sink]) -> _Sink:
        output, name = self._next, f"buffer_{self._next}"
        self._next += 1
        self._nets[output].limit_f = self._limit_f
        pins = self._cell
        add_cell(self._module, name, pins.cell, {pins.input: bit}, {pins.output: output})
        if behind:
            self._module["netnames"][f"net_{name}"] = net_of(output)
        for sink in behind:
            self._module["cells"][sink.cell]["connections"][sink.pin][sink.index] = output
        return _Sink(name, self._cell.input, 0, self._input_f)
