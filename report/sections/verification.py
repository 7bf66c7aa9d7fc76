"""Section of the report: the chain of proof, link by link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexcoder.metrics.asic import AsicFile
from report.blocks import Block, Column, Notice, Section, Table, Text
from report.numbers import count
from report.results import Results

_AGREE, _FAILED = "agree", "FAILED"
_NOT_RUN, _NOT_COVERED = "not\N{NO-BREAK SPACE}run", "not\N{NO-BREAK SPACE}covered"
_PASSED = "passed"


def verification(results: Results) -> Section:
    """Links of the chain, protocol tests, and the first mismatch of any of them."""
    blocks: list[Block] = [
        *_mismatches(results),
        Text(
            "Each link compares two descriptions of the same network, bit for bit; the golden "
            "model is integer arithmetic written from the page on arithmetic alone."
        ),
        _chain(results),
    ]
    sim = results.sim
    if sim is None:
        blocks.append(results.missing("sim", "Vectors by kind and protocol tests"))
    else:
        blocks.append(_vectors(sim))
        protocol = _protocol(sim)
        if protocol is not None:
            blocks.append(protocol)
        elif "configurations" not in sim:
            blocks.append(results.missing("sim", "Protocol tests"))
    return Section("verification", "Verification", blocks)


def _mismatches(results: Results) -> list[Block]:
    """One notice a failing comparison, with where it first differs."""
    train, sim, asic = results.train or {}, results.sim or {}, results.asic
    places = (
        ("torch and golden model", train.get("torch_against_golden")),
        ("RTL and golden model", sim),
        ("Netlist and golden model", _netlist_check(asic)),
        ("Gate-level simulation and golden model", _gate_level_check(asic)),
    )
    notices: list[Block] = []
    for what, verdict in places:
        if not verdict or _verdict_word(verdict) == _AGREE:
            continue
        text = (
            f"{what} differ in {count(verdict.get('mismatches'))} of "
            f"{count(verdict.get('vectors'))} vectors. {_first(verdict)}"
        )
        if verdict.get("valid_errors"):
            text += f" out_valid is wrong in {count(verdict['valid_errors'])} clocks."
        notices.append(Notice("failure", text))
    notices += [
        Notice("failure", f"Protocol test '{name}' of module {module} failed: {outcome}")
        for module, tests in (sim.get("protocol_tests") or {}).items()
        for name, outcome in tests.items()
        if outcome != _PASSED
    ]
    return notices


def _netlist_check(asic: AsicFile | None) -> Mapping[str, Any] | None:
    return (
        asic.netlist.netlist_check.model_dump(exclude_unset=True) if asic and asic.netlist else None
    )


def _gate_level_check(asic: AsicFile | None) -> Mapping[str, Any] | None:
    return (
        asic.gate_level.gate_level_check.model_dump(exclude_unset=True)
        if asic and asic.gate_level
        else None
    )


def _first(verdict: Mapping[str, Any]) -> str:
    first = verdict.get("first") or verdict.get("first_mismatch")
    if not first:
        return "The first difference was not recorded."
    where = [
        f"{name} {first[name]}"
        for name in ("module", "layer", "element", "event")
        if first.get(name) is not None
    ]
    text = f"First difference: {', '.join(where)}: expected {first.get('expected')}, "
    text += f"got {first.get('actual')}."
    if first.get("waveform"):
        text += f" Waveform: {first['waveform']}."
    return text


def _verdict_word(verdict: Mapping[str, Any]) -> str:
    right = not verdict.get("mismatches") and not verdict.get("valid_errors")
    return _AGREE if right else _FAILED


def _compared(verdict: Mapping[str, Any]) -> list[str]:
    return [count(verdict["vectors"]), count(verdict["mismatches"]), _verdict_word(verdict)]


def _chain(results: Results) -> Table:
    rows = [
        _torch_link(results),
        _compiler_link(results),
        _rtl_link(results),
        _netlist_link(results, "netlist_check", "compiled simulation, logic of the Liberty file"),
        _cell_models_link(results),
        _netlist_link(results, "gate_level_check", "Icarus Verilog, the PDK's own cell models"),
        _formal_link(results),
        _layout_link(results),
    ]
    columns = [
        Column("link", numeric=False),
        Column("how", numeric=False),
        Column("vectors"),
        Column("mismatches"),
        Column("verdict", numeric=False),
    ]
    failed = frozenset(i for i, row in enumerate(rows) if row[-1] == _FAILED)
    return Table("The chain of proof", columns, rows, marked=failed)


def _torch_link(results: Results) -> list[str]:
    link = "torch = golden model"
    verdict = (results.train or {}).get("torch_against_golden")
    if not verdict:
        return [link, f"run {results.command('train')}", "", "", _NOT_RUN]
    how = f"every layer: all events, extremes, random tensors (seed {verdict['seed']})"
    return [link, how, *_compared(verdict)]


def _compiler_link(results: Results) -> list[str]:
    link = "golden model = compiler's graph"
    rtl = results.rtl
    if rtl is None:
        return [link, f"run {results.command('rtl')}", "", "", _NOT_RUN]
    if "passes" not in rtl:
        how = "every loadable layer with weights drawn anew, and at the ends of their types"
        return ["golden model = gates", how, count(rtl["checked_events"]), "none", _AGREE]
    how = (
        f"after lowering and each pass ({', '.join(rtl['passes'])}): extremes, one-hot and random "
        "tensors, every layer; the compiler stops at a pass that changes a value"
    )
    checked = rtl.get("checked_events_per_pass")
    return [link, how, "not recorded" if checked is None else f"{checked:,}", "none", _AGREE]


def _rtl_link(results: Results) -> list[str]:
    link = "golden model = RTL"
    sim = results.sim
    if sim is None:
        return [link, f"run {results.command('sim')}", "", "", _NOT_RUN]
    how = f"{sim['simulator']}, {', '.join(sim['modules'])} (seed {sim['seed']}){_sets(sim)}"
    return [link, how, *_compared(sim)]


def _layout_link(results: Results) -> list[str]:
    drawn = results.layout
    lvs = drawn and drawn.lvs and drawn.lvs.layout_against_netlist
    if lvs is None:
        return ["netlist = layout", "there is no layout", "", "", _NOT_COVERED]
    how = f"{count(lvs.transistors)} transistors drawn in the layout, compared one by one"
    verdict = _AGREE if lvs.passed else _FAILED
    return ["netlist = layout", how, "", count(len(lvs.mismatches)), verdict]


def _formal_link(results: Results) -> list[str]:
    link = "RTL = netlist, formally"
    asic = results.asic
    if asic is None:
        return [link, f"run {results.command('asic')}", "", "", _NOT_RUN]
    verdict = asic.equivalence and asic.equivalence.formal_equivalence
    if verdict is None:
        reason = asic.why_not("formal_equivalence")
        return [link, f"ABC's equivalence check: {reason}", "", "", _NOT_RUN]
    how = (
        f"ABC's equivalence check of all {count(verdict.outputs)} output bits, and "
        f"{verdict.latency_cycles} registers on every path from an input"
    )
    word = _AGREE if verdict.proved else _FAILED
    return [link, how, "all inputs", "none" if verdict.proved else "found", word]


def _netlist_link(results: Results, key: str, how: str) -> list[str]:
    link = "golden model = netlist"
    asic = results.asic
    if asic is None:
        return [link, f"{how}; run {results.command('asic')}", "", "", _NOT_RUN]
    verdict = _netlist_check(asic) if key == "netlist_check" else _gate_level_check(asic)
    if not verdict:
        return [link, f"{how}: {asic.why_not(key)}", "", "", _NOT_RUN]
    return [link, how + _sets(verdict), *_compared(verdict)]


def _sets(verdict: Mapping[str, Any]) -> str:
    """Of a design with loadable weights."""
    sets = verdict.get("configurations")
    if sets is None:
        return ""
    return f"; {count(sets)} sets of registers, the first loaded over I2C and read back"


def _cell_models_link(results: Results) -> list[str]:
    link = "Liberty = cell Verilog"
    asic = results.asic
    if asic is None:
        return [link, f"run {results.command('asic')}", "", "", _NOT_RUN]
    verdict = asic.cell_models and asic.cell_models.cell_models_check
    if verdict is None:
        reason = asic.why_not("cell_models_check")
        return [link, f"the PDK's own cell models: {reason}", "", "", _NOT_RUN]
    how = f"all inputs of the {verdict.cells} kinds of cells used, by Icarus Verilog"
    return [link, how, *_compared({"vectors": verdict.values, "mismatches": verdict.mismatches})]


def _vectors(sim: Mapping[str, Any]) -> Table:
    modules = sim["modules"]
    kinds = sorted({kind for module in modules.values() for kind in module.get("by_kind") or {}})
    rows = [
        [
            name,
            *(count((module.get("by_kind") or {}).get(kind, 0)) for kind in kinds),
            count(module["vectors"]),
            count(module["mismatches"]),
            count(module["latency_cycles"]),
            count(round(module["vectors_per_s"])),
        ]
        for name, module in modules.items()
    ]
    names = {"edge": "edge cases", "event": "detector events", "random": "random"}
    columns = [
        Column("module", numeric=False),
        *(Column(names.get(kind, str(kind)), "vectors") for kind in kinds),
        Column("total", "vectors"),
        Column("mismatches"),
        Column("latency", "clocks"),
        Column("speed", "vectors/s"),
    ]
    return Table("RTL simulation: vectors by kind, one event per clock", columns, rows)


def _protocol(sim: Mapping[str, Any]) -> Table | None:
    """Tests down, modules across."""
    modules = {name: tests for name, tests in (sim.get("protocol_tests") or {}).items() if tests}
    tests = list(dict.fromkeys(name for found in modules.values() for name in found))
    if not tests:
        return None

    def outcome(module: str, test: str) -> str:
        found = modules[module].get(test)
        return _NOT_RUN if found is None else _PASSED if found == _PASSED else _FAILED

    rows = [
        [test.replace("_", " "), *(outcome(module, test) for module in modules)] for test in tests
    ]
    columns = [Column("test", numeric=False), *(Column(m, numeric=False) for m in modules)]
    failed = frozenset(index for index, row in enumerate(rows) if _FAILED in row)
    return Table("Protocol tests (cocotb) of each module", columns, rows, marked=failed)
