"""Full adders between yosys and the library: simplify them, then choose cells.

ABC sees a library's adder cell as a black box, so an adder with a constant or repeated input, or
with an output that nobody reads, has to become something smaller before.
"""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass

from hexcoder.flow.synthesis.design import Bit, Module, add_cell
from hexcoder.pdk.description import AdderCell, AdderGates, GateCell


@dataclass(eq=False)
class _Adder:
    """``inputs`` of weight 1 add up to ``sum`` and twice ``carry``; None: without use."""

    name: str
    inputs: list[Bit]
    sum: Bit | None
    carry: Bit | None


def map_full_adders(
    module: Module, full_adder: AdderCell | AdderGates, half_adder: AdderCell | None
) -> None:
    """Replace the ``$fa`` cells of a module by library cells and gates, in place.

    Parameters
    ----------
    module : dict
        A module in yosys' JSON format.
    full_adder : AdderCell or AdderGates
    half_adder : AdderCell or None
        None leaves half adders to ABC, as XOR and AND.
    """
    nets = _Nets(module)
    adders = _take_adders(module)
    _propagate(adders, nets)
    _drop_unread(adders, module, nets)
    for adder in adders:
        _emit(adder, nets, full_adder, half_adder)
    nets.apply()


class _Nets:
    """The nets of a module: which are one and the same, and new gates on them."""

    def __init__(self, module: Module):
        self._module = module
        self._same: dict[Bit, Bit] = {"x": "0", "z": "0"}
        self._next = 1 + max(
            (
                bit
                for net in module["netnames"].values()
                for bit in net["bits"]
                if isinstance(bit, int)
            ),
            default=1,
        )

    def find(self, bit: Bit) -> Bit:
        while bit in self._same:
            bit = self._same[bit]
        return bit

    def join(self, bit: Bit, value: Bit) -> None:
        self._same[bit] = value

    def new(self) -> int:
        self._next += 1
        return self._next - 1

    def add_cell(self, name: str, kind: str, inputs: dict[str, Bit], outputs: dict[str, Bit]):
        add_cell(self._module, name, kind, inputs, outputs)

    def add_gate(self, name: str, kind: str, inputs: list[Bit], output: Bit | None = None) -> Bit:
        output = self.new() if output is None else output
        self.add_cell(name, kind, dict(zip("AB", inputs, strict=False)), {"Y": output})
        return output

    def apply(self) -> None:
        """Write every net under its one number."""
        module = self._module
        holders = [port["bits"] for port in module["ports"].values()]
        holders += [net["bits"] for net in module["netnames"].values()]
        for cell in module["cells"].values():
            holders += cell["connections"].values()
        for bits in holders:
            bits[:] = [self.find(bit) if bit not in ("x", "z") else bit for bit in bits]


def _take_adders(module: Module) -> list[_Adder]:
    adders = []
    for name, cell in list(module["cells"].items()):
        if cell["type"] != "$fa":
            continue
        pins = cell["connections"]
        columns = zip(pins["A"], pins["B"], pins["C"], pins["Y"], pins["X"], strict=True)
        for column, (a, b, c, total, carry) in enumerate(columns):
            adders.append(_Adder(f"{name}${column}", [a, b, c], total, carry))
        del module["cells"][name]
    return adders


def _propagate(adders: list[_Adder], nets: _Nets) -> None:
    """Follow constants and repeated inputs through the adders until nothing changes."""
    readers: dict[Bit, list[_Adder]] = defaultdict(list)
    for adder in adders:
        for bit in adder.inputs:
            readers[bit].append(adder)
    queue = deque(adders)
    while queue:
        adder = queue.popleft()
        adder.inputs = [nets.find(bit) for bit in adder.inputs]
        total, carry = _known_outputs(adder.inputs)
        for output, value in ((adder.sum, total), (adder.carry, carry)):
            if output is not None and value is not None:
                nets.join(output, value)
                changed = readers.pop(output, [])
                readers[value] += changed
                queue.extend(changed)
        adder.sum = adder.sum if total is None else None
        adder.carry = adder.carry if carry is None else None


def _split(inputs: list[Bit]) -> tuple[list[Bit], int]:
    """Inputs that vary, and the sum of those that do not; two equal ones are a known carry."""
    return [bit for bit in inputs if bit not in ("0", "1")], inputs.count("1")


