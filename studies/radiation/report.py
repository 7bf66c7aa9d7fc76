"""Files of a fault-injection campaign: flips.json, flips.csv, flips.md and flips.svg."""

import json
import tempfile
from pathlib import Path

import numpy as np
from pydantic import Field
from scipy.stats import spearmanr

from hexcoder.studies.radiation.faults import GROUPS
from hexcoder.studies.radiation.flips import Campaign
from hexcoder.studies.radiation.picture import draw_flips
from hexcoder.studies.radiation.smooth_transport import BLUR, ITERATIONS
from hexcoder.studies.record import Record
from hexcoder.tables import csv_table, markdown_table

SHARES = (0.5, 0.8, 0.9, 0.95)
LISTED = 20
COLUMNS = (
    "group", "class", "layer", "element", "bit", "rank", "emd_increase", "standard_error",
    "exact_emd_increase", "exact_standard_error",
)  # fmt: skip
_TITLES = {
    "stored": "Stored bits: a flip of a weight or bias stays until it is written again",
    "register": "Registers: a flip costs one event",
}


class Flip(Record):
    """A bit with exact EMD."""

    fault_class: str = Field(serialization_alias="class")
    layer: str
    element: int
    position: list[int]
    bit: int
    rank: int
    emd_increase: float
    standard_error: float


class ClassFigures(Record):
    """Bits of a class together; mean increases in half pitches."""

    flips: int
    pairs: int
    mean_increase: float
    mean_increase_standard_error: float | None
    mean_increase_estimate: float
    sampled_bits: int
    worst: Flip


class GroupFigures(Record):
    """Bits of a group together, to decide how many of them to protect."""

    bits: int
    mean_increase_estimate: float
    bits_for_share: dict[str, int | None]
    correlation_of_halves: float | None


class Agreement(Record):
    """How the estimate compares with exact EMD over the bits drawn at random."""

    estimate: str
    bits: int
    pearson: float | None
    spearman: float | None
    mean_estimate: float
    mean_exact: float


class Origin(Record):
    """Where the figures come from."""

    network: str
    file: str
    seed: int


class Flips(Origin):
    """What flips.json holds."""

    events: int
    emd_mean: float
    emd_standard_error: float
    flips: int
    pairs: int
    classes: dict[str, ClassFigures]
    groups: dict[str, GroupFigures]
    estimate_against_exact: Agreement


def protection(halves: np.ndarray) -> np.ndarray | None:
    """Share of the sensitivity against number of bits protected, in order of rank: (bits + 1,).

    Bits are ranked on one half of the events and counted on the other, and the other way round, by
    the mean increases (bits, 2) over the halves: a bit that chance put first does not count for
    more than it costs. None where flips do not cost anything on average.
    """
    totals = halves.sum(axis=0)
    if (totals <= 0).any():
        return None
    shares = [
        np.cumsum(halves[np.argsort(-halves[:, rank], kind="stable"), count]) / totals[count]
        for rank, count in ((0, 1), (1, 0))
    ]
    return np.concatenate([[0.0], np.mean(shares, axis=0)])


def _flip(campaign: Campaign, fault: int) -> Flip:
    site, place = campaign.sites[campaign.owner[fault]], int(campaign.place[fault])
    return Flip(
        fault_class=site.fault_class,
        layer=site.layer,
        element=int(site.elements[place]),
        position=site.position(place),
        bit=int(site.bits[place]),
        rank=int(campaign.rank[fault]),
        emd_increase=float(campaign.exact[fault]),
        standard_error=float(campaign.exact_standard_error[fault]),
    )


def _class(campaign: Campaign, name: str) -> ClassFigures:
    members = np.array([site.fault_class == name for site in campaign.sites])[campaign.owner]
    flips = int(members.sum())
    mean = float(campaign.estimate[members].mean())
    # The estimate knows all bits, the sample what it is off by: together far less noisy than the
    # mean of the sample (difference estimator: Cochran, Sampling Techniques, 3rd ed., 7.2).
    off = (campaign.exact - campaign.estimate)[members & campaign.sampled]
    return ClassFigures(
        flips=flips,
        pairs=flips * campaign.events,
        mean_increase=mean + float(off.mean()),
        mean_increase_standard_error=(
            float(off.std(ddof=1) / np.sqrt(len(off))) if len(off) > 1 else None
        ),
        mean_increase_estimate=mean,
        sampled_bits=len(off),
        worst=_flip(campaign, int(np.nanargmax(np.where(members, campaign.exact, np.nan)))),
    )


def _group(campaign: Campaign, name: str) -> GroupFigures:
    members = campaign.group(name)
    halves = campaign.halves[members]
    curve = protection(halves)
    return GroupFigures(
        bits=len(halves),
        mean_increase_estimate=float(campaign.estimate[members].mean()),
        bits_for_share={
            str(share): None if curve is None else int(np.argmax(curve >= share))
            for share in SHARES
        },
        correlation_of_halves=(
            float(np.corrcoef(halves.T)[0, 1]) if (halves.std(axis=0) > 0).all() else None
        ),
    )


def _agreement(campaign: Campaign) -> Agreement:
    estimate, exact = campaign.estimate[campaign.sampled], campaign.exact[campaign.sampled]
    varied = len(exact) > 2 and estimate.std() > 0 and exact.std() > 0
    return Agreement(
        estimate=f"entropic transport, blur {BLUR}, {ITERATIONS} iterations",
        bits=len(exact),
        pearson=float(np.corrcoef(estimate, exact)[0, 1]) if varied else None,
        spearman=float(np.asarray(spearmanr(estimate, exact)[0])) if varied else None,
        mean_estimate=float(estimate.mean()),
        mean_exact=float(exact.mean()),
    )


