"""Networks of tables: minimised, shared, counted, and wrong ones found."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.config import Compiler
from hexcoder.errors import CheckFailed, InputError
from hexcoder.gen.compiler import Compiled, Settings, compile_network
from hexcoder.gen.gates.bits import Gates, Kind, evaluate, live_gates
from hexcoder.gen.gates.truth import minimised
from hexcoder.gen.graph import Truth
from hexcoder.network.builder import GraphBuilder
from hexcoder.network.golden import layer_outputs
from hexcoder.network.kinds.lut_network import LutNetwork
from hexcoder.network.schema import NetworkGraph
from hexcoder.pdk.technology import technology_of
from tests.networks import inputs_of

QUICK = Settings(compiler=Compiler(effort=0.05))


def _network(layers, *, bits=8, type_=None, **keys):
    """Tables behind inputs of so many bits in all."""
    builder = GraphBuilder("tables")
    x = builder.input("x", (bits,) if type_ is None else (1,), type_ or "UQ(1,0)")
    builder.output(builder.add("lut_network", "luts", [x], layers=layers, **keys))
    return builder.network()


def _bits_out(*wires):
    return {"outputs": [[wire] for wire in wires], "type": "UQ(1,0)"}


def _truths(compiled: Compiled) -> list[Truth]:
    return [node for node in compiled.graph.nodes if isinstance(node, Truth)]


def _gates(compiled: Compiled) -> int:
    return compiled.structure.total().other_gates


@st.composite
def _drawn(draw):
    """A network of up to eight one-bit inputs and six layers."""
    random = Random(draw(st.integers(0, 1 << 30)))
    builder = GraphBuilder("drawn")
    x = builder.input("x", (random.randint(2, 8),), "UQ(1,0)")
    keys = LutNetwork.draw(random, [builder.tensors[x]])
    assert keys is not None
    kind = keys.pop("kind")
    builder.output(builder.add(kind, "luts", [x], **keys))
    return builder.network()


@settings(max_examples=40)
@given(_drawn())
def test_gates_are_the_tables_for_every_input(network):
    count = network.input.elements
    every = np.arange(1 << count)[:, None] >> np.arange(count) & 1
    compile_network(network, QUICK).check(every, layer_outputs(network, every))


@given(st.integers(1, 8), st.data())
def test_the_gates_of_a_table_are_it_wherever_it_matters(inputs, data):
    events = 1 << inputs
    table = data.draw(st.integers(0, (1 << events) - 1))
    free = data.draw(st.sampled_from([0, data.draw(st.integers(0, (1 << events) - 1))]))
    gates = Gates(technology_of("nangate45"))
    bits = [gates.input(f"x_{k}") for k in range(inputs)]
    literal = minimised(gates, bits, table, free, "t")
    given_ = {bit >> 1: sum((e >> k & 1) << e for e in range(events)) for k, bit in enumerate(bits)}
    values = evaluate(live_gates(gates, [literal]), len(gates.names), given_, events)
    found = values[literal >> 1] ^ ((1 << events) - 1 if literal & 1 else 0)
    assert not (found ^ table) & ~free


@pytest.mark.parametrize(
    ("table", "inputs", "most"),
    [
        (0x8000, 4, 3),  # and
        (0x6996, 4, 3),  # parity
        (0xE8, 3, 4),  # majority: two multiplexers of an and and an or, or less
        (0xCA, 3, 1),  # multiplexer
        (0xFFFE, 4, 3),  # or
    ],
)
def test_known_functions_take_the_gates_that_they_are_known_for(table, inputs, most):
    network = _network([[{"inputs": list(range(inputs)), "table": table}]], **_bits_out(8))
    assert _gates(compile_network(network, QUICK)) <= most


def test_constants_wires_and_what_nothing_reads_are_not_built():
    layer = [
        {"inputs": [0, 1], "table": "0"},
        {"inputs": [0, 1], "table": "a"},  # the first input
        {"inputs": [2], "table": "1"},  # an inverse
        {"inputs": [0, 1, 2], "table": "96"},
    ]
    network = _network([layer], **_bits_out(8, 9, 10))
    compiled = compile_network(network, QUICK)
    assert _gates(compiled) == 0
    assert len(_truths(compiled)) == 1


def test_tables_equal_up_to_order_and_inverses_are_built_once():
    inverses = [{"inputs": [wire], "table": "1"} for wire in (0, 1)]
    layer = [
        {"inputs": [0, 1, 2], "table": "ca"},
        {"inputs": [2, 0, 1], "table": f"{_permuted(0xCA):02x}"},
        {"inputs": [0, 1, 2], "table": "35"},  # the inverse of the first
        {"inputs": [8, 1, 2], "table": "c5"},  # the first with its first input inverted
    ]
    network = _network([inverses, layer], **_bits_out(10, 11, 12, 13))
    compiled = compile_network(network, QUICK)
    assert _gates(compiled) == 1
    assert len({truth for truth in _truths(compiled) if len(truth.sources) == 3}) == 1


def _permuted(table):
    """Of inputs (c, a, b) in the place of (a, b, c)."""
    return sum(
        (table >> ((i >> 1 & 3) | (i & 1) << 2) & 1) << i for i in range(8)
    )  # fmt: skip


def _cost(table, free):
    gates = Gates(technology_of("nangate45"))
    literal = minimised(gates, [gates.input(f"x_{k}") for k in range(3)], table, free, "t")
    return len(live_gates(gates, [literal]))


def test_entries_that_never_come_are_free():
    """Thresholds of one number: a bit implies those of lower thresholds."""
    builder = GraphBuilder("codes")
    x = builder.input("x", (1,), "UQ(4,0)")
    spread = builder.move("spread", [x], np.zeros(3, int))
    bits = builder.add("threshold", "bits", [spread], thresholds=[[3], [7], [11]])
    # The codes are 0, 1, 3 and 7; the table is 1 at two of them, and at 4, which never comes.
    layers = [[{"inputs": [0, 1, 2], "table": "92"}]]
    builder.output(builder.add("lut_network", "luts", [bits], layers=layers, **_bits_out(3)))
    network = builder.network()
    compiled = compile_network(network, QUICK)
    (truth,) = _truths(compiled)
    assert truth.free.bit_count() == 4
    assert _cost(truth.table, truth.free) < _cost(0x92, 0)
    every = np.arange(16)[:, None]
    compiled.check(every, layer_outputs(network, every))


def test_a_table_of_impossible_patterns_is_constant():
    first = [{"inputs": [0, 1], "table": "8"}, {"inputs": [0, 1], "table": "1"}]
    second = [{"inputs": [8, 9], "table": "8"}]  # both, never
    compiled = compile_network(_network([first, second], **_bits_out(10)), QUICK)
    assert not _truths(compiled)


def test_counts_are_bit_heaps():
    layer = [{"inputs": [0], "table": "2"}]
    network = _network([layer], bits=15, popcounts=[list(range(15))], offsets=[-3])
    assert str(network.output.type) == "SQ(5,0)"
    compiled = compile_network(network, QUICK)
    # As many full adders as bits that are more than what is left: 15 to 4, and the offset.
    kinds = [gate.kind for gate in compiled.layers["luts"].live]
    assert kinds.count(Kind.FULL_ADDER) == 11


def test_all_64_planted_bits_are_found():
    random = Random(3)
    layers = [
        [{"inputs": random.sample(range(8), 4), "table": random.getrandbits(16)} for _ in range(4)],
        [{"inputs": [8, 9, 10, 11], "table": random.getrandbits(16)}],
    ]
    network = _network(layers, **_bits_out(8, 9, 10, 11, 12))
    compiled = compile_network(network, QUICK)
    every = np.arange(256)[:, None] >> np.arange(8) & 1
    compiled.check(every, layer_outputs(network, every))
    for number in range(64):
        place, bit = divmod(number, 16)
        changed = [[dict(lut) for lut in layer] for layer in layers]
        changed[0][place]["table"] ^= 1 << bit
        other = _network(changed, **_bits_out(8, 9, 10, 11, 12))
        with pytest.raises(CheckFailed, match=r"layer 'luts', element \d"):
            compiled.check(every, layer_outputs(other, every))


LUT = {"inputs": [0, 1, 2], "table": "e8"}


@pytest.mark.parametrize(
    ("layers", "keys", "message"),
    [
        ([[LUT | {"table": "0e8"}]], {}, r"'layers'\[0\]\[0\]: 'table' = '0e8': 3 inputs need 8"),
        ([[LUT], [LUT | {"table": 256}]], {}, r"'layers'\[1\]\[0\]: 'table' = 256: 3 inputs"),
        ([[LUT | {"table": "eg"}]], {}, "'table' = 'eg' is no hexadecimal number"),
        ([[LUT | {"table": -1}]], {}, "'table' = -1: 3 inputs need 8 bits"),
        ([[LUT | {"table": 2.5}]], {}, "table"),
        ([[LUT | {"tables": ["e8", "9"]}]], {}, "one of 'table' and 'tables'"),
        ([[{"inputs": [0], "tables": [1, "12"]}]], {}, r"'tables'\[1\] = '12': 1 inputs need 2"),
        ([[LUT, LUT | {"inputs": [0, 1, 8]}]], {}, r"\[0\]\[1\]: wire 8 .* wires 0 to 7"),
        ([[LUT], [LUT | {"inputs": [0, 8, 9]}]], {}, r"\[1\]\[0\]: wire 9 .* wires 0 to 8"),
        ([[LUT | {"inputs": [0, -1, 2]}]], {}, "wire -1 is not there"),
        ([[LUT | {"inputs": [0, 1, 0]}]], {}, r"\[0\]\[0\]: it reads wire 0 twice"),
        ([[LUT | {"inputs": list(range(9))}]], {}, "inputs"),
        ([[]], {}, "layers"),
        ([[LUT]], _bits_out(8, 9), r"'outputs'\[1\]: wire 9 is not there"),
        ([[LUT]], {"outputs": [[8, 0]], "type": "UQ(1,0)"}, "has 2 wires; .* needs 1"),
        ([[LUT]], {"outputs": [[8]]}, "'outputs' need a 'type'"),
        ([[LUT]], {"popcounts": [[8]], "type": "UQ(1,0)"}, "'type' goes with 'outputs'"),
        ([[LUT]], {"popcounts": [[8]], "offsets": [1, 2]}, "'offsets' has 2 entries for 1"),
        ([[LUT]], {"popcounts": [[8], [10]]}, r"'popcounts'\[1\]: wire 10 is not there"),
        ([[LUT]], {"popcounts": [[8]], "outputs": [[8]]}, "one of 'outputs' and 'popcounts'"),
    ],
)
def test_a_network_of_tables_that_is_none_is_one_line_with_node_layer_and_table(
    layers, keys, message
):
    with pytest.raises(InputError, match=message) as raised:
        _network(layers, **(keys or _bits_out(8)))
    assert "'luts'" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_signed_input_has_its_bits_in_twos_complement():
    network = _network([[{"inputs": [2], "table": "2"}]], type_="SQ(3,0)", **_bits_out(3))
    assert isinstance(network, NetworkGraph)
    values = inputs_of(network, 20)
    assert (layer_outputs(network, values)["luts"] == (values < 0)).all()
