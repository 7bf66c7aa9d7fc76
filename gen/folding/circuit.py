"""The folded core as an Amaranth circuit: operands that wait, trees that add, what follows."""

# Amaranth types a slice as what may also join pins of a board; here there are none.
# pyright: reportReturnType=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false, reportGeneralTypeIssues=false

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from amaranth.hdl import Array, Cat, Const, Instance, Module, Mux, Signal, Value, unsigned

from hexcoder.config import Pipeline
from hexcoder.gen.emit.circuit import NetworkCore
from hexcoder.gen.folding.engine import (
    LAST,
    TURN,
    Carried,
    Digit,
    Engine,
    Serial,
    Total,
    TurnBit,
)
from hexcoder.gen.folding.part import Key, Part
from hexcoder.gen.graph import NOT_BUILT, Constant, Graph, Input, LayerOutput
from hexcoder.gen.passes.ranges import width_of
from hexcoder.hw.shape import shape_of_range
from hexcoder.hw.spacing import Spacing


def part_module(name: str) -> str:
    """Name of a part's module."""
    return f"encoder_core_{name}"


class FoldedCore(NetworkCore):
    """The network alone: module ``encoder_core`` of the contract, one event every N clocks.

    An event that comes sooner is not taken. ``latency`` clocks from ``in_data`` to ``out_data``,
    which is there for one clock. Only what counts clocks is reset.

    A node of the network is there for one clock; who reads it later holds it in registers, which
    are loaded a known number of clocks after the event came in.

    Parameters
    ----------
    graph : Graph
        With ranges, without registers.
    engines : sequence of Engine
        In the order of the data.
    interval : int
        Clocks between events.
    places : Pipeline
        Whether there are registers behind modules without sums, and at the output.
    """

    def __init__(self, graph: Graph, engines: Sequence[Engine], interval: int, places: Pipeline):
        self.graph, self.engines, self.interval = graph, tuple(engines), interval
        self.register_bits: Counter[str] = Counter()
        self.enters: dict[str, int] = {}
        self.leaves: dict[str, int] = {}
        self.made = {i: 0 for i, node in enumerate(graph.nodes) if isinstance(node, Input)}
        for engine in engines:
            self.enters[engine.name] = max((self.made[node] for node in engine.reads), default=0)
            self.leaves[engine.name] = self.enters[engine.name] + (
                1 + engine.serial.steps if engine.serial else int(places.layers)
            )
            self.made |= dict.fromkeys(engine.leaving, self.leaves[engine.name])
        going = (node for layer in graph.output_layers for node in layer.nodes)
        last = max((self.made.get(node, 0) for node in going), default=0)
        self.latency = last + int(places.output)
        widths = [len(layer.nodes) * layer.type.width for layer in graph.output_layers]
        super().__init__(graph.input_width, sum(widths))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._m = m
        self._pulses: dict[int, Value] = {}
        self._held: dict[tuple[int, int], Value] = {}
        m.submodules.spacing = spacing = Spacing(self.interval)
        m.d.comb += spacing.i.eq(self.in_valid)
        self._pulses[0] = spacing.o
        # The end of one module's sums is when the next one's begin.
        self._done: dict[str, Signal] = {}
        for engine in self.engines:
            at = self.leaves[engine.name]
            if engine.serial and at not in self._pulses:
                self._pulses[at] = self._done[engine.name] = Signal(name=f"{engine.name}_done")
        self._nodes: dict[int, Value] = self._inputs()
        for engine in self.engines:
            self._engine(engine)
        m.d.comb += [
            self.out_valid.eq(self._pulse(self.latency)),
            self.out_data.eq(Cat(*map(self._output, self.graph.output_layers))),
        ]
        return m

    def _inputs(self) -> dict[int, Value]:
        starts, start = {}, 0
        for port in self.graph.inputs:
            for element in range(port.elements):
                starts[port.first + element] = start
                start += port.type.width
        return {
            index: self._in_shape(index, self.in_data[starts[node.element] :])
            for index, node in enumerate(self.graph.nodes)
            if isinstance(node, Input)
        }

    def _in_shape(self, index: int, value: Value) -> Value:
        shape = shape_of_range(*self.graph.ranges[index])
        bits = value[: shape.width]
        return bits.as_signed() if shape.signed else bits

    def _register(self, owner: str, name: str, value: Value, enable: Value | None = None) -> Value:
        """A value a clock later, or as it was when ``enable`` was last high."""
        register = Signal(value.shape(), name=name, reset_less=True)
        self.register_bits[owner] += len(value)
        self._m.d.sync += register.eq(value if enable is None else Mux(enable, value, register))
        return register

    def _pulse(self, clock: int) -> Value:
        """High so many clocks after an event was taken."""
        if clock not in self._pulses:
            late = Signal(name=f"event_{clock}_clocks_ago")
            self._m.d.sync += late.eq(self._pulse(clock - 1))
            self._pulses[clock] = late
        return self._pulses[clock]

    def _at(self, index: int, clock: int) -> Value:
        """A node so many clocks after its event was taken."""
        node = self.graph.nodes[index]
        if isinstance(node, Constant):
            return Const(node.number, shape_of_range(*self.graph.ranges[index]))
        since = self.made[index]
        if clock == since:
            return self._nodes[index]
        # What is loaded every interval anew may be handed on at the same clock.
        loaded = since + (clock - since - 1) // self.interval * self.interval
        return self._hold(index, loaded, clock, clock)

    def _hold(self, index: int, loaded: int, first: int, last: int) -> Value:
        """A node for some clocks: in registers that hold it then, or that are loaded for it."""
        for (other, clock), value in self._held.items():
            if other == index and clock < first and last <= clock + self.interval:
                return value
        node = self.graph.nodes[index]
        name = f"{node.layer}_{node.name}_held_{loaded}".lstrip("_")
        value = self._at(index, loaded)
        self._held[index, loaded] = self._register(
            node.layer or "input", name, value, self._pulse(loaded)
        )
        return self._held[index, loaded]

    def _instance(self, name: str, part: Part, values: Mapping[Key, Value]) -> dict[Key, Value]:
        """Outputs of a part by key."""
        inputs = []
        for key, bounds in part.inputs.items():
            given = Signal(shape_of_range(*bounds), name=f"{name}_x_{len(inputs)}")
            self._m.d.comb += given.eq(values[key])
            inputs.append(given)
        output = Signal(part.gates.y_width, name=f"{name}_output")
        self._m.submodules[name] = Instance(part_module(name), i_x=Cat(*inputs), o_y=output)
        width = part.gates.element_width
        found = {}
        for place, (key, (low, _)) in enumerate(part.outputs.items()):
            bits = output[place * width : (place + 1) * width]
            found[key] = bits.as_signed() if low < 0 else bits
        return found

    def _engine(self, engine: Engine) -> None:
        name, enters, leaves = engine.name, self.enters[engine.name], self.leaves[engine.name]
        found: dict[int, Value] = {}
        if engine.serial and engine.finish:
            prepared: dict[int, Value] = {}
            if engine.prepare:
                read = {node: self._at(node, enters) for node in engine.prepare.inputs}
                prepared = self._instance(f"{name}_prepare", engine.prepare, read)
            found = self._totals(engine, engine.serial, engine.finish, prepared)
        if engine.rest:
            # Without sums there are no clocks between what enters and what leaves.
            clock = leaves if engine.serial else enters
            read = {
                node: found[node] if node in found else self._at(node, clock)
                for node in engine.rest.inputs
            }
            found |= self._instance(f"{name}_rest", engine.rest, read)
        for node in engine.leaving:
            value = self._in_shape(node, found[node])
            if not engine.serial and leaves > enters:
                label = f"{name}_{self.graph.nodes[node].name}_registered"
                value = self._register(name, label, value)
            self._nodes[node] = value

    def _totals(
        self, engine: Engine, serial: Serial, finish: Part, prepared: Mapping[int, Value]
    ) -> dict[int, Value]:
        """Nodes of ``finish`` when the module's last sum is there."""
        m, name = self._m, engine.name
        enters = self.enters[name]
        start = self._pulse(enters)
        running = Signal(name=f"{name}_running")
        # Idle, the trees see the first digits, which stand still.
        due = Signal(serial.digits, init=1, name=f"{name}_digit_due")
        turn = Signal(range(serial.turns), name=f"{name}_turn")
        is_last = due[-1] & (turn == serial.turns - 1)
        with m.If(running):
            m.d.sync += [
                due.eq(due.rotate_left(1)),
                running.eq(~is_last),
            ]
            with m.If(due[-1]):
                m.d.sync += turn.eq(Mux(is_last, 0, turn + 1))
        with m.If(start):
            m.d.sync += running.eq(1)
        self.register_bits[name] += 1 + len(due) + len(turn)
        if name in self._done:
            m.d.sync += self._done[name].eq(running & is_last)
        values: dict[Key, Value] = {TURN: turn}
        values[LAST] = due[-1]
        for place in range(len(turn)):
            values[TurnBit(place)] = turn[place]
        for node, (low, high) in serial.operands.items():
            if node in prepared:
                label = f"{name}_{self.graph.nodes[node].name}_held"
                held = self._register(name, label, self._in_shape(node, prepared[node]), start)
            else:
                held = self._hold(node, enters, enters + 1, enters + serial.steps)
            bits = list(held[: width_of(low, high)])
            if low < 0:
                bits[-1] = ~bits[-1]
            values[Digit(node)] = _selected(bits, due, serial.digit_bits)
        trees = range(len(serial.trees))
        registers = []
        for tree in trees:
            low, high = serial.part.outputs[Total(tree)]
            bounds = low >> serial.digit_bits, high >> serial.digit_bits
            shape = shape_of_range(*bounds)
            registers.append(Signal(shape, name=f"{name}_tree_{tree}_carried", reset_less=True))
            self.register_bits[name] += len(registers[-1])
            if Carried(tree) in serial.part.inputs:
                width = width_of(*serial.part.inputs[Carried(tree)])
                begins = Signal(width, name=f"{name}_tree_{tree}_begins")
                m.d.comb += begins.eq(Array(serial.begins[tree])[turn])
                handed = Cat(*registers[tree][:width])
                first = due[0].replicate(width)
                values[Carried(tree)] = (handed & ~first) | (begins & first)
        results = self._instance(f"{name}_step", serial.part, values)
        totals: dict[Key, Value] = {}
        for tree in trees:
            result, bits = results[Total(tree)], serial.digit_bits
            final = Signal(bits * serial.digits, name=f"{name}_tree_{tree}_final", reset_less=True)
            m.d.sync += [
                registers[tree].eq(result >> bits),
                final.eq(Cat(final[bits:], result[:bits])),
            ]
            self.register_bits[name] += len(final)
            whole = Cat(final, registers[tree])
            signed = registers[tree].shape().signed
            totals[Total(tree)] = whole.as_signed() if signed else whole
        made = self._instance(f"{name}_finish", finish, totals)
        last = serial.turns - 1
        found: dict[int, Value] = {}
        for node, value in made.items():
            its = engine.turn_of[node]
            value = self._in_shape(node, value)
            if its < last:
                label = f"{name}_{self.graph.nodes[node].name}_stored"
                loaded = running & due[0] & (turn == its + 1)
                value = self._register(name, label, value, loaded)
                self._held[node, enters + 1 + (its + 1) * serial.digits] = value
            found[node] = value
        return found

    def _output(self, layer: LayerOutput) -> Value:
        """A tensor that goes out."""
        parts = []
        clock = self.latency
        for node, shift, offset in layer.elements:
            word = Signal(unsigned(layer.type.width), name=f"{layer.name}_out_{len(parts)}")
            if node != NOT_BUILT:
                self._m.d.comb += word.eq((self._at(node, clock) << shift) + offset)
            parts.append(word)
        return Cat(*parts)


def _selected(bits: Sequence[Value], due: Value, digit_bits: int) -> Value:
    """The digit that is due, of a number's bits."""
    if len(due) == 1:
        return Cat(*bits)
    digits = []
    for place in range(digit_bits):
        taken: Iterable[Value] = bits[place::digit_bits]
        found: Value = Const(0, 1)
        for digit, bit in enumerate(taken):
            found = found | (bit & due[digit])
        digits.append(found)
    return Cat(*digits)
