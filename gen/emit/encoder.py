"""Module ``encoder``: the chip's datapath round the network."""

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockSignal, Instance, Module, ResetSignal, Signal

from hexcoder.config import Clock
from hexcoder.fixed_point import FixedPoint
from hexcoder.gen.compiler import Settings
from hexcoder.gen.emit.circuit import NetworkCore
from hexcoder.hw.delay import Delay
from hexcoder.hw.front_end import FrontEnd
from hexcoder.hw.interfaces import EventModule
from hexcoder.hw.spacing import Spacing, Waiting
from hexcoder.network.schema import Network
from hexcoder.sensor.front_end import ENERGY_BITS, SUM_CODE_BITS, sensor_image_order
from hexcoder.sensor.geometry import TRIGGER_CELLS
from hexcoder.technology import Technology


def sum_needs_registers(clock: Clock, technology: Technology) -> bool:
    """Whether summing and normalising the energies is too long for one clock: an estimate.

    The bits of the sum arrive one after the other: a carry along the widest sum, and a full adder
    for each level of the tree. Finding the leading one halves the sum until one bit is left; the
    shifts follow it.
    """
    largest = TRIGGER_CELLS * ((1 << ENERGY_BITS) - 1)
    width, levels = largest.bit_length(), (TRIGGER_CELLS - 1).bit_length()
    steps = (width - 1).bit_length()
    total = width * technology.full_adder_carry_ns + levels * technology.full_adder_sum_ns
    tests = steps * (steps - 1) / 2 * technology.and_ns
    shifts = 2 * steps * technology.xor_ns
    room = clock.period_ns - clock.uncertainty_ns - clock.input_delay_ns - technology.register_ns
    return total + tests + shifts > room


class Encoder(EventModule):
    """From 48 energies to the output frame.

    ``in_data`` holds energy k in bits [k*22 +: 22]. ``out_data`` is the frame: the latents, element
    k in bits [k*w +: w], and above them the 9-bit code of the sum.

    Parameters
    ----------
    core : NetworkCore
        Instantiated by name: its own module is emitted beside this one.
    order : sequence of int
        Trigger cell at each input element, -1 for zero.
    register_energies : bool
        Register the energies where they enter.
    register_sum : bool
        Register the energies beside their sum.
    """

    def __init__(
        self,
        core: NetworkCore,
        order: Sequence[int],
        register_energies: bool = False,
        register_sum: bool = False,
    ):
        self.core, self.order = core, tuple(order)
        self.input_type: FixedPoint = core.graph.inputs[0].type
        self.register_energies, self.register_sum = register_energies, register_sum
        self.latency = core.latency + int(register_energies) + int(register_sum)
        super().__init__(TRIGGER_CELLS * ENERGY_BITS, len(core.out_data) + SUM_CODE_BITS)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clocks = int(self.register_energies)
        m.submodules.energies = energies = Delay(len(self.in_data), clocks, reset=False)
        m.submodules.valid = valid = Delay(1, self.latency - self.core.latency, reset=True)
        m.submodules.front_end = front_end = FrontEnd(
            ENERGY_BITS,
            TRIGGER_CELLS,
            self.order,
            self.input_type.width,
            self.input_type.fraction_bits,
            self.register_sum,
        )
        sum_code, taken = front_end.sum_code, self.in_valid
        if self.core.interval > 1:
            # The core would not take it either; here it would spoil the sum of the one before.
            m.submodules.spacing = spacing = Spacing(self.core.interval)
            m.d.comb += spacing.i.eq(self.in_valid)
            taken = spacing.o
            delay = Waiting(SUM_CODE_BITS, self.core.latency, self.core.interval)
            m.d.comb += delay.valid.eq(valid.o)
        else:
            delay = Delay(SUM_CODE_BITS, self.core.latency, reset=False)
        m.submodules.sum_delay = delay
        image = Signal(len(self.core.in_data), name="front_end_output")
        latents = Signal(len(self.core.out_data))
        m.submodules.core = Instance(
            "encoder_core",
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_in_valid=valid.o,
            i_in_data=image,
            o_out_valid=self.out_valid,
            o_out_data=latents,
        )
        m.d.comb += [
            energies.i.eq(self.in_data),
            valid.i.eq(taken),
            front_end.energies.eq(energies.o),
            image.eq(front_end.image),
            delay.i.eq(sum_code),
            self.out_data.eq(Cat(latents, delay.o)),
        ]
        return m


def encoder_of(network: Network, core: NetworkCore, settings: Settings) -> Encoder | None:
    """Module ``encoder`` round the core, where the network takes an image of the sensor."""
    order = sensor_image_order(network)
    if order is None:
        return None
    places = settings.pipeline
    register_sum = places.sum
    if register_sum == "auto":
        register_sum = sum_needs_registers(settings.clock, settings.technology)
    return Encoder(core, order.tolist(), places.energies, register_sum)
