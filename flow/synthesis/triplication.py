"""Whether a netlist still has every register three times, each copy on a vote of its own.

Optimisers merge what is equal: triplicated registers vanish without a word (yosys issue 4763), and
so does logic that was built three times on the same nets.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hexcoder.netlist.flat import CellModel, FlatNetlist, Instance, nets_behind_registers

# Synthesis numbers names that it would meet twice.
_COPY = re.compile(r"^(?P<register>.*)_copy_(?P<copy>\d)_register(?P<number>(_\d+)?)/")
COPIES = 3


@dataclass(frozen=True, slots=True)
class TriplicationVerdict:
    """Result of the check.

    Parameters
    ----------
    registers, bits : int
        Triplicated registers of the netlist and their bits, each counted once.
    bits_in_rtl : int
        Bits of the RTL; synthesis may drop some that nobody reads, with all their copies.
    flip_flops : int
        Flip-flops that hold them, and ``others`` that hold something else.
    failures : tuple of str
        What is not as it has to be, at most ten lines.
    """

    registers: int
    bits: int
    bits_in_rtl: int
    flip_flops: int
    others: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every register has its three copies."""
        return not self.failures


def check_triplication(
    netlist: FlatNetlist, models: Mapping[str, CellModel], bits_in_rtl: int
) -> TriplicationVerdict:
    """Count the copies of every register, and look at what each copy reads.

    A copy that can keep its value has to reach a register of each of the three copies backwards
    through its own module: that is its voter. What is written to it comes from gates that not all
    three copies read: a transient on such a gate would be kept. (What depends on the inputs of the
    design alone may be there once, as they are.) Of a register that is written on every clock the
    voter stands behind the copies, and the logic before it is there once.
    """
    copies: dict[str, dict[int, list[Instance]]] = defaultdict(lambda: defaultdict(list))
    gates: dict[str, dict[int, list[Instance]]] = defaultdict(lambda: defaultdict(list))
    others = 0
    driver: dict[int, Instance] = {}
    for instance in netlist.instances:
        model = models[instance.kind]
        driver |= dict.fromkeys(instance.nets(model.outputs), instance)
        match = _COPY.match(instance.path)
        if match:
            kind = gates if model.register is None else copies
            kind[match["register"] + match["number"]][int(match["copy"])].append(instance)
        elif model.register is not None:
            others += 1
    behind = nets_behind_registers(netlist, models)
    failures: list[str] = []
    bits = flip_flops = 0
    for register, flops in copies.items():
        counts = [len(flops[copy]) for copy in range(COPIES)]
        flip_flops += sum(counts)
        bits += max(counts)
        if len(set(counts)) > 1 or set(flops) != set(range(COPIES)):
            failures.append(f"{register}: its copies have {counts} flip-flops")
            continue
        votes = _votes(flops, driver, models)
        if not any(votes.values()):
            continue
        failures += [
            f"{path} votes over copies {', '.join(map(str, sorted(read)))} only"
            for path, read in votes.items()
            if read and read != set(range(COPIES))
        ]
        whole = {copy: flops[copy] + gates[register][copy] for copy in range(COPIES)}
        failures += [
            f"{register}: all of its copies depend on {netlist.nets[net]} directly"
            for net in sorted(_read_by_all(whole, driver, models) & behind)
        ]
    if bits > bits_in_rtl:
        failures.append(f"{bits} bits have copies, the RTL has {bits_in_rtl}")
    return TriplicationVerdict(
        len(copies), bits, bits_in_rtl, flip_flops, others, tuple(failures[:10])
    )


def _votes(
    copies: Mapping[int, list[Instance]],
    driver: Mapping[int, Instance],
    models: Mapping[str, CellModel],
) -> dict[str, set[int]]:
    """Copies that each flip-flop reads in its own module: none where it is written every clock."""
    owner = {flop.path: copy for copy, flops in copies.items() for flop in flops}
    return {
        flop.path: {
            owner[path] for path in _sources(flop, _module(flop), driver, models) if path in owner
        }
        for flops in copies.values()
        for flop in flops
    }


def _read_by_all(
    copies: Mapping[int, list[Instance]],
    driver: Mapping[int, Instance],
    models: Mapping[str, CellModel],
) -> set[int]:
    """Nets from outside that instances of every copy read, be it through buffers or inverters."""
    driven = {
        net
        for instances in copies.values()
        for instance in instances
        for net in instance.nets(models[instance.kind].outputs)
    }

    def origin(net: int) -> int:
        while net in driver and models[driver[net].kind].register is None:
            pins = driver[net].nets(models[driver[net].kind].inputs)
            if len(pins) != 1:
                break
            net = pins[0]
        return net

    read = [
        {origin(net) for instance in instances for net in instance.nets(_inputs(instance, models))}
        for instances in copies.values()
    ]
    return set.intersection(*read) - driven


def _module(instance: Instance) -> str:
    """Path of the module that an instance stands in."""
    return instance.path[: instance.path.rindex("/") + 1]


def _sources(
    flop: Instance, prefix: str, driver: Mapping[int, Instance], models: Mapping[str, CellModel]
) -> set[str]:
    """Registers that a flip-flop's next value depends on by logic of its own module."""
    register = models[flop.kind].register
    assert register is not None
    left = [net for pin, net in flop.pins.items() if pin in _inputs(flop, models)]
    seen: set[int] = set()
    registers = set()
    while left:
        net = left.pop()
        if net in seen or net not in driver:
            continue
        seen.add(net)
        instance = driver[net]
        if models[instance.kind].register is not None:
            registers.add(instance.path)
        elif instance.path.startswith(prefix):
            left += [instance.pins[pin] for pin in _inputs(instance, models)]
    return registers


def _inputs(instance: Instance, models: Mapping[str, CellModel]) -> list[str]:
    model = models[instance.kind]
    clock = model.register.clock if model.register else None
    return [pin for pin in model.inputs if pin in instance.pins and pin != clock]
