"""Files of a fault-injection campaign: flips.json, flips.csv, flips.md and flips.svg."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from studies.radiation.flips import GROUPS, Campaign, Sensitivity
from studies.radiation.picture import draw_flips
from studies.radiation.smooth_transport import BLUR, ITERATIONS

SHARES = (0.5, 0.8, 0.9, 0.95)
LISTED = 20
COLUMNS = (
    "group", "class", "layer", "element", "bit", "rank", "emd_increase", "standard_error",
    "exact_emd_increase", "exact_standard_error",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Bits of a kind together, to decide how many of them to protect.

    Attributes
    ----------
    estimate : float64 array (bits,)
    halves : float64 array (bits, 2)
    """

    name: str
    members: list[Sensitivity]
    estimate: np.ndarray
    halves: np.ndarray

    @classmethod
    def of(cls, campaign: Campaign, name: str) -> Group | None:
        """The group's bits, or None where the network has none."""
        members = [s for s in campaign.sensitivities if s.group == name]
        if not members:
            return None
        estimate = np.concatenate([s.estimate for s in members])
        return cls(name, members, estimate, np.concatenate([s.halves for s in members]))

    def curve(self) -> np.ndarray | None:
        """Share of the group's sensitivity against number of bits protected: (bits + 1,).

        Bits are ranked on one half of the events and counted on the other, and the other way
        round: a bit that chance put first does not count for more than it costs. None where flips
        do not cost anything on average.
        """
        totals = self.halves.sum(axis=0)
        if (totals <= 0).any():
            return None
        shares = [
            np.cumsum(self.halves[np.argsort(-self.halves[:, rank], kind="stable"), count])
            / totals[count]
            for rank, count in ((0, 1), (1, 0))
        ]
        return np.concatenate([[0.0], np.mean(shares, axis=0)])

    def bits_for(self, share: float) -> int | None:
        """Least number of bits whose protection takes away a share of the sensitivity."""
        curve = self.curve()
        return None if curve is None else int(np.argmax(curve >= share))

    def summary(self) -> dict[str, Any]:
        """Figures for flips.json."""
        spread = (self.halves.std(axis=0) > 0).all()
        return {
            "bits": len(self.estimate),
            "mean_increase_estimate": float(self.estimate.mean()),
            "bits_for_share": {str(share): self.bits_for(share) for share in SHARES},
            "correlation_of_halves": float(np.corrcoef(self.halves.T)[0, 1]) if spread else None,
        }


def _rows(campaign: Campaign) -> list[list[Any]]:
    rows = []
    for found in campaign.sensitivities:
        site = found.site
        for k in range(len(site)):
            exact = [found.exact[k], found.exact_standard_error[k]]
            rows.append([
                found.group, site.fault_class, site.layer, int(site.elements[k]),
                int(site.bits[k]), int(found.rank[k]), f"{found.estimate[k]:.6g}",
                f"{found.standard_error[k]:.3g}",
                *("" if np.isnan(value) else f"{value:.6g}" for value in exact),
            ])  # fmt: skip
    return sorted(rows, key=lambda row: (GROUPS.index(row[0]), row[5]))


def _flip(found: Sensitivity, fault: int) -> dict[str, Any]:
    site = found.site
    return {
        "class": site.fault_class,
        "layer": site.layer,
        "element": int(site.elements[fault]),
        "position": site.position(fault),
        "bit": int(site.bits[fault]),
        "rank": int(found.rank[fault]),
        "emd_increase": float(found.exact[fault]),
        "standard_error": float(found.exact_standard_error[fault]),
    }


def _class(campaign: Campaign, name: str) -> dict[str, Any]:
    members = [s for s in campaign.sensitivities if s.site.fault_class == name]
    flips = sum(len(s.site) for s in members)
    mean = float(np.concatenate([s.estimate for s in members]).mean())
    # The estimate knows all bits, the sample what it is off by: together far less noisy than the
    # mean of the sample (difference estimator: Cochran, Sampling Techniques, 3rd ed., 7.2).
    off = np.concatenate([(s.exact - s.estimate)[s.sampled] for s in members])
    quoted = [
        (float(s.exact[k]), _flip(s, int(k)))
        for s in members
        for k in np.flatnonzero(~np.isnan(s.exact))
    ]
    error = float(off.std(ddof=1) / np.sqrt(len(off))) if len(off) > 1 else None
    return {
        "flips": flips,
        "pairs": flips * campaign.events,
        "mean_increase": mean + float(off.mean()),
        "mean_increase_standard_error": error,
        "mean_increase_estimate": mean,
        "sampled_bits": len(off),
        "worst": max(quoted, key=lambda pair: pair[0])[1],
    }


def _agreement(campaign: Campaign) -> dict[str, Any]:
    """How the estimate compares with exact EMD over the bits drawn at random."""
    members = campaign.sensitivities
    estimate = np.concatenate([s.estimate[s.sampled] for s in members])
    exact = np.concatenate([s.exact[s.sampled] for s in members])
    varied = len(exact) > 2 and estimate.std() > 0 and exact.std() > 0
    return {
        "estimate": f"entropic transport, blur {BLUR}, {ITERATIONS} iterations",
        "bits": len(exact),
        "pearson": float(np.corrcoef(estimate, exact)[0, 1]) if varied else None,
        "spearman": float(np.asarray(spearmanr(estimate, exact)[0])) if varied else None,
        "mean_estimate": float(estimate.mean()),
        "mean_exact": float(exact.mean()),
    }


