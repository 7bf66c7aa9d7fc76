"""A short run of the benchmark: every way gives the same bits."""

import pytest

from hexcoder.bench import compilers, glitches, layout, nodes, pictures, pipelining, runs, scale
from hexcoder.bench.measure import Measured
from hexcoder.bench.networks import perceptron
from hexcoder.bench.plain_nodes import NODE_NETWORKS, plain_graph
from hexcoder.config import Compiler, Pipeline
from hexcoder.gen.compiler import Settings, compile_network
from tests.networks import sensor_network


@pytest.fixture
def small(monkeypatch):
    networks = {"image": sensor_network(filters=1), "dense": perceptron("dense", (6, 4, 3))}
    monkeypatch.setattr("hexcoder.bench.compilers.benchmark_networks", lambda: networks)
    monkeypatch.setattr("hexcoder.bench.pipelining.benchmark_networks", lambda: networks)


@pytest.mark.parametrize("compiler", compilers.COMPILERS)
def test_every_compiler_gives_a_netlist_of_the_same_bits(small, tmp_path, compiler):
    for name in ("image", "dense"):
        result = compilers.run(name, compiler, 1.0, tmp_path / name)
        assert result.measured.mismatches == 0
        assert result.measured.area_um2 > 0
        assert result.measured.depth > 1


def test_a_measurement_that_takes_too_long_is_named_as_such(tmp_path):
    name = "econ_t_linear_mlp"
    result = compilers.compare([name], ["plain"], 1.0, 0.01, tmp_path, lambda text: None)
    entry = result.networks[name]["plain"]
    assert entry.model_dump(exclude_unset=True) == {"not_measured": "not done within 0 s"}
    assert "not done within 0 s" in compilers.table(result)
    assert b"<svg" in pictures.draw_compilers(result)


def test_a_measurement_is_kept_while_its_code_stays_the_same(tmp_path):
    path, times = tmp_path / "kept" / "a.json", []

    def measured():
        times.append(1)
        return compilers.Compiled(register_bits=None, compile_s=5.0)

    first = {"code": "1", "limit_s": 60.0}
    kept = [runs.keep(path, first, compilers.Compiled, measured) for _ in range(2)]
    assert kept[0] == kept[1]
    assert len(times) == 1
    runs.keep(path, first | {"code": "2"}, compilers.Compiled, measured)
    assert len(times) == 2


def test_a_comparison_goes_on_where_it_stopped(small, tmp_path, monkeypatch):
    # A process of its own has the real networks.
    monkeypatch.setattr(compilers, "within", lambda seconds, run, *place: run(*place))
    said = []
    for compilers_of in (["plain"], ["hexcoder", "plain"]):
        result = compilers.compare(["dense"], compilers_of, 0.05, 60.0, tmp_path, said.append)
    assert [text.split(", ")[1] for text in said] == ["plain RTL", "hexcoder"]
    assert result.networks["dense"]["plain"].measured.mismatches == 0


def test_ratios_are_of_hexcoder_to_the_peer():
    def entry(area, bits):
        measured = Measured.model_construct(area_um2=area)
        return compilers.Result(measured=measured, register_bits=bits)

    rows = {
        "a": {"hexcoder": entry(50.0, 10), "alkaid": entry(100.0, 40)},
        "b": {"hexcoder": entry(80.0, 10), "alkaid": entry(100.0, 10)},
    }
    ratios = compilers.ratios(rows)
    assert ratios["area_um2_ratio_to_alkaid"] == {"a": 0.5, "b": 0.8, "geometric_mean": 0.6325}
    assert ratios["register_bits_ratio_to_alkaid"]["geometric_mean"] == 0.5


def test_a_faster_clock_takes_more_stages(small, tmp_path):
    rows = [pipelining.run("dense", period, 1.0, tmp_path / f"{period}") for period in (5.0, 0.8)]
    assert rows[0].stages < rows[1].stages
    assert all(row.mismatches == 0 for row in rows)
    assert all(row.slack_ns > 0 for row in rows)
    assert b"<svg" in pictures.draw_pipelining("dense", rows)


def test_even_stages_take_more_registers_than_the_cheapest():
    def compiled(even):
        pipeline = Pipeline(stages=2, even=even)
        settings = Settings(pipeline=pipeline, compiler=Compiler(effort=0.05))
        return compile_network(perceptron("dense", (12, 8, 4)), settings).structure.total()

    assert compiled(True).register_bits > compiled(False).register_bits


def test_glitches_are_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(glitches, "EVENTS", 20)
    monkeypatch.setattr(glitches, "load_network", lambda path: sensor_network(filters=1))
    row = glitches.run("nangate45", 2, 0.05, tmp_path)
    assert row.network_pj > row.network_zero_delay_pj > 0
    assert row.encoder_pj - row.encoder_zero_delay_pj > 0
    assert row.toggles > row.toggles_zero_delay
    assert b"<svg" in pictures.draw_glitches("nangate45", [row, row])


@pytest.mark.long
def test_a_layout_is_measured(tmp_path):
    row = layout.run(perceptron("dense_5_4_3", (5, 4, 3)), 0.05, tmp_path)
    assert row.cells > 100
    assert row.open_nets == 0
    assert row.seconds_by_step["detailed routing"] > 0
    assert b"<svg" in pictures.draw_layout([row, row.model_copy(update={"network": "filters_3_2"})])
    cells = [network.output.shape for network in layout.networks()[: len(layout.FILTERS)]]
    assert cells == [(side, side, count) for side, count in layout.FILTERS]


def test_time_and_memory_are_measured(tmp_path):
    row = scale.run((8, 4, 6), 1.0, tmp_path)
    assert row.weights == 56
    assert row.memory_gib > 0
    assert b"<svg" in pictures.draw_scale([row, row])


# dwn2rtl leaves files open.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("name", "most"), [("argmax", 1.0), (nodes.DWN, 0.8)])
def test_a_node_is_the_same_in_plain_rtl_and_smaller_here(name, most, tmp_path):
    row = nodes.run(name, 0.05, tmp_path)
    assert row.mismatches == 0
    assert row.ratio < most
    assert f"| {name} |" in nodes.table([row])


TRAINED = ("trees", "trees_deep", "luts_trained")


@pytest.mark.parametrize("name", [name for name in NODE_NETWORKS if name not in TRAINED])
def test_every_node_is_written_as_plain_rtl(name):
    network = NODE_NETWORKS[name]()
    text = plain_graph(network)
    assert text.count("assign y[") == network.output.elements
