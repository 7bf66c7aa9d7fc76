"""Names of layers that stand for something else too."""

import pytest

from hexcoder.network.names import name_in_results
from hexcoder.network.schema import Network

DENSE = {"kind": "dense", "weights": [[1, -2], [3, 1]], "weight_type": "SQ(3,0)",
         "output_type": "SQ(4,0)"}  # fmt: skip


def names(*given):
    layers = [DENSE | ({"name": name} if name else {}) for name in given]
    network = Network.model_validate(
        {"name": "n", "input": {"shape": [2], "type": "UQ(2,0)"}, "layers": layers}
    )
    return [context.name for context in network.contexts()]


def test_usual_names_stay():
    assert names("conv", "latent", None) == ["conv", "latent", "dense_2"]


@pytest.mark.parametrize("name", ["valid", "input", "Front_End", "module", "logic", "out_data"])
def test_a_name_that_is_taken_gets_an_end(name):
    assert names(name) == [f"{name}_layer"]


def test_signals_of_another_layer_are_taken():
    assert names("a", "a_output", "a_0") == ["a", "a_output_layer", "a_0_layer"]


def test_the_end_is_given_until_no_other_layer_has_the_name():
    assert names("valid", "valid_layer") == ["valid_layer_layer", "valid_layer"]


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two layers are called 'valid_layer'"):
        names("valid", "valid")


def test_a_name_is_its_own_where_nothing_else_has_it():
    assert name_in_results("conv_a", ["conv_a", "dense"]) == "conv_a"
