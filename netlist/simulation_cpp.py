"""C++ of a flat netlist: one word of 64 streams a net, one assignment a gate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from netlist.flat import CellModel, FlatNetlist, Instance
from netlist.function import Function

# Small functions and files: the compiler's time grows faster than their length.
_STATEMENTS_PER_FUNCTION = 40
_FUNCTIONS_PER_FILE = 250

_HEADER = "#include <cstdint>\ntypedef uint64_t W;\n"


def write_cpp(
    netlist: FlatNetlist, models: Mapping[str, CellModel], folder: Path
) -> tuple[list[Path], int]:
    """Write a netlist as C++ for netlist/simulation.cpp.

    Parameters
    ----------
    netlist : FlatNetlist
    models : mapping of cell to CellModel
    folder : Path
        Gets netlist_main.cpp and netlist_<n>.cpp.

    Returns
    -------
    files : list of Path
    words : int
        Words of state that the simulation keeps: nets, then registers.
    """
    gates = [i for i in netlist.instances if models[i.kind].register is None]
    registers = [i for i in netlist.instances if models[i.kind].register is not None]
    first_state = len(netlist.nets)
    settle = [
        *_register_outputs(registers, models, first_state),
        *(line for gate in gates for line in _outputs(gate, models[gate.kind], {})),
    ]
    next_states = list(_next_states(registers, models, first_state))
    functions = [
        *_functions("settle", settle, "W *__restrict n"),
        *_functions("next", next_states, "const W *n, W *t"),
    ]
    files = []
    for start in range(0, len(functions), _FUNCTIONS_PER_FILE):
        path = folder / f"netlist_{len(files)}.cpp"
        part = functions[start : start + _FUNCTIONS_PER_FILE]
        path.write_text(_HEADER + "\n".join(text for _, text in part))
        files.append(path)
    main = folder / "netlist_main.cpp"
    main.write_text(_main(netlist, functions, first_state, len(registers)))
    return [*files, main], first_state + len(registers)


def _substitute(function: Function, values: Mapping[str, str]) -> str:
    text = re.sub(r"[A-Za-z_]\w*", lambda match: values[match.group()], str(function))
    return re.sub(
        r"(?<![\w\[])([01])(?![\w\]])", lambda m: "~W(0)" if m[1] == "1" else "W(0)", text
    )


def _outputs(instance: Instance, model: CellModel, state: dict[str, str]) -> Iterator[str]:
    values = {pin: f"n[{net}]" for pin, net in instance.pins.items()} | state
    for pin, function in model.outputs.items():
        if pin in instance.pins:
            yield f"n[{instance.pins[pin]}]={_substitute(function, values)};"


def _register_outputs(
    registers: Sequence[Instance], models: Mapping[str, CellModel], first_state: int
) -> Iterator[str]:
    for index, instance in enumerate(registers):
        register = models[instance.kind].register
        assert register is not None
        state = {register.state: f"n[{first_state + index}]"}
        yield from _outputs(instance, models[instance.kind], state)


def _next_states(
    registers: Sequence[Instance], models: Mapping[str, CellModel], first_state: int
) -> Iterator[str]:
    for index, instance in enumerate(registers):
        register = models[instance.kind].register
        assert register is not None
        values = {pin: f"n[{net}]" for pin, net in instance.pins.items()}
        values[register.state] = f"n[{first_state + index}]"
        yield f"t[{index}]={_substitute(register.next_state, values)};"


def _functions(name: str, statements: list[str], arguments: str) -> list[tuple[str, str]]:
    """Signature and text of functions which together hold the statements."""
    functions = []
    for start in range(0, len(statements), _STATEMENTS_PER_FUNCTION):
        signature = f"void {name}_{len(functions)}({arguments})"
        body = "\n".join(statements[start : start + _STATEMENTS_PER_FUNCTION])
        functions.append((signature, f"{signature} {{\n{body}\n}}\n"))
    return functions


def _main(
    netlist: FlatNetlist, functions: list[tuple[str, str]], first_state: int, states: int
) -> str:
    ports = netlist.ports
    signatures = [signature for signature, _ in functions]
    names = [signature.split("(")[0].removeprefix("void ") for signature in signatures]
    numbers = {
        "NETS": first_state + states,
        "STATES": states,
        "FIRST_STATE": first_state,
        "RESET_NET": ports["rst"][0],
        "VALID_NET": ports["in_valid"][0],
        "OUT_VALID_NET": ports["out_valid"][0],
        "INPUT_BITS": len(ports["in_data"]),
        "OUTPUT_BITS": len(ports["out_data"]),
    }
    lines = [_HEADER]
    lines += [f"extern const int {name} = {number};" for name, number in numbers.items()]
    for name, port in (("INPUT_NETS", "in_data"), ("OUTPUT_NETS", "out_data")):
        lines.append(f"extern const int {name}[] = {{{','.join(map(str, ports[port]))}}};")
    lines += [f"{signature};" for signature in signatures]
    settle = "".join(f"{name}(n);" for name in names if name.startswith("settle"))
    following = "".join(f"{name}(n,t);" for name in names if name.startswith("next"))
    lines.append(f"void settle(W *n) {{{settle}}}")
    lines.append(f"void next_states(const W *n, W *t) {{{following}}}")
    return "\n".join(lines) + "\n"
