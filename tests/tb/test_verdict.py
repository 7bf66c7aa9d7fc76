from hexcoder.metrics.difference import Difference
from hexcoder.metrics.sim import SimulationMetrics
from hexcoder.network.comparison import Comparison
from hexcoder.tb.prove import metrics_of
from hexcoder.tb.verdict import Verdict


def verdict(module, vectors, event=None):
    first = None
    if event is not None:
        first = Difference(layer="conv", element=2, event=event, expected=1, actual=0)
    comparison = Comparison(
        link="RTL and golden model",
        module=module,
        vectors=vectors,
        mismatches=int(event is not None),
        first_mismatch=first,
    )
    return Verdict(comparison, 4, 0.5, {"random": vectors}, 3)


def test_a_netlist_s_verdict_names_module_and_keys_that_were_set():
    found = verdict("chip", 100, event=7).as_json()
    assert found["first_mismatch"] == {
        "module": "chip",
        "layer": "conv",
        "element": 2,
        "event": 7,
        "expected": 1,
        "actual": 0,
    }
    assert (found["vectors"], found["configurations"], found["mismatches"]) == (100, 3, 1)
    assert found["modules"]["chip"]["vectors_per_s"] == 200
    assert verdict("chip", 100).as_json()["first_mismatch"] is None


def test_a_design_s_metrics_are_those_of_its_modules_and_are_read_back():
    verdicts = [verdict("encoder_core", 100), verdict("encoder", 50, event=7)]
    metrics = metrics_of("small", 9, "a simulator", verdicts, {})
    written = metrics.model_dump(mode="json", exclude_unset=True)
    assert (written["vectors"], written["mismatches"], written["seed"]) == (150, 1, 9)
    assert written["first_mismatch"]["module"] == "encoder"
    assert "module" not in written["modules"]["encoder"]["first_mismatch"]
    assert SimulationMetrics.model_validate(written) == metrics
    joined = Comparison.joined([each.comparison for each in verdicts], follow=False)
    assert "module 'encoder', layer 'conv', element 2, event 7" in joined.line()