def _known_outputs(inputs: list[Bit]) -> tuple[Bit | None, Bit | None]:
    """Sum and carry where they are a constant or one of the inputs, else None."""
    varying, ones = _split(inputs)
    if not varying:
        return str(ones & 1), str(ones >> 1)
    if len(varying) == 1:
        return (None, varying[0]) if ones == 1 else (varying[0], str(ones >> 1))
    for bit in set(varying):
        if varying.count(bit) >= 2:
            rest = list(inputs)
            rest.remove(bit)
            rest.remove(bit)
            return rest[0], bit
    return None, None


def _reads(module: Module, nets: _Nets) -> Counter[Bit]:
    reads: Counter[Bit] = Counter()
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] != "output":
                reads.update(nets.find(bit) for bit in bits)
    for port in module["ports"].values():
        if port["direction"] != "input":
            reads.update(nets.find(bit) for bit in port["bits"])
    return reads


def _drop_unread(adders: list[_Adder], module: Module, nets: _Nets) -> None:
    """Set outputs that nobody reads to None, and so on backwards through the adders."""
    reads = _reads(module, nets)
    driver: dict[Bit, _Adder] = {}
    for adder in adders:
        adder.inputs = [nets.find(bit) for bit in adder.inputs]
        for output in (adder.sum, adder.carry):
            if output is not None:
                driver[output] = adder
                reads.update(adder.inputs)
    queue = deque(adders)
    while queue:
        adder = queue.popleft()
        for field in ("sum", "carry"):
            output = getattr(adder, field)
            if output is not None and not reads[output]:
                setattr(adder, field, None)
                reads.subtract(adder.inputs)
                queue.extend(driver[bit] for bit in adder.inputs if bit in driver)


def _emit(
    adder: _Adder,
    nets: _Nets,
    full_adder: AdderCell | AdderGates,
    half_adder: AdderCell | None,
) -> None:
    varying, ones = _split(adder.inputs)
    both = adder.sum is not None and adder.carry is not None
    if both and len(varying) == 3:
        if isinstance(full_adder, AdderGates):
            _emit_gates(adder, varying, nets, full_adder)
        else:
            _emit_cell(adder, varying, nets, full_adder)
    elif both and len(varying) == 2 and not ones and half_adder:
        _emit_cell(adder, varying, nets, half_adder)
    else:
        if adder.sum is not None:
            _emit_sum(adder, varying, ones, nets)
        if adder.carry is not None:
            _emit_carry(adder, varying, ones, nets)


def _emit_gates(adder: _Adder, inputs: list[Bit], nets: _Nets, gates: AdderGates) -> None:
    """Sum and carry of three bits in five cells: the carry is a nand of two inverted parts."""
    a, b, c = inputs

    def put(part: str, gate: GateCell, operands: list[Bit], output: Bit | None) -> Bit:
        output = nets.new() if output is None else output
        pins = dict(zip(gate.inputs, operands, strict=True))
        nets.add_cell(f"{adder.name}${part}", gate.cell, pins, {gate.output: output})
        return output

    half = put("half", gates.xor, [a, b], None)
    put("sum", gates.xor, [half, c], adder.sum)
    neither = put("generate", gates.nand, [a, b], None)
    passed = put("propagate", gates.or_nand, [a, b, c], None)
    put("carry", gates.nand, [neither, passed], adder.carry)


def _emit_cell(adder: _Adder, inputs: list[Bit], nets: _Nets, cell: AdderCell) -> None:
    assert adder.sum is not None
    assert adder.carry is not None
    nets.add_cell(
        adder.name,
        cell.cell,
        dict(zip(cell.inputs, inputs, strict=True)),
        {cell.sum: adder.sum, cell.carry: adder.carry},
    )


def _emit_sum(adder: _Adder, varying: list[Bit], ones: int, nets: _Nets) -> None:
    name = f"{adder.name}$sum"
    if len(varying) == 1:
        nets.add_gate(name, "$_NOT_", varying, adder.sum)
        return
    half = varying[0]
    if len(varying) == 3:
        half = nets.add_gate(f"{name}$half", "$_XOR_", varying[:2])
    nets.add_gate(name, "$_XNOR_" if ones else "$_XOR_", [half, varying[-1]], adder.sum)


def _emit_carry(adder: _Adder, varying: list[Bit], ones: int, nets: _Nets) -> None:
    name = f"{adder.name}$carry"
    if len(varying) == 2:
        nets.add_gate(name, "$_OR_" if ones else "$_AND_", varying, adder.carry)
        return
    a, b, c = varying
    generate = nets.add_gate(f"{name}$generate", "$_AND_", [a, b])
    propagate = nets.add_gate(f"{name}$propagate", "$_OR_", [a, b])
    passed = nets.add_gate(f"{name}$passed", "$_AND_", [propagate, c])
    nets.add_gate(name, "$_OR_", [generate, passed], adder.carry)
