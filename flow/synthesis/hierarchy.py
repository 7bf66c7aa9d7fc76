"""Which modules stay, and what they and their nets are called: work on yosys' JSON."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import compress, count

from hexcoder.flow.design import CORE
from hexcoder.flow.synthesis.design import Bit, Cell, Design, Module, add_cell, net_of
from hexcoder.pdk.description import Pdk

FULL_ADDER = "full_adder"
"""Module of hw/ whose instances become yosys' full adders."""


def prepare(design: Design, top: str) -> None:
    """Make a design ready for flattening, in place.

    The top module, the core and all modules that stand directly in them stay, so that area and
    power are known for each layer; what is below them will be flattened into them. Module names
    become identifiers without escapes. Initial values go: a standard-cell register has none, and
    reset does their work.

    Parameters
    ----------
    design : dict
        yosys' JSON, processes already turned into registers.
    top : str
    """
    modules = design["modules"]
    _take_full_adders(modules)
    kept = {top}
    for parent in (top, CORE):
        for cell in modules[parent]["cells"].values() if parent in modules else ():
            if cell["type"] in modules:
                kept.add(cell["type"])
    for name in kept:
        modules[name]["attributes"]["keep_hierarchy"] = "1"
    names = _identifiers(list(modules))
    for module in modules.values():
        for net in module["netnames"].values():
            net["attributes"].pop("init", None)
        for cell in module["cells"].values():
            cell["type"] = names.get(cell["type"], cell["type"])
    design["modules"] = {names[name]: module for name, module in modules.items()}


def _take_full_adders(modules: dict[str, Module]) -> None:
    """Instances of the full adder become ``$fa`` cells, to be mapped to the library."""
    pins = {"a": "A", "b": "B", "c": "C", "sum": "Y", "carry": "X"}
    for module in modules.values():
        for cell in module["cells"].values():
            if cell["type"] == FULL_ADDER:
                cell["type"] = "$fa"
                cell["parameters"] = {"WIDTH": f"{1:032b}"}
                cell["connections"] = {pins[p]: bits for p, bits in cell["connections"].items()}
                cell["port_directions"] = {pins[p]: d for p, d in cell["port_directions"].items()}
    modules.pop(FULL_ADDER, None)


def dissolve_wires(design: Design, top: str) -> None:
    """Let modules of wires alone be flattened: each of their bits would take a buffer."""
    for name, module in design["modules"].items():
        if name != top and not module["cells"]:
            module["attributes"].pop("keep_hierarchy", None)


def narrow_ports(design: Design) -> None:
    """Leave out the bits of ports that the other side of a module's boundary does not read.

    In place, for all modules but the top one. Each such bit would take a cell that holds it
    constant.
    """
    modules = design["modules"]
    instances: dict[str, list[tuple[str, Cell]]] = defaultdict(list)
    for parent, module in modules.items():
        for cell in module["cells"].values():
            if cell["type"] in modules:
                instances[cell["type"]].append((parent, cell))
    readers = {name: _readers(module) for name, module in modules.items()}
    parents = {
        name: [(readers[parent], cell) for parent, cell in places]
        for name, places in instances.items()
    }
    # A bit that is left out may leave another without a reader.
    changed = True
    while changed:
        changed = False
        for name, places in parents.items():
            changed |= _narrowed(modules[name], readers[name], places)


def _narrowed(
    module: Module, inside: Counter[Bit], places: Sequence[tuple[Counter[Bit], Cell]]
) -> bool:
    """Leave out unread bits of one module's ports, where it stands too; whether there were any.

    ``inside`` and ``places`` have the numbers of readers of each net, which follow.
    """
    changed = False
    for name, port in module["ports"].items():
        is_input = port["direction"] == "input"
        kept = [
            bool(inside[bit])
            if is_input
            else any(read[cell["connections"][name][index]] for read, cell in places)
            for index, bit in enumerate(port["bits"])
        ]
        if not any(kept):
            kept[:1] = [True]
        if all(kept):
            continue
        changed = True
        dropped = [not one for one in kept]
        for read, cell in [(inside, None), *places]:
            bits = port["bits"] if cell is None else cell["connections"][name]
            if is_input == (cell is not None):
                read.subtract(compress(bits, dropped))
            bits[:] = compress(bits, kept)
        module["netnames"][name]["bits"] = list(port["bits"])
    return changed


def _readers(module: Module) -> Counter[Bit]:
    """How many cells, instances of modules and output ports read each net."""
    read: Counter[Bit] = Counter()
    for port in module["ports"].values():
        if port["direction"] == "output":
            read.update(port["bits"])
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input":
                read.update(bits)
    return read


def tie_constants(design: Design, pdk: Pdk) -> None:
    """Let cells of the library hold what is constant, in place: one for each place."""
    ties = {"0": pdk.tie_low, "1": pdk.tie_high}
    for module in design["modules"].values():
        places = [port["bits"] for port in module["ports"].values()]
        places += [
            bits for cell in module["cells"].values() for bits in cell["connections"].values()
        ]
        following = count(
            max((bit for bits in places for bit in bits if isinstance(bit, int)), default=1) + 1
        )
        for bits in places:
            for index, bit in enumerate(bits):
                if bit in ties:
                    tie, bits[index] = ties[bit], next(following)
                    add_cell(module, f"$tie_{bits[index]}", tie.cell, {}, {tie.output: bits[index]})
        for name, port in module["ports"].items():
            module["netnames"][name]["bits"] = list(port["bits"])


def clean_names(design: Design) -> None:
    """Give cells and nets names without escapes, in place; one name for each net.

    A cell or net that the source names keeps that name, with ``_`` for what Verilog would have to
    escape; others are numbered.
    """
    design["modules"] = {
        name: module
        for name, module in design["modules"].items()
        if not int(module["attributes"].get("blackbox", "0"), 2)
    }
    for module in design["modules"].values():
        taken = set(module["ports"])
        for cell in module["cells"].values():
            cell["hide_name"], cell["attributes"] = 0, {}
        module["cells"] = {
            _free(name, "cell", taken): cell for name, cell in module["cells"].items()
        }
        _name_nets(module, taken)


def _name_nets(module: Module, taken: set[str]) -> None:
    """Give each net that a cell uses one name; nets without use lose theirs."""
    names = {port: module["netnames"][port] for port in module["ports"]}
    done = {bit for net in names.values() for bit in net["bits"]}
    used = {
        bit
        for cell in module["cells"].values()
        for bits in cell["connections"].values()
        for bit in bits
    }
    given: dict[Bit, str] = {}
    for name, net in module["netnames"].items():
        if not name.startswith("$"):
            for index, bit in enumerate(net["bits"]):
                given.setdefault(bit, name if len(net["bits"]) == 1 else f"{name}_{index}")
    for bit in sorted(used - done):
        name = _free(given.get(bit, "$"), "net", taken)
        names[name] = net_of(bit)
    module["netnames"] = names


def _free(name: str, kind: str, taken: set[str]) -> str:
    """Turn a name into an identifier that no one has yet."""
    base = f"{kind}_{len(taken)}" if name.startswith("$") else _identifier(name)
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def _identifier(name: str) -> str:
    name = re.sub(r"\W", "_", name)
    return f"_{name}" if name[:1].isdigit() else name


def _identifiers(names: list[str]) -> dict[str, str]:
    taken: set[str] = set()
    return {name: _free(name.replace("$", "_"), "module", taken) for name in names}
