from hypothesis import given
from hypothesis import strategies as st

from hexcoder.gen.gates.bits import FALSE, TRUE, Gates, Kind, evaluate, live_gates
from hexcoder.gen.gates.heap import heap_size, reduce_heap
from hexcoder.pdk.technology import technology_of

INPUTS = 6
EVENTS = 1 << INPUTS
PATTERNS = {
    net: sum((e >> net - 1 & 1) << e for e in range(EVENTS)) for net in range(1, INPUTS + 1)
}
"""All settings of the inputs at once: event e gives input k bit k of e."""

BITS = st.one_of(st.sampled_from([FALSE, TRUE]), st.integers(2, 2 * INPUTS + 1))
HEAPS = st.dictionaries(st.integers(0, 5), st.lists(BITS, max_size=9), max_size=5)


def _gates():
    gates = Gates(technology_of("nangate45"))
    for number in range(INPUTS):
        gates.input(f"input_{number}")
    return gates


def _values(gates, columns):
    literals = [bit for bits in columns.values() for bit in bits]
    values = evaluate(live_gates(gates, literals), len(gates.names), PATTERNS, EVENTS)
    return values


def _sum(values, columns, event):
    return sum(
        ((values[bit >> 1] >> event & 1) ^ (bit & 1)) << place
        for place, bits in columns.items()
        for bit in bits
    )


@given(HEAPS, st.integers(0, 300), st.integers(0, 10), st.booleans())
def test_a_heap_adds_up_all_its_bits(heap, constant, width, redundant):
    gates = _gates()
    reduced = reduce_heap(gates, heap, constant, width, "sum", redundant=redundant)
    before, after = _values(gates, heap), _values(gates, reduced)
    for event in range(EVENTS):
        expected = (_sum(before, heap, event) + constant) % (1 << width)
        assert _sum(after, reduced, event) % (1 << width) == expected
    if not redundant:
        assert all(len(bits) == 1 for bits in reduced.values())


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5))
def test_full_adders_are_bits_before_less_bits_after(heights):
    gates = Gates(technology_of("nangate45"))
    heap = {
        place: [gates.input(f"x_{place}_{number}") for number in range(height)]
        for place, height in enumerate(heights)
    }
    width = sum(height << place for place, height in enumerate(heights)).bit_length()
    reduced = reduce_heap(gates, heap, 0, width, "sum")
    kinds = [gate.kind for gate in live_gates(gates, [b for c in reduced.values() for b in c])]
    assert kinds.count(Kind.FULL_ADDER) == sum(heights) - len(reduced)


@given(
    st.dictionaries(st.integers(0, 5), st.integers(1, 4), min_size=1, max_size=5),
    st.integers(0, 100),
    st.integers(-2, 3),
    st.booleans(),
)
def test_the_size_of_a_sum_is_known_from_its_columns(heights, constant, wider, redundant):
    gates = Gates(technology_of("nangate45"))
    heap = {
        place: [gates.input(f"x_{place}_{number}") for number in range(height)]
        for place, height in heights.items()
    }
    most = sum(height << place for place, height in heights.items()) + constant
    # A redundant sum is not reduced modulo a power of two.
    width = max(most.bit_length() + (0 if redundant else wider), 0)
    size = heap_size(heap, constant, width, redundant=redundant)
    reduced = reduce_heap(gates, heap, constant, width, "sum", redundant=redundant)
    made = [gates.names[net] for gate in gates.gates for net in gate.outputs]
    assert size.full_adders == sum(name.endswith("_sum") and "half" not in name for name in made)
    assert size.half_adders == sum(name.endswith("_half_carry") for name in made)
    assert size.bits == sum(len(bits) for bits in reduced.values() if bits != [TRUE])


def test_bits_of_one_polarity_are_added_without_an_inverter():
    gates = Gates(technology_of("nangate45"))
    heap = {0: [gates.input(f"x_{number}") ^ 1 for number in range(7)]}
    reduced = reduce_heap(gates, heap, 0, 3, "sum")
    adders = live_gates(gates, [bit for bits in reduced.values() for bit in bits])
    assert not any(literal & 1 for gate in adders for literal in gate.inputs)


def _arriving(wait, bits):
    """Gates whose inputs arrive as said, and a column of them: (arrival, inverted) each."""
    gates = Gates(technology_of("nangate45"), wait)
    column = [
        gates.input(f"x_{number}", arrival) ^ inverted
        for number, (arrival, inverted) in enumerate(bits)
    ]
    reduce_heap(gates, {0: column}, 0, 3, "sum")
    return gates, column


def _first_adder(gates, column):
    read = next(gate.inputs for gate in gates.gates if gate.kind is Kind.FULL_ADDER)
    return {literal >> 1 for literal in read} == {literal >> 1 for literal in column[:3]}


def test_the_earliest_bits_wait_for_others_of_their_polarity_only_so_long():
    carry_ns = technology_of("nangate45").full_adder_carry_ns
    bits = [(0.0, 0), (0.0, 0), (0.0, 1), (1.5 * carry_ns, 0), (9.0, 0)]
    assert _first_adder(*_arriving(0.0, bits))
    assert _first_adder(*_arriving(1.0, bits))
    assert not _first_adder(*_arriving(2.0, bits))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 1.0]), st.integers(0, 1)), min_size=4))
def test_who_does_not_wait_has_as_many_adders_and_is_done_no_later(bits):
    found = []
    for wait in (0.0, 1000.0):
        gates, _ = _arriving(wait, bits)
        adders = [gate for gate in gates.gates if gate.kind is Kind.FULL_ADDER]
        found.append((len(adders), max(gates.arrival)))
    assert found[0][0] == found[1][0]
    assert found[0][1] <= found[1][1] + 1e-9
