"""A gate netlist, flattened and put in order of evaluation."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import pydantic
from pydantic.dataclasses import dataclass as validated_dataclass

from hexcoder.documents import read_json
from hexcoder.errors import InputError
from hexcoder.netlist.function import FunctionText
from hexcoder.sections import validated

ZERO, ONE = 0, 1
"""Nets of the constants."""


@validated_dataclass(frozen=True)
class Register:
    """State of a cell: it takes ``next_state`` at the rising edge of ``clock``."""

    clock: str
    state: str
    next_state: FunctionText


@validated_dataclass(frozen=True)
class CellModel:
    """Logic of a library cell: ``outputs`` maps a pin to a function of inputs and state."""

    inputs: tuple[str, ...]
    outputs: dict[str, FunctionText]
    register: Register | None

    @property
    def state_pin(self) -> str | None:
        """Output that is a register's state as it is."""
        if self.register is None:
            return None
        state = self.register.state
        return next((p for p, f in self.outputs.items() if f.single_input == state), None)


class CellFile(pydantic.BaseModel):
    """Cell models as JSON.

    A function is a text that :meth:`hexcoder.netlist.function.Function.parse` reads, over the
    cell's inputs and the name of its state.
    """

    format: Literal["hexcoder-cells"] = "hexcoder-cells"
    version: Literal[1] = 1
    library: str | None = None
    cells: dict[str, CellModel]


class _Port(pydantic.BaseModel):
    direction: str
    bits: list[int | str]


class _NetName(pydantic.BaseModel):
    bits: list[int | str]


class _Cell(pydantic.BaseModel):
    type: str
    connections: dict[str, list[int | str]]


class _Module(pydantic.BaseModel):
    ports: dict[str, _Port] = {}
    netnames: dict[str, _NetName] = {}
    cells: dict[str, _Cell] = {}


class _Design(pydantic.BaseModel):
    """Netlist in yosys' JSON format, as far as it is read."""

    modules: dict[str, _Module] = {}


@dataclass(frozen=True)
class Instance:
    """A library cell in the flat netlist; ``pins`` maps a pin to the number of its net."""

    path: str
    kind: str
    pins: dict[str, int]

    def nets(self, pins: Iterable[str]) -> list[int]:
        """Nets of those of the pins that are connected."""
        return [self.pins[pin] for pin in pins if pin in self.pins]


@dataclass
class FlatNetlist:
    """All cells below a top module.

    Attributes
    ----------
    nets : list of str
        Names, with the path of instances before them: ``core/conv/net_12``. Nets 0 and 1 are the
        constants.
    instances : list of Instance
        Combinational cells first, each after those that drive it; then registers.
    ports : dict of str to list of int
        Nets of the top module's ports, low bit first.
    clocks : set of int
        Net of the port ``clk``, and of the buffers behind it.
    held : dict of str to str
        By a register's path the name that its own module has for the net with its state.
    """

    nets: list[str] = field(default_factory=lambda: ["constant 0", "constant 1"])
    instances: list[Instance] = field(default_factory=list)
    ports: dict[str, list[int]] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    clocks: set[int] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)


def read_cell_models(path: Path) -> dict[str, CellModel]:
    """Read a :class:`CellFile`; InputError if it is none, or a function cannot be used."""
    models = _read(path, CellFile).cells
    for name, model in models.items():
        register = model.register
        known = {*model.inputs, *([register.state] if register else [])}
        for function in [*model.outputs.values(), *([register.next_state] if register else [])]:
            if not known.issuperset(function.inputs):
                raise InputError(f"{path}: cell {name}: cannot use the function '{function}'")
    return models


def read_netlist(path: Path, models: Mapping[str, CellModel], top: str) -> FlatNetlist:
    """Flatten a netlist in yosys' JSON format.

    InputError names the net or cell: a top module that is not there, a cell without a model, a net
    without a driver or with two, a combinational loop, a clock that is not the port ``clk``.
    """
    modules = _read(path, _Design).modules
    if top not in modules:
        raise InputError(f"{path}: no module '{top}'; it holds {', '.join(modules)}")
    netlist = _Flattener(path, modules, models).flatten(top)
    _check_drivers(netlist, models, path)
    _put_in_order(netlist, models, path)
    return netlist


