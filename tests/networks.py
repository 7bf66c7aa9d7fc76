"""Networks for tests: drawn by hypothesis over the whole format, and a few fixed ones."""

from __future__ import annotations

from collections.abc import Collection
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pydantic import ValidationError

from hexcoder.fixed_point import FixedPoint
from hexcoder.network.kinds import KINDS
from hexcoder.network.layer import TensorType
from hexcoder.network.modules import uniform_inputs
from hexcoder.network.schema import CHAIN_KINDS, Network, NetworkGraph
from hexcoder.network.weighted import WeightedLayer, draw_type


@st.composite
def fixed_point_types(draw: st.DrawFn) -> FixedPoint:
    return draw_type(draw(st.randoms(use_true_random=False)))


GRAPH_KINDS = tuple(kind for kind in KINDS if kind not in CHAIN_KINDS)
WEIGHTED = tuple(kind for kind, class_ in KINDS.items() if issubclass(class_, WeightedLayer))


@st.composite
def networks(
    draw: st.DrawFn, *, most_layers: int = 3, kinds: Collection[str] = tuple(CHAIN_KINDS)
) -> Network:
    """Any small network of some kinds, with all types, roundings and overflows."""
    random = draw(st.randoms(use_true_random=False))
    shape = tuple(random.randint(1, 4) for _ in range(3))
    if draw(st.booleans()):
        shape = (random.randint(1, 6),)
    value: dict[str, Any] = {
        "name": "drawn",
        "input": {"shape": list(shape), "type": str(draw_type(random))},
        "layers": [],
    }
    classes = [CHAIN_KINDS[kind] for kind in kinds if not CHAIN_KINDS[kind].is_wiring]
    for _ in range(draw(st.integers(1, most_layers))):
        layer = draw(st.sampled_from(classes)).draw_keys(random, shape)
        if layer is None and len(shape) == 3:
            value["layers"].append({"kind": "flatten"})
            shape = (int(np.prod(shape)),)
        drawn = [layer] if layer else [kind.draw_keys(random, shape) for kind in classes]
        value["layers"].append(next(layer for layer in drawn if layer))
        shape = list(Network.model_validate(value).contexts())[-1].output_shape
    return Network.model_validate(value)


def inputs_of(network: Network, count: int, seed: int = 0) -> np.ndarray:
    """Random tensors over the whole input range, extremes first."""
    values = uniform_inputs(network, count, np.random.default_rng(seed))
    values[0], values[1] = network.input_bounds
    return values


def sensor_network(weight_bits: int = 4, filters: int = 2, latents: int = 3) -> Network:
    """A small network on the sensor's 4x4x3 image, so that module ``encoder`` exists."""
    random = np.random.default_rng(5)
    high = 1 << (weight_bits - 1)
    weight_type = f"SQ(1,{weight_bits - 1})"
    return Network.model_validate(
        {
            "name": "sensor",
            "input": {"shape": [4, 4, 3], "type": "UQ(1,5)"},
            "layers": [
                {
                    "kind": "conv2d",
                    "name": "conv",
                    "weights": random.integers(-high, high, (3, 3, 3, filters)).tolist(),
                    "weight_type": weight_type,
                    "biases": random.integers(-high, high, filters).tolist(),
                    "bias_type": weight_type,
                    "stride": 2,
                    "padding": "same",
                    "activation": "relu",
                    "output_type": "UQ(1,4)",
                },
                {"kind": "flatten", "name": "flatten"},
                {
                    "kind": "dense",
                    "name": "latent",
                    "weights": random.integers(-high, high, (latents, 4 * filters)).tolist(),
                    "weight_type": weight_type,
                    "activation": "none",
                    "output_type": "SQ(2,5)",
                    "rounding": "round_half_up",
                },
            ],
        }
    )


def drawn_graph(random: Random, nodes: int, kinds: Collection[str] = GRAPH_KINDS) -> NetworkGraph:
    """A graph of about so many nodes, of which each reads any tensors made before."""
    inputs = []
    for number in range(random.choice([1, 1, 2])):
        shape = [random.randint(1, 3) for _ in range(random.randint(1, 3))]
        type_ = draw_type(random, largest=6)
        inputs.append({"name": f"x{number}", "shape": shape, "type": str(type_)})
    value: dict[str, Any] = {
        "format": "hexcoder-network", "version": 2, "name": "drawn", "inputs": inputs, "nodes": [],
        "outputs": [],
    }  # fmt: skip
    tensors = {one["name"]: TensorType.model_validate({k: one[k] for k in ("shape", "type")})
               for one in inputs}  # fmt: skip
    for _ in range(60):
        if len(value["nodes"]) == nodes:
            break
        kind = KINDS[random.choice(tuple(kinds))]
        count = random.randint(*(min(bound, 3) for bound in kind.reads))
        # New tensors more often than old ones, so that graphs grow deep.
        names = [random.choice([*list(tensors)[-2:], *tensors]) for _ in range(count)]
        keys = kind.draw(random, [tensors[name] for name in names])
        if keys is None:
            continue
        name = f"{keys['kind']}_{len(value['nodes'])}"
        tried = {**value, "nodes": [*value["nodes"], keys | {"name": name, "inputs": names}]}
        tried["outputs"] = [{"node": name}]
        try:
            graph = NetworkGraph.model_validate(tried)
        except ValidationError:
            # Shapes that do not go together, or sums too wide.
            continue
        made = graph.outputs_by_name[name]
        if made.type.width > 24 or made.elements > 24:
            continue
        value, tensors = tried, tensors | {name: made}
    if not value["nodes"]:
        return drawn_graph(random, nodes, kinds)
    read = {source for node in value["nodes"] for source in node["inputs"]}
    last = value["nodes"][-1]["name"]
    unread = [node["name"] for node in value["nodes"] if node["name"] not in read]
    chosen = [name for name in unread if random.random() < 0.5 or name == last]
    value["outputs"] = [{"node": name} for name in chosen]
    if random.random() < 0.3:
        extra = random.choice(value["nodes"])["name"]
        value["outputs"] += [] if extra in chosen else [{"node": extra}]
    return NetworkGraph.model_validate(value)


@st.composite
def graphs(draw: st.DrawFn, *, kinds: Collection[str] = GRAPH_KINDS) -> NetworkGraph:
    """Any small graph of some kinds."""
    return drawn_graph(draw(st.randoms(use_true_random=False)), draw(st.integers(2, 12)), kinds)
