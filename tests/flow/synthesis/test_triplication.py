"""Copies counted in the netlist of a small design, and in what an optimiser would make of it."""

import json

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hexcoder.flow.synthesis.synthesise import synthesise
from hexcoder.flow.synthesis.triplication import check_triplication
from hexcoder.gen.emit.convert import rtlil_text, verilog_text
from hexcoder.hw.triplication.register_copies import register_modules
from hexcoder.hw.triplication.triplicate import Triplicated
from hexcoder.netlist.cell_models import cell_models
from hexcoder.netlist.flat import read_cell_models, read_netlist
from hexcoder.netlist.liberty import read_liberty
from hexcoder.pdk.description import load_pdk

BITS = 4 + 3


class Kept(wiring.Component):
    """A register that keeps its value, and one that takes a new one on every clock."""

    def __init__(self):
        super().__init__({"i": In(4), "write": In(1), "o": Out(4), "late": Out(3)})

    def elaborate(self, platform):
        m = Module()
        held, late = Signal(4, name="held"), Signal(3, name="late_value", reset_less=True)
        with m.If(self.write):
            m.d.sync += held.eq(self.i)
        m.d.sync += late.eq(held[:3])
        m.d.comb += [self.o.eq(held), self.late.eq(late)]
        return m


class Top(wiring.Component):
    def __init__(self):
        self.kept = Kept()
        self.tripled = Triplicated(self.kept, logic=False)
        members = {name: In(m.shape) if m.flow == In else Out(m.shape)
                   for name, m in self.kept.signature.members.items()}  # fmt: skip
        super().__init__(members | {"mismatch": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.kept = self.tripled
        m.d.comb += [
            self.kept.i.eq(self.i),
            self.kept.write.eq(self.write),
            self.o.eq(self.kept.o),
            self.late.eq(self.kept.late),
            self.mismatch.eq(self.tripled.mismatch),
        ]
        return m


def netlist_of(text, folder):
    folder.mkdir()
    (folder / "top.v").write_text(text)
    pdk = load_pdk("nangate45")
    library = read_liberty(pdk.liberty)
    made = synthesise(folder / "top.v", "top", pdk, library, folder)
    (folder / "cells.json").write_text(json.dumps(cell_models(library)))
    models = read_cell_models(folder / "cells.json")
    return read_netlist(made.json, models, "top"), models


@pytest.fixture(scope="module")
def verilog():
    top = Top()
    text = verilog_text([rtlil_text(top, "top")])
    return text + register_modules(top.tripled.widths)


def test_synthesis_keeps_every_copy(verilog, tmp_path):
    verdict = check_triplication(*netlist_of(verilog, tmp_path / "whole"), BITS)
    assert verdict.passed
    assert (verdict.registers, verdict.bits, verdict.flip_flops, verdict.others) == (2, 7, 21, 0)


def test_copies_that_an_optimiser_merged_are_missed(verilog, tmp_path):
    """Without the attribute the modules are flattened, and equal registers become one."""
    text = verilog.replace("(* keep_hierarchy *)\n", "")
    verdict = check_triplication(*netlist_of(text, tmp_path / "merged"), BITS)
    assert verdict.flip_flops + verdict.others < 3 * BITS or not verdict.passed


def test_a_copy_without_its_vote_is_found(verilog, tmp_path):
    planted = verilog.replace("(write ? not_d : minority)", "(write ? not_d : ~a)", 1)
    verdict = check_triplication(*netlist_of(planted, tmp_path / "planted"), BITS)
    assert not verdict.passed
    assert "votes over copies" in verdict.failures[0]


def test_a_missing_copy_is_found(verilog, tmp_path):
    netlist, models = netlist_of(verilog, tmp_path / "missing")
    gone = next(i for i in netlist.instances if "held_copy_1_register" in i.path
                and models[i.kind].register)  # fmt: skip
    netlist.instances.remove(gone)
    verdict = check_triplication(netlist, models, BITS)
    assert not verdict.passed
    assert "its copies have [4, 3, 4] flip-flops" in verdict.failures[0]


class Chain(wiring.Component):
    """A register, and another that takes what it holds when it says so."""

    def __init__(self, separate):
        self.separate = separate
        super().__init__({"i": In(2), "o": Out(2)})

    def elaborate(self, platform):
        m = Module()
        first, second = Kept(), Kept()
        m.submodules.first = self.first = Triplicated(first, logic=True)
        m.submodules.second = self.second = Triplicated(second, logic=True)
        m.d.comb += [first.i.eq(self.i), first.write.eq(1), self.o.eq(second.o)]
        if self.separate:
            ports = zip(*(self.second.copies(s) for s in (second.i, second.write)), strict=True)
            for (i, write), o in zip(ports, self.first.copies(first.o), strict=True):
                m.d.comb += [i.eq(~o), write.eq(o[0] ^ o[1])]
        else:
            m.d.comb += [second.i.eq(~first.o), second.write.eq(first.o[0] ^ first.o[1])]
        return m


@pytest.mark.parametrize("separate", [True, False])
def test_a_gate_that_all_copies_read_is_found(tmp_path, separate):
    """Without inputs of their own the copies' logic is one: its transient would be kept."""
    top = Chain(separate)
    text = verilog_text([rtlil_text(top, "top")])
    widths = {kind: top.first.widths[kind] | top.second.widths[kind] for kind in top.first.widths}
    netlist = netlist_of(text + register_modules(widths), tmp_path / "chain")
    verdict = check_triplication(*netlist, 100)
    assert verdict.passed == separate
    assert separate or "all of its copies depend on second" in verdict.failures[0]
