"""Signatures that components share, and what every component refuses to be built from."""

import importlib
import inspect
import pkgutil

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hexcoder import hw
from hexcoder.hw.chip.control import Control
from hexcoder.hw.chip.frame import FrameFormatter
from hexcoder.hw.chip.keep_mask import KeepMask
from hexcoder.hw.chip.link_input import LinkInput
from hexcoder.hw.chip.multiplexer import Multiplexer
from hexcoder.hw.chip.register_bank import RegisterBank
from hexcoder.hw.chip.register_map import Field
from hexcoder.hw.chip.stage import Active, CommitWave, Stage
from hexcoder.hw.classical.compaction import Compaction
from hexcoder.hw.classical.largest import FirstFlags, Largest
from hexcoder.hw.classical.super_cell import SuperCell
from hexcoder.hw.codec.code_length import CodeLength, FirstFit, GroupLength
from hexcoder.hw.codec.coder import GroupCoder
from hexcoder.hw.codec.loaded import LoadedCoder, LoadedGroupLength, LoadedLength
from hexcoder.hw.codec.packer import Packer, Shifts
from hexcoder.hw.codec.shape import CodeShape, Words
from hexcoder.hw.codec.step_chain import Multiples, StepChain
from hexcoder.hw.delay import Delay
from hexcoder.hw.energy_sum import EnergySum
from hexcoder.hw.float_code import FloatCode
from hexcoder.hw.front_end import FrontEnd
from hexcoder.hw.i2c.conditions import I2cConditions
from hexcoder.hw.i2c.glitch_filter import GlitchFilter, spike_clocks
from hexcoder.hw.i2c.target import I2cTarget
from hexcoder.hw.interfaces import Core, EventModule, Events, I2cPads, RegisterBus
from hexcoder.hw.leading_one import LeadingOne
from hexcoder.hw.normaliser import Normaliser
from hexcoder.hw.shuttle.byte_stream import ByteStream, TinyTapeout
from hexcoder.hw.shuttle.wishbone import WishboneEvents
from hexcoder.hw.shuttle.words import WordInput, WordOutput
from hexcoder.hw.spacing import Spacing, Waiting
from hexcoder.hw.triplication.triplicate import Triplicated
from tests.hw.circuits import outputs_of

OVERLAPPING = [Field("first", 0, 2, 8), Field("second", 1, 1, 8)]
SHAPE = CodeShape(2, 2, 3, ((0,), (1,)))
WRONG = {
    Active: [lambda: Active([]), lambda: Active([8, 9]), lambda: Active([0])],
    ByteStream: [lambda: ByteStream(Core("core", 0, 8)), lambda: ByteStream(Core("core", 8, 0))],
    CodeLength: [lambda: CodeLength(SHAPE, 3, [], 9), lambda: CodeLength(SHAPE, 3, [[1] * 3], -1)],
    CommitWave: [lambda: CommitWave(0)],
    Compaction: [lambda: Compaction(4, 0, 2), lambda: Compaction(4, 3, 5)],
    Delay: [lambda: Delay(1, -1, reset=True)],
    EnergySum: [lambda: EnergySum(0, 4), lambda: EnergySum(4, 0)],
    EventModule: [lambda: EventModule(0, 1), lambda: EventModule(1, 0)],
    FirstFit: [lambda: FirstFit(0)],
    FirstFlags: [lambda: FirstFlags(4, 0), lambda: FirstFlags(4, 5)],
    FloatCode: [lambda: FloatCode(4, 2), lambda: FloatCode(8, 3, 0)],
    FrameFormatter: [lambda: FrameFormatter(147, 5), lambda: FrameFormatter(1, 0)],
    FrontEnd: [lambda: FrontEnd(22, 48, [48], 8, 7), lambda: FrontEnd(0, 48, [0], 8, 7)],
    GlitchFilter: [lambda: GlitchFilter(-1), lambda: spike_clocks(0, 50)],
    GroupCoder: [lambda: GroupCoder(SHAPE, 1, []), lambda: GroupCoder(SHAPE, 0, [Words(((0,),))])],
    GroupLength: [lambda: GroupLength(SHAPE, 1, 3, []), lambda: GroupLength(SHAPE, 0, 3, [[1]])],
    I2cConditions: [lambda: I2cConditions(-1), lambda: spike_clocks(25, -1)],
    I2cTarget: [lambda: I2cTarget(0), lambda: I2cTarget(50.1)],
    KeepMask: [lambda: KeepMask(0)],
    Largest: [lambda: Largest(4, 3, 0), lambda: Largest(4, 0, 2)],
    LeadingOne: [lambda: LeadingOne(1)],
    LinkInput: [lambda: LinkInput(0)],
    LoadedCoder: [lambda: LoadedCoder(SHAPE, 1, 3, 0), lambda: LoadedCoder(SHAPE, 0, 3, 4)],
    LoadedGroupLength: [
        lambda: LoadedGroupLength(SHAPE, 1, 3, 0, 3, 4),
        lambda: LoadedGroupLength(SHAPE, 0, 3, 1, 3, 4),
    ],
    LoadedLength: [lambda: LoadedLength(LoadedGroupLength(SHAPE, 1, 3, 1, 3, 4), -1)],
    Multiples: [lambda: Multiples(0, 4, 5), lambda: Multiples(1, 4, 8)],
    Multiplexer: [lambda: Multiplexer(48, 7, 5), lambda: Multiplexer(0, 7, 5)],
    Normaliser: [lambda: Normaliser(1, 0, 3, 7)],
    Packer: [
        lambda: Packer(0, 4, 9),
        lambda: Packer(3, 4, 0),
        lambda: Packer(3, 4, 9, first=2, last=1),
    ],
    RegisterBank: [lambda: RegisterBank(OVERLAPPING), lambda: Field("none", 0, 0, 8)],
    Shifts: [lambda: Shifts(0, 4), lambda: Shifts(3, 0)],
    Spacing: [lambda: Spacing(0)],
    Stage: [lambda: Stage(0)],
    StepChain: [lambda: StepChain([(0,)], 8, 3, 1, 4)],
    SuperCell: [lambda: SuperCell(3)],
    TinyTapeout: [lambda: TinyTapeout(Core("core", 0, 8))],
    Triplicated: [lambda: Triplicated(3, logic=False)],
    Waiting: [lambda: Waiting(4, -1, 2), lambda: Waiting(4, 2, 0)],
    WishboneEvents: [lambda: WishboneEvents(Core("core", 8, 0))],
    WordInput: [lambda: WordInput(0, 8), lambda: WordInput(8, 0)],
    WordOutput: [lambda: WordOutput(0, 8), lambda: WordOutput(8, 0)],
}
NOTHING_IS_WRONG = {Control}
"""Components whose parameters are switches."""