def nets_behind_registers(netlist: FlatNetlist, models: Mapping[str, CellModel]) -> set[int]:
    """Nets that depend on any register: others depend on the module's inputs alone."""
    found: set[int] = set()
    for instance in netlist.instances:
        model = models[instance.kind]
        if model.register is not None:
            found.update(instance.nets(model.outputs))
    # Combinational cells stand in the order of evaluation.
    for instance in netlist.instances:
        model = models[instance.kind]
        if not found.isdisjoint(instance.nets(model.inputs)):
            found.update(instance.nets(model.outputs))
    return found


_Content = TypeVar("_Content", bound=pydantic.BaseModel)


def _read(path: Path, kind: type[_Content]) -> _Content:
    # Up to hundreds of megabytes, and written by us: pydantic's own parser is faster.
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; 'make asic' writes it") from None
    except pydantic.ValidationError:
        return validated(kind, read_json(path), str(path))


class _Flattener:
    def __init__(self, path: Path, modules: dict[str, _Module], models: Mapping[str, CellModel]):
        self._path, self._modules, self._models = path, modules, models
        self._netlist = FlatNetlist()
        self._same: dict[int, int] = {}

    def flatten(self, top: str) -> FlatNetlist:
        ports = self._modules[top].ports
        bits = self._visit(top, "", {})
        netlist = self._netlist
        netlist.ports = {
            name: [self._find(bits[bit]) for bit in port.bits] for name, port in ports.items()
        }
        netlist.inputs = [name for name, port in ports.items() if port.direction == "input"]
        netlist.instances = [
            Instance(i.path, i.kind, {pin: self._find(net) for pin, net in i.pins.items()})
            for i in netlist.instances
        ]
        return netlist

    def _find(self, net: int) -> int:
        while net in self._same:
            net = self._same[net]
        return net

    def _join(self, one: int, other: int) -> None:
        one, other = sorted((self._find(one), self._find(other)))
        if one != other:
            self._same[other] = one

    def _visit(self, name: str, prefix: str, bound: dict[int | str, int]) -> dict[int | str, int]:
        module = self._modules[name]
        bits: dict[int | str, int] = {"0": ZERO, "1": ONE} | bound
        names: dict[int | str, str] = {}
        # Names that a person gave before those that a tool made.
        named = module.netnames.items()
        for net_name, net in sorted(named, key=lambda item: item[0].startswith(("$", "\\$"))):
            for index, bit in enumerate(net.bits):
                names.setdefault(bit, net_name if len(net.bits) == 1 else f"{net_name}[{index}]")

        def net_of(bit: int | str) -> int:
            if bit not in bits:
                bits[bit] = len(self._netlist.nets)
                self._netlist.nets.append(prefix + names.get(bit, f"net {bit}"))
            return bits[bit]

        for port in module.ports.values():
            for bit in port.bits:
                net_of(bit)
        for cell_name, cell in module.cells.items():
            path, kind = prefix + cell_name, cell.type
            pins = {pin: [net_of(bit) for bit in b] for pin, b in cell.connections.items()}
            if kind in self._models:
                single = {pin: nets[0] for pin, nets in pins.items() if nets}
                self._netlist.instances.append(Instance(path, kind, single))
                held = self._models[kind].state_pin
                if held in pins:
                    bit = cell.connections[held][0]
                    self._netlist.held[path] = names.get(bit, f"net {bit}")
            elif kind in self._modules:
                self._enter(kind, path, pins)
            else:
                raise InputError(f"{self._path}: cell {path}: no model of '{kind}'")
        return bits

    def _enter(self, kind: str, path: str, pins: dict[str, list[int]]) -> None:
        bound: dict[int | str, int] = {}
        for pin, nets in pins.items():
            for bit, net in zip(self._modules[kind].ports[pin].bits, nets, strict=True):
                if bit in ("0", "1"):
                    bound_net = ZERO if bit == "0" else ONE
                else:
                    bound_net = bound.setdefault(bit, net)
                self._join(bound_net, net)
        self._visit(kind, f"{path}/", bound)


