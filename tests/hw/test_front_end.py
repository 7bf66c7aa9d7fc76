import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hexcoder.fixed_point import FixedPoint
from hexcoder.hw.delay import Delay
from hexcoder.hw.energy_sum import EnergySum
from hexcoder.hw.float_code import FloatCode
from hexcoder.hw.front_end import FrontEnd
from hexcoder.hw.leading_one import LeadingOne
from hexcoder.hw.normaliser import Normaliser
from hexcoder.sensor.front_end import normalise, sum_code
from hexcoder.sensor.geometry import image_order
from tests.hw.circuits import outputs_of


def _packed(values, width):
    return sum(int(value) << (k * width) for k, value in enumerate(values))


@pytest.mark.parametrize("width", [2, 3, 8, 9])
def test_the_leading_one_of_every_value_is_its_bit_length_less_one(width):
    values = range(1 << width)
    found = outputs_of(LeadingOne(width), ({"i": v} for v in values), "position")
    assert found == [max(v.bit_length() - 1, 0) for v in values]


@settings(max_examples=20)
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_sum_of_energies_is_exact(elements, width, seed):
    random = np.random.default_rng(seed)
    events = random.integers(0, 1 << width, (20, elements))
    events[0] = (1 << width) - 1
    settings_ = ({"energies": _packed(event, width)} for event in events)
    found = outputs_of(EnergySum(elements, width), settings_, "total")
    assert found == events.sum(axis=1).tolist()


@pytest.mark.parametrize("width", [5, 10])
def test_the_code_of_every_sum_is_the_golden_model_s(width):
    values = np.arange(1 << width)
    position_bits = (width - 1).bit_length()
    inputs = ({"total": int(v), "position": max(int(v).bit_length() - 1, 0)} for v in values)
    assert outputs_of(FloatCode(width, position_bits), inputs, "code") == sum_code(values).tolist()


@pytest.mark.parametrize("fraction_bits", [0, 3, 7])
def test_every_energy_below_twice_the_leading_one_is_normalised(fraction_bits):
    pairs = [(e, p) for p in range(8) for e in range(min(1 << p + 1, 64))]
    component = Normaliser(1, 6, 3, fraction_bits)
    found = outputs_of(component, ({"energies": e, "position": p} for e, p in pairs))
    assert found == [(e << fraction_bits) >> p for e, p in pairs]


@pytest.mark.parametrize("shape", [(4, 4, 3), (8, 8, 1)])
def test_the_front_end_is_the_golden_model_s(shape):
    random = np.random.default_rng(2)
    scale = 1 << random.integers(0, 23, (60, 1))
    events = (random.random((60, 48)) * scale).astype(int)
    events[0], events[1] = 0, (1 << 22) - 1
    order = image_order(shape)
    front_end = FrontEnd(22, 48, order.tolist(), 8, 7)
    inputs = [{"energies": _packed(event, 22)} for event in events]
    images = normalise(events, FixedPoint.parse("UQ(1,7)"), order)
    assert outputs_of(front_end, inputs, "image") == [_packed(image, 8) for image in images]
    codes = outputs_of(FrontEnd(22, 48, order.tolist(), 8, 7), inputs, "sum_code")
    assert codes == sum_code(events.sum(axis=1)).tolist()


@pytest.mark.parametrize(("clocks", "reset"), [(0, True), (1, True), (3, True), (3, False)])
def test_a_delay_hands_on_after_its_clocks_and_reset_clears_it_where_asked(clocks, reset):
    delay = Delay(4, clocks, reset=reset)
    seen = []

    async def bench(context):
        for value in [*range(1, 9), 0, 0, 0]:
            context.set(delay.i, value)
            if clocks == 0:
                await context.delay(1e-7)
                seen.append(context.get(delay.o))
            else:
                seen.append(context.get(delay.o))
                await context.tick()

    simulator = Simulator(delay)
    if clocks:
        simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen[clocks : clocks + 8] == list(range(1, 9))
