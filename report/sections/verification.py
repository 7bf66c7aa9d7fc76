"""Section of the report: the chain of proof, link by link."""

from hexcoder.config import Network
from hexcoder.metrics.asic import CellVerdict, Mismatch, NetlistVerdict
from hexcoder.metrics.difference import Difference
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.metrics.train import TorchAgreement
from hexcoder.report.blocks import Block, Notice, Section, Table, Text, numbers, words
from hexcoder.report.numbers import count
from hexcoder.report.results import Results

_AGREE, _FAILED = "agree", "FAILED"
_NOT_RUN, _NOT_COVERED = "not\N{NO-BREAK SPACE}run", "not\N{NO-BREAK SPACE}covered"
_PASSED = "passed"

Verdict = TorchAgreement | SimulationMetrics | NetlistVerdict


def verification(results: Results) -> Section:
    """Links of the chain, protocol tests, and the first mismatch of any of them."""
    blocks: list[Block] = [
        *_mismatches(results),
        Text(
            "Each link compares two descriptions of the same network, bit for bit; the golden "
            "model is integer arithmetic written from the page on arithmetic alone."
        ),
        chain(results),
    ]
    sim = results.sim
    if sim is None:
        blocks.append(results.missing("sim", "Vectors by kind and protocol tests"))
    else:
        blocks.append(_vectors(sim))
        if any(sim.protocol_tests.values()):
            blocks.append(_protocol(sim))
        elif sim.configurations is None:
            blocks.append(results.missing("sim", "Protocol tests"))
    return Section("verification", "Verification", blocks)


def _netlist_check(results: Results) -> NetlistVerdict | None:
    asic = results.asic
    return asic.netlist.netlist_check if asic and asic.netlist else None


def _gate_level_check(results: Results) -> NetlistVerdict | None:
    asic = results.asic
    return asic.gate_level.gate_level_check if asic and asic.gate_level else None


def _mismatches(results: Results) -> list[Block]:
    """One notice a failing comparison, with where it first differs."""
    places: tuple[tuple[str, Verdict | None], ...] = (
        ("torch and golden model", results.train and results.train.torch_against_golden),
        ("RTL and golden model", results.sim),
        ("Netlist and golden model", _netlist_check(results)),
        ("Gate-level simulation and golden model", _gate_level_check(results)),
    )
    notices: list[Block] = []
    for what, verdict in places:
        if verdict is None or _word(verdict) == _AGREE:
            continue
        text = (
            f"{what} differ in {count(verdict.mismatches)} of "
            f"{count(verdict.vectors)} vectors. {_first(verdict)}"
        )
        if isinstance(verdict, NetlistVerdict) and verdict.valid_errors:
            text += f" out_valid is wrong in {count(verdict.valid_errors)} clocks."
        notices.append(Notice("failure", text))
    tests = results.sim.protocol_tests if results.sim else {}
    notices += [
        Notice("failure", f"Protocol test '{name}' of module {module} failed: {outcome}")
        for module, outcomes in tests.items()
        for name, outcome in outcomes.items()
        if outcome != _PASSED
    ]
    return notices


def _first(verdict: Verdict) -> str:
    first: Difference | Mismatch | None = verdict.first_mismatch
    if isinstance(verdict, NetlistVerdict):
        first = verdict.first or first
    if first is None:
        return "The first difference was not recorded."
    known = first.model_dump(exclude_unset=True, exclude_none=True)
    where = [
        f"{key} {known[key]}" for key in ("module", "layer", "element", "event") if key in known
    ]
    text = f"First difference: {', '.join(where)}: expected {first.expected}, got {first.actual}."
    if "waveform" in known:
        text += f" Waveform: {known['waveform']}."
    return text


def _word(verdict: Verdict | CellVerdict) -> str:
    is_wrong = verdict.mismatches or (isinstance(verdict, NetlistVerdict) and verdict.valid_errors)
    return _FAILED if is_wrong else _AGREE


def chain(results: Results) -> Table:
    """Each link of the proof: how it is compared, vectors, mismatches, verdict."""
    # What sends frames has no torch model, and goes to gates without passes.
    layered = isinstance(results.config.network, Network)
    rows = [
        *([_torch_link(results), _compiler_link(results)] if layered else []),
        _rtl_link(results),
        _certificate_link(results),
        _netlist_link(
            results,
            "netlist_check",
            "compiled simulation, logic of the Liberty file",
            _netlist_check(results),
        ),
        _cell_models_link(results),
        _netlist_link(
            results,
            "gate_level_check",
            "Icarus Verilog, the PDK's own cell models",
            _gate_level_check(results),
        ),
        _formal_link(results),
        _layout_link(results),
    ]
    columns = [*words("link", "how"), *numbers("vectors", "mismatches"), *words("verdict")]
    failed = frozenset(i for i, row in enumerate(rows) if row[-1] == _FAILED)
    return Table("The chain of proof", columns, rows, marked=failed)


def _compared(link: str, how: str, verdict: Verdict) -> list[str]:
    return [link, how, count(verdict.vectors), count(verdict.mismatches), _word(verdict)]


def _not_run(link: str, why: str) -> list[str]:
    return [link, why, "", "", _NOT_RUN]


def _not_run_on_netlist(results: Results, link: str, how: str, key: str) -> list[str]:
    if results.asic is None:
        return _not_run(link, f"run {results.command('asic')}")
    return _not_run(link, f"{how}: {results.asic.why_not(key)}")


def _torch_link(results: Results) -> list[str]:
    link = "torch = golden model"
    verdict = results.train and results.train.torch_against_golden
    if verdict is None:
        return _not_run(link, f"run {results.command('train')}")
    how = f"every layer: all events, extremes, random tensors (seed {verdict.seed})"
    return _compared(link, how, verdict)


