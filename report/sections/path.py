"""The first path of a timing report, short enough to read."""

HEAD_LINES, TAIL_LINES = 18, 32


def worst_path(report: str) -> str:
    """Abridge the first path of an OpenSTA report.

    Lines of nets and of cells' inputs go, since a net's delay stands in the line of the next
    output; of what is left the middle goes where it is long, and a line says how much.

    Parameters
    ----------
    report : str
        As ``report_checks`` writes it, the worst path first.
    """
    lines = []
    for line in report.strip("\n").split("\n"):
        lines.append(line.rstrip())
        if "slack" in line and ("MET" in line or "VIOLATED" in line):
            break
    followed = zip(lines, [*lines[1:], ""], strict=True)
    kept = [line for line, after in followed if _tells(line, after)]
    if len(kept) > HEAD_LINES + TAIL_LINES:
        left_out = len(kept) - HEAD_LINES - TAIL_LINES
        gap = f"{'':29}... {left_out} cells left out ..."
        kept = [*kept[:HEAD_LINES], gap, *kept[-TAIL_LINES:]]
    return "\n".join(kept)


def _tells(line: str, after: str) -> bool:
    if line.endswith("(net)"):
        return False
    # An input is followed at once by the output of the same cell.
    return not (_instance(line) and _instance(line) == _instance(after))


def _instance(line: str) -> str:
    """Path of the instance whose pin a line shows; empty if it shows none."""
    words = line.split()
    if len(words) < 3 or not words[-1].startswith("("):
        return ""
    return words[-2].rpartition("/")[0]