def summarise(campaign: Campaign, origin: Origin) -> Flips:
    """Figures of a campaign."""
    flips = len(campaign.owner)
    return Flips(
        **dict(origin),
        events=campaign.events,
        emd_mean=campaign.emd_mean,
        emd_standard_error=campaign.emd_standard_error,
        flips=flips,
        pairs=flips * campaign.events,
        classes={
            name: _class(campaign, name)
            for name in dict.fromkeys(site.fault_class for site in campaign.sites)
        },
        groups={name: _group(campaign, name) for name in GROUPS if campaign.group(name).any()},
        estimate_against_exact=_agreement(campaign),
    )


def _rows(campaign: Campaign) -> list[list[object]]:
    """A row for every bit, by group and rank."""
    rows: list[list[object]] = []
    for fault in np.lexsort((campaign.rank, campaign.group(GROUPS[1]))):
        site, place = campaign.sites[campaign.owner[fault]], campaign.place[fault]
        exact = campaign.exact[fault], campaign.exact_standard_error[fault]
        rows.append([
            site.group, site.fault_class, site.layer, site.elements[place], site.bits[place],
            campaign.rank[fault], f"{campaign.estimate[fault]:.6g}",
            f"{campaign.standard_error[fault]:.3g}",
            *("" if np.isnan(value) else f"{value:.6g}" for value in exact),
        ])  # fmt: skip
    return rows


def _ranking(campaign: Campaign, group: str) -> str:
    """The group's first bits, with exact EMD."""
    first = np.flatnonzero(campaign.group(group) & (campaign.rank <= LISTED))
    rows = []
    for fault in first[np.argsort(campaign.rank[first])]:
        flip = _flip(campaign, fault)
        label = campaign.sites[campaign.owner[fault]].label
        rows.append([
            str(flip.rank), f"{label} {flip.position}", str(flip.bit),
            f"{campaign.estimate[fault]:.3f}",
            f"{flip.emd_increase:.3f} ± {flip.standard_error:.3f}",
        ])  # fmt: skip
    return markdown_table(["rank", "element", "bit", "estimate", "exact EMD increase"], rows)


def _by_position(campaign: Campaign, group: str) -> str:
    """Bits of one position of one tensor together: what a designer protects."""
    total = float(campaign.estimate[campaign.group(group)].sum())
    rows = []
    for number, site in enumerate(campaign.sites):
        estimate = campaign.estimate[campaign.owner == number]
        for bit in np.unique(site.bits) if site.group == group else []:
            chosen = estimate[site.bits == bit]
            share = f"{100 * float(chosen.sum()) / total:.1f} %" if total > 0 else "-"
            mean = float(chosen.mean())
            rows.append((mean, [site.label, str(bit), str(len(chosen)), f"{mean:.4f}", share]))
    rows.sort(key=lambda row: -row[0])
    return markdown_table(
        ["tensor", "bit", "bits", "mean EMD increase", "share of the sensitivity"],
        [cells for _, cells in rows],
    )


def _page(campaign: Campaign, flips: Flips) -> str:
    agreement = flips.estimate_against_exact
    text = (
        f"# Bits to protect: {flips.network}\n\n"
        f"Mean EMD without a fault: {flips.emd_mean:.4f} ± {flips.emd_standard_error:.4f} "
        f"half pitches, over {flips.events} events. Every bit was flipped in every event: "
        f"{flips.flips} flips, {flips.pairs} evaluations. The estimate of EMD that ranks "
        "the bits was compared with exact EMD over "
        f"{agreement.bits} bits drawn at random: "
        + (
            f"correlation {agreement.pearson:.3f}, of ranks {agreement.spearman:.3f}."
            if agreement.pearson is not None
            else "they do not vary enough for a correlation."
        )
        + "\n\nHow to read this, and what is not covered: docs/radiation.md. Bit 0 is the lowest.\n"
    )
    for name, group in flips.groups.items():
        text += f"\n## {_TITLES[name]}\n\n"
        for share in SHARES:
            bits = group.bits_for_share[str(share)]
            if bits is not None:
                text += (
                    f"- {100 * share:.0f} % of the sensitivity: {bits} of {group.bits} "
                    f"bits ({100 * bits / group.bits:.1f} %)\n"
                )
        text += f"\n{_ranking(campaign, name)}\n### By bit position\n\n"
        text += _by_position(campaign, name)
    return text


def write_report(campaign: Campaign, origin: Origin, folder: Path) -> Flips:
    """Write all four files; flips.json comes last.

    The folder is made if it is not there. Files are moved in when all are whole, so an interrupted
    run leaves the last result.
    """
    flips = summarise(campaign, origin)
    curves = {
        name: curve
        for name in flips.groups
        if (curve := protection(campaign.halves[campaign.group(name)])) is not None
    }
    contents = {
        "flips.csv": csv_table(COLUMNS, _rows(campaign)),
        "flips.md": _page(campaign, flips),
        "flips.svg": draw_flips(campaign, curves),
        "flips.json": json.dumps(flips.as_json(), indent=2) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial", dir=folder) as partial:
        for name, text in contents.items():
            Path(partial, name).write_text(text, encoding="utf-8")
        for name in contents:
            Path(partial, name).replace(folder / name)
    return flips