@pytest.mark.parametrize(
    "make", [make for makes in WRONG.values() for make in makes], ids=inspect.getsource
)
def test_wrong_parameters_are_refused_at_construction(make):
    with pytest.raises(ValueError, match=r"got|outside|do not|overlap|needs"):
        make()


def test_every_component_with_parameters_is_among_those_tried():
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(hw.__path__, "hexcoder.hw.")
    ]
    components = {
        part
        for module in modules
        for part in vars(module).values()
        if inspect.isclass(part)
        and issubclass(part, wiring.Component)
        and part.__module__.startswith("hexcoder.hw.")
        and inspect.signature(part).parameters
    }
    assert components - set(WRONG) == NOTHING_IS_WRONG


class Sender(wiring.Component):
    """Gives its input as an event on ports of other names."""

    def __init__(self, bits):
        events = Events(bits, "sent", "is_sent")
        super().__init__({"i": In(bits), **events.ports()})
        self.events = events.of(self)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.sent.eq(self.i), self.is_sent.eq(self.i.any())]
        return m


class Joined(wiring.Component):
    """A sender in front of a stage, and the stage's events handed out."""

    def __init__(self, sent, taken):
        self.sender, self.stage = Sender(sent), Stage(taken)
        events = Events(taken, "o", "o_valid")
        super().__init__({"i": In(sent), **events.ports()})
        self.events_out = events.of(self)

    def elaborate(self, platform):
        m = Module()
        m.submodules.sender, m.submodules.stage = self.sender, self.stage
        m.d.comb += self.sender.i.eq(self.i)
        wiring.connect(m, self.sender.events, self.stage.events_in)
        wiring.connect(m, self.stage.events_out, wiring.flipped(self.events_out))
        return m


def test_events_pass_from_ports_of_one_name_to_ports_of_another():
    events = [{"i": value} for value in (3, 0, 7, 5)]
    assert outputs_of(Joined(3, 3), events, "o", clocked=True) == [0, 3, 0, 7]
    assert outputs_of(Joined(3, 3), events, "o_valid", clocked=True) == [0, 1, 0, 1]


def test_streams_of_other_widths_are_not_joined():
    with pytest.raises(wiring.ConnectionError, match="width"):
        Joined(3, 4).elaborate(None)


def test_two_that_write_are_not_joined_on_a_register_bus():
    target, bus = I2cTarget(), RegisterBus()
    with pytest.raises(wiring.ConnectionError, match="output"):
        wiring.connect(Module(), bus.of(target), bus.of(target))


def test_pads_keep_the_names_of_the_standard_and_their_directions():
    ports = I2cPads().ports()
    assert list(ports) == ["scl", "sda", "sda_low", "device_address"]
    assert {name: member.flow for name, member in I2cPads().flip().ports().items()} == {
        name: member.flow.flip() for name, member in ports.items()
    }
    assert isinstance(I2cPads().of(I2cTarget()).clock, Signal)