def _check_drivers(netlist: FlatNetlist, models: Mapping[str, CellModel], path: Path) -> None:
    driver = {ZERO: "the constant 0", ONE: "the constant 1"}
    for port in netlist.inputs:
        driver |= dict.fromkeys(netlist.ports[port], f"port {port}")
    for instance in netlist.instances:
        for pin in models[instance.kind].outputs:
            net = instance.pins.get(pin)
            if net is not None:
                if net in driver:
                    raise InputError(
                        f"{path}: net {netlist.nets[net]} has two drivers: {driver[net]} "
                        f"and {instance.path}.{pin}"
                    )
                driver[net] = f"{instance.path}.{pin}"
    for instance in netlist.instances:
        for pin in models[instance.kind].inputs:
            net = instance.pins.get(pin)
            if net not in driver:
                name = "nothing" if net is None else f"net {netlist.nets[net]}, without a driver"
                raise InputError(f"{path}: {instance.path}.{pin} is connected to {name}")
    for port, nets in netlist.ports.items():
        for net in nets:
            if net not in driver:
                raise InputError(f"{path}: port {port}: net {netlist.nets[net]} has no driver")


def _clock_nets(
    netlist: FlatNetlist, gates: list[Instance], models: Mapping[str, CellModel]
) -> set[int]:
    """The port ``clk`` and what buffers make of it."""
    behind: dict[int, list[int]] = defaultdict(list)
    for gate in gates:
        model = models[gate.kind]
        for pin, function in model.outputs.items():
            if function.single_input in model.inputs and pin in gate.pins:
                behind[gate.pins[function.single_input]].append(gate.pins[pin])
    found: set[int] = set()
    left = list(netlist.ports.get("clk", ()))
    while left:
        net = left.pop()
        if net not in found:
            found.add(net)
            left += behind[net]
    return found


def _put_in_order(netlist: FlatNetlist, models: Mapping[str, CellModel], path: Path) -> None:
    """Sort instances so that each follows its drivers (Kahn's algorithm)."""
    gates = [i for i in netlist.instances if models[i.kind].register is None]
    registers = [i for i in netlist.instances if models[i.kind].register is not None]
    netlist.clocks = _clock_nets(netlist, gates, models)
    for instance in registers:
        register = models[instance.kind].register
        assert register is not None
        net = instance.pins[register.clock]
        if net not in netlist.clocks:
            raise InputError(
                f"{path}: register {instance.path} is clocked by net {netlist.nets[net]}, "
                "not by the port clk or a buffer of it"
            )
    driver = {
        gate.pins[pin]: index
        for index, gate in enumerate(gates)
        for pin in models[gate.kind].outputs
        if pin in gate.pins
    }
    readers: list[list[int]] = [[] for _ in gates]
    waiting = [0] * len(gates)
    for index, gate in enumerate(gates):
        for net in {gate.pins[pin] for pin in models[gate.kind].inputs}:
            if net in driver:
                readers[driver[net]].append(index)
                waiting[index] += 1
    ready = [index for index, count in enumerate(waiting) if count == 0]
    order = []
    while ready:
        # The last first: a net is read again soon after it was written, while it is in the cache.
        index = ready.pop()
        order.append(gates[index])
        for reader in readers[index]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    if len(order) != len(gates):
        stuck = next(index for index, count in enumerate(waiting) if count)
        pin = next(iter(models[gates[stuck].kind].outputs))
        net = netlist.nets[gates[stuck].pins[pin]]
        raise InputError(f"{path}: combinational loop through net {net} ({gates[stuck].path})")
    netlist.instances = order + registers
