"""From traces of the Hessian to a proposal of weight types, with what it does to EMD."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from hexcoder.errors import InputError
from models.data.sample import Sample
from models.decoder import Decoder
from models.encoder.agreement import load_encoder
from models.encoder.hardware_cost import adder_bits
from models.evaluation.physics import reconstruct
from network.schema import Network
from sensor.metrics import earth_movers_distance
from studies.radiation.hessian import integer_weights
from studies.radiation.precision import WIDTHS, Budget, Choice, Problem, allocate, with_weights
from studies.record import Record


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


class LayerProposal(Record):
    """A layer as it is and as proposed; losses in half pitches."""

    name: str
    weights: int
    trace: float
    standard_error: float
    mean_trace: float
    weight_type: str
    expected_loss_now: float
    proposed_type: str
    squared_error: float
    expected_loss: float


class Uniform(Record):
    """The widest width for all layers that fits the budget."""

    width: int
    cost: float


class Proposal(Record):
    """Weight types within a budget.

    ``emd`` is the mean of exact evaluations, without any retraining, of the network 'now', as
    'proposed', and of the widest 'uniform' width that fits, where one does.
    """

    layers: list[LayerProposal]
    budget: Budget
    limit: float
    cost_now: float
    cost: float
    uniform: Uniform | None
    emd: dict[str, float]


def propose(problem: Problem, decoder: Decoder, sample: Sample, limit: float | None) -> Proposal:
    """Weight types of least expected loss within a budget.

    Parameters
    ----------
    problem : Problem
    decoder : Decoder
    sample : Sample
        None of its events empty.
    limit : float, optional
        Default: what the network has now.

    Raises
    ------
    InputError
        If not even the narrowest types fit.
    """
    network, budget = problem.network, problem.budget
    table, present = problem.choices(), problem.present()
    # Of adder bits, choices count what they change.
    offset = adder_bits(network) if budget == "adder bits" else 0.0

    def cost(choices: Sequence[Choice]) -> float:
        return offset + sum(choice.cost for choice in choices)

    def emd(choices: Sequence[Choice]) -> float:
        changed = with_weights(network, choices)
        fractions = reconstruct(changed, decoder, sample.events, sample.places).fractions
        return float(earth_movers_distance(sample.events, fractions).mean())

    cost_now = offset or cost(present)
    limit = cost_now if limit is None else limit
    best = allocate(list(table.values()), limit - offset)
    if best is None:
        least = cost([min(row, key=lambda choice: choice.cost) for row in table.values()])
        option = "--" + budget.replace(" ", "-")
        raise InputError(
            f"{option} = {limit:g}: weights of {min(WIDTHS)} bits take {least:.0f} {budget} already"
        )
    fitting = (u for u in map(problem.uniform, reversed(WIDTHS)) if cost(u) <= limit)
    uniform = next(fitting, None)
    return Proposal(
        layers=[
            LayerProposal(
                name=choice.layer,
                weights=trace.weights,
                trace=trace.value,
                standard_error=trace.standard_error,
                mean_trace=trace.mean,
                weight_type=str(before.type),
                expected_loss_now=before.loss,
                proposed_type=str(choice.type),
                squared_error=choice.squared_error,
                expected_loss=choice.loss,
            )
            for before, choice in zip(present, best, strict=True)
            for trace in [problem.traces[choice.layer]]
        ],
        budget=budget,
        limit=limit,
        cost_now=cost_now,
        cost=cost(best),
        uniform=Uniform(width=uniform[0].type.width, cost=cost(uniform)) if uniform else None,
        emd={"now": emd([]), "proposed": emd(best)}
        | ({"uniform": emd(uniform)} if uniform else {}),
    )
