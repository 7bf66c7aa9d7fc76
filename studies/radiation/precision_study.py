"""From traces of the Hessian to a proposal of weight types, with what it does to EMD."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from hexcoder.errors import InputError
from models.data.sample import Sample
from models.decoder import Decoder
from models.encoder.agreement import load_encoder
from models.encoder.hardware_cost import adder_bits
from models.evaluation.physics import reconstruct
from network.schema import Network
from sensor.metrics import earth_movers_distance
from studies.radiation.hessian import Trace, integer_weights
from studies.radiation.precision import (
    WIDTHS,
    Budget,
    Choice,
    allocate,
    choices,
    layer_choice,
    uniform_choices,
    with_weights,
)


def unrounded_weights(
    network: Network, path: Path, encoder: Path | None
) -> tuple[dict[str, Tensor], str]:
    """Weights as training had them, in real units, float64, by layer, and which file has them.

    Parameters
    ----------
    path : Path
        Of the network: its encoder lies in train/ beside it.
    encoder : Path, optional
        Takes that file's place. Without any, the integers of network.json are used: widths from
        theirs up then lose nothing.
    """
    beside = path.parent / "train" / "encoder.safetensors"
    if encoder is None and not beside.is_file():
        return integer_weights(network), path.name
    file = encoder or beside
    state = load_encoder(file, network).state_dict()
    return {
        name: (state[f"layers.{name}.weights"] * state[f"layers.{name}.mask"]).double()
        for name in integer_weights(network)
    }, file.name


def _mean_emd(network: Network, decoder: Decoder, sample: Sample) -> float:
    found = reconstruct(network, decoder, sample.events, sample.places)
    return float(earth_movers_distance(sample.events, found.fractions).mean())


def _present(
    network: Network,
    weights: Mapping[str, np.ndarray],
    traces: Mapping[str, Trace],
    budget: Budget,
) -> list[Choice]:
    """The layers in the types that they have."""
    return [
        layer_choice(
            network,
            context,
            weights[context.name],
            traces[context.name],
            context.layer.weight_type,
            budget,
        )
        for context in network.weighted()
    ]


def propose(
    network: Network,
    decoder: Decoder,
    sample: Sample,
    weights: Mapping[str, Tensor],
    traces: Mapping[str, Trace],
    budget: Budget,
    limit: float | None,
) -> dict[str, Any]:
    """Weight types of least expected loss within a budget.

    Parameters
    ----------
    sample : Sample
        None of its events empty.
    weights : mapping of Tensors
        Before rounding, by layer, real units.
    traces : mapping of Trace
    budget : 'adder bits' or 'weight bits'
    limit : float, optional
        Default: what the network has now.

    Returns
    -------
    dict
        Figures of each layer, cost now and proposed, and mean EMD of exact evaluations, without
        any retraining, of the network as it is, of the proposal, and of the widest uniform width
        that fits the budget (``uniform`` is null where none does).

    Raises
    ------
    InputError
        If not even the narrowest types fit.
    """
    arrays = {name: value.numpy() for name, value in weights.items()}
    table = choices(network, arrays, traces, budget)
    present = _present(network, arrays, traces, budget)
    # Of adder bits, choices count what they change.
    offset = adder_bits(network) if budget == "adder bits" else 0.0
    cost_now = offset or sum(choice.cost for choice in present)
    limit = cost_now if limit is None else limit
    best = allocate(list(table.values()), limit - offset)
    if best is None:
        least = offset + sum(min(choice.cost for choice in row) for row in table.values())
        option = "--" + budget.replace(" ", "-")
        raise InputError(
            f"{option} = {limit:g}: weights of {min(WIDTHS)} bits take {least:.0f} {budget} already"
        )
    emd = {
        "now": _mean_emd(network, decoder, sample),
        "proposed": _mean_emd(with_weights(network, best), decoder, sample),
    }
    uniform = None
    for width in reversed(WIDTHS):
        row = uniform_choices(network, arrays, traces, budget, width)
        cost = offset + sum(choice.cost for choice in row)
        if cost <= limit:
            emd["uniform"] = _mean_emd(with_weights(network, row), decoder, sample)
            uniform = {"width": width, "cost": cost}
            break
    rows = [
        {
            "name": choice.layer,
            "weights": traces[choice.layer].weights,
            "trace": traces[choice.layer].value,
            "standard_error": traces[choice.layer].standard_error,
            "mean_trace": traces[choice.layer].mean,
            "weight_type": str(before.type),
            "expected_loss_now": before.loss,
            "proposed_type": str(choice.type),
            "squared_error": choice.squared_error,
            "expected_loss": choice.loss,
        }
        for before, choice in zip(present, best, strict=True)
    ]
    return {
        "layers": rows,
        "budget": budget,
        "limit": limit,
        "cost_now": cost_now,
        "cost": offset + sum(choice.cost for choice in best),
        "uniform": uniform,
        "emd": emd,
    }