def _compiler_link(results: Results) -> list[str]:
    link, rtl = "golden model = compiler's graph", results.rtl
    if rtl is None:
        return _not_run(link, f"run {results.command('rtl')}")
    if rtl.passes is None:
        how = "every loadable layer with weights drawn anew, and at the ends of their types"
        return ["golden model = gates", how, count(rtl.checked_events), "none", _AGREE]
    how = (
        f"after lowering and each pass ({', '.join(rtl.passes)}): extremes, one-hot and random "
        "tensors, every layer; the compiler stops at a pass that changes a value"
    )
    return [link, how, count(rtl.checked_events_per_pass), "none", _AGREE]


def _rtl_link(results: Results) -> list[str]:
    link, sim = "golden model = RTL", results.sim
    if sim is None:
        return _not_run(link, f"run {results.command('sim')}")
    how = f"{sim.simulator}, {', '.join(sim.modules)} (seed {sim.seed}){_sets(sim)}"
    return _compared(link, how, sim)


def _certificate_link(results: Results) -> list[str]:
    link = "golden model = RTL, for every input"
    certificate = results.sim and results.sim.certificate
    if certificate is None:
        return _not_run(link, f"run {results.command('sim')}")
    if certificate.verdict == "proved":
        elements = sum(certificate.elements.values())
        how = (
            f"{certificate.module}: {count(elements)} elements proved by linear elimination and "
            "enumeration; no state but the pipeline"
        )
        return [link, how, "all inputs", "none", "proved"]
    how = f"simulated only: {certificate.reason}"
    is_refuted = certificate.verdict == "refuted"
    return [link, how, "", "found" if is_refuted else "", _FAILED if is_refuted else "not proved"]


def _layout_link(results: Results) -> list[str]:
    drawn = results.layout
    lvs = drawn and drawn.lvs and drawn.lvs.layout_against_netlist
    if lvs is None:
        return ["netlist = layout", "there is no layout", "", "", _NOT_COVERED]
    how = f"{count(lvs.transistors)} transistors drawn in the layout, compared one by one"
    verdict = _AGREE if lvs.passed else _FAILED
    return ["netlist = layout", how, "", count(len(lvs.mismatches)), verdict]


def _formal_link(results: Results) -> list[str]:
    link, how = "RTL = netlist, formally", "ABC's equivalence check"
    proof = results.asic and results.asic.equivalence
    if proof is None:
        return _not_run_on_netlist(results, link, how, "formal_equivalence")
    verdict = proof.formal_equivalence
    how += (
        f" of all {count(verdict.outputs)} output bits, and "
        f"{verdict.latency_cycles} registers on every path from an input"
    )
    word = _AGREE if verdict.proved else _FAILED
    return [link, how, "all inputs", "none" if verdict.proved else "found", word]


def _netlist_link(
    results: Results, key: str, how: str, verdict: NetlistVerdict | None
) -> list[str]:
    link = "golden model = netlist"
    if results.asic is None:
        return _not_run(link, f"{how}; run {results.command('asic')}")
    if verdict is None:
        return _not_run_on_netlist(results, link, how, key)
    return _compared(link, how + _sets(verdict), verdict)


def _sets(verdict: SimulationMetrics | NetlistVerdict) -> str:
    """Of a design with loadable weights."""
    sets = verdict.configurations
    if sets is None:
        return ""
    return f"; {count(sets)} sets of registers, the first loaded over I2C and read back"


def _cell_models_link(results: Results) -> list[str]:
    link = "Liberty = cell Verilog"
    models = results.asic and results.asic.cell_models
    if models is None:
        how = "the PDK's own cell models"
        return _not_run_on_netlist(results, link, how, "cell_models_check")
    verdict = models.cell_models_check
    how = f"all inputs of the {verdict.cells} kinds of cells used, by Icarus Verilog"
    return [link, how, count(verdict.values), count(verdict.mismatches), _word(verdict)]


def _vectors(sim: SimulationMetrics) -> Table:
    kinds = sorted({kind for module in sim.modules.values() for kind in module.by_kind})
    rows = [
        [
            name,
            *(count(module.by_kind.get(kind, 0)) for kind in kinds),
            count(module.vectors),
            count(module.mismatches),
            count(module.latency_cycles),
            count(module.vectors_per_s),
        ]
        for name, module in sim.modules.items()
    ]
    names = {"edge": "edge cases", "event": "detector events", "random": "random"}
    columns = [
        *words("module"),
        *numbers(*((names.get(kind, kind), "vectors") for kind in kinds)),
        *numbers(("total", "vectors"), "mismatches", ("latency", "clocks"), ("speed", "vectors/s")),
    ]
    return Table("RTL simulation: vectors by kind, one event per clock", columns, rows)


def _protocol(sim: SimulationMetrics) -> Table:
    """Tests down, modules across."""
    modules = {name: tests for name, tests in sim.protocol_tests.items() if tests}
    tests = list(dict.fromkeys(name for outcomes in modules.values() for name in outcomes))

    def outcome(module: str, test: str) -> str:
        text = modules[module].get(test)
        return _NOT_RUN if text is None else _PASSED if text == _PASSED else _FAILED

    rows = [
        [test.replace("_", " "), *(outcome(module, test) for module in modules)] for test in tests
    ]
    failed = frozenset(index for index, row in enumerate(rows) if _FAILED in row)
    caption = "Protocol tests (cocotb) of each module"
    return Table(caption, words("test", *modules), rows, marked=failed)