def summarise(campaign: Campaign) -> dict[str, Any]:
    """Contents of flips.json, less where network and events came from."""
    classes = dict.fromkeys(s.site.fault_class for s in campaign.sensitivities)
    groups = {name: Group.of(campaign, name) for name in GROUPS}
    flips = sum(len(s.site) for s in campaign.sensitivities)
    return {
        "events": campaign.events,
        "emd_mean": campaign.emd_mean,
        "emd_standard_error": campaign.emd_standard_error,
        "flips": flips,
        "pairs": flips * campaign.events,
        "classes": {name: _class(campaign, name) for name in classes},
        "groups": {name: group.summary() for name, group in groups.items() if group},
        "estimate_against_exact": _agreement(campaign),
    }


def _table(header: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def _ranking(group: Group) -> list[str]:
    """The group's first bits, with exact EMD."""
    first = sorted(
        (int(s.rank[k]), s, int(k)) for s in group.members for k in np.flatnonzero(s.rank <= LISTED)
    )
    rows = []
    for rank, found, k in first:
        flip = _flip(found, k)
        place = f"{found.site.label} {flip['position']}"
        figure = f"{flip['emd_increase']:.3f} ± {flip['standard_error']:.3f}"
        rows.append([rank, place, flip["bit"], f"{found.estimate[k]:.3f}", figure])
    return _table(["rank", "element", "bit", "estimate", "exact EMD increase"], rows)


def _by_position(group: Group) -> list[str]:
    """Bits of one position of one tensor together: what a designer protects."""
    total = float(group.estimate.sum())
    rows = []
    for found in group.members:
        for bit in range(found.site.type.width):
            chosen = found.estimate[found.site.bits == bit]
            if len(chosen):
                name = found.site.label
                rows.append((float(chosen.mean()), name, bit, len(chosen), float(chosen.sum())))
    rows.sort(key=lambda row: -row[0])
    return _table(
        ["tensor", "bit", "bits", "mean EMD increase", "share of the sensitivity"],
        [
            [name, bit, bits, f"{mean:.4f}", f"{100 * part / total:.1f} %" if total > 0 else "-"]
            for mean, name, bit, bits, part in rows
        ],
    )


def _page(campaign: Campaign, summary: dict[str, Any]) -> str:
    agreement = summary["estimate_against_exact"]
    lines = [
        f"# Bits to protect: {summary['network']}",
        "",
        f"Mean EMD without a fault: {campaign.emd_mean:.4f} ± {campaign.emd_standard_error:.4f} "
        f"half pitches, over {campaign.events} events. Every bit was flipped in every event: "
        f"{summary['flips']} flips, {summary['pairs']} evaluations. The estimate of EMD that ranks "
        "the bits was compared with exact EMD over "
        f"{agreement['bits']} bits drawn at random: "
        + (
            f"correlation {agreement['pearson']:.3f}, of ranks {agreement['spearman']:.3f}."
            if agreement["pearson"] is not None
            else "they do not vary enough for a correlation."
        ),
        "",
        "How to read this, and what is not covered: docs/radiation.md. Bit 0 is the lowest.",
    ]
    titles = {
        "stored": "Stored bits: a flip of a weight or bias stays until it is written again",
        "register": "Registers: a flip costs one event",
    }
    for name, title in titles.items():
        group = Group.of(campaign, name)
        if group is None:
            continue
        lines += ["", f"## {title}", ""]
        for share in SHARES:
            bits = group.bits_for(share)
            if bits is not None:
                part = 100 * bits / len(group.estimate)
                lines.append(
                    f"- {100 * share:.0f} % of the sensitivity: {bits} of {len(group.estimate)} "
                    f"bits ({part:.1f} %)"
                )
        lines += ["", *_ranking(group), "", "### By bit position", "", *_by_position(group)]
    return "\n".join([*lines, ""])


def write_report(campaign: Campaign, origin: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write all four files; flips.json comes last.

    Parameters
    ----------
    origin : dict
        ``network`` (its name) and what else says where the figures come from.
    folder : Path
        Made if it is not there. Each file is written beside its place and moved in when all are
        whole, so an interrupted run leaves the last result.

    Returns
    -------
    dict
        Contents of flips.json.
    """
    summary = origin | summarise(campaign)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(campaign))
    groups = [group for name in GROUPS if (group := Group.of(campaign, name))]
    curves = {group.name: curve for group in groups if (curve := group.curve()) is not None}
    contents = {
        "flips.csv": table.getvalue(),
        "flips.md": _page(campaign, summary),
        "flips.svg": draw_flips(campaign, curves),
        "flips.json": json.dumps(summary, indent=2) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = {name: folder / f".{name}.partial" for name in contents}
    try:
        for name, text in contents.items():
            partial[name].write_text(text, encoding="utf-8")
        for name, path in partial.items():
            path.replace(folder / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return summary
