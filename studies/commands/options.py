"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

from hexcoder.console import add_events, add_number, add_seed
from studies.seeds.links import parse_links


def add_trained(parser: argparse.ArgumentParser) -> None:
    """What :func:`studies.trained.load_trained` reads."""
    parser.add_argument("network", type=Path)
    add_events(parser, required=True)
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")


def add_drawn(parser: argparse.ArgumentParser, seed: str) -> None:
    """What :func:`studies.trained.load_drawn` reads; ``seed`` says what the seed draws."""
    add_trained(parser)
    add_number(parser, "--count", "events drawn (default 512)", least=2, default=512)
    add_seed(parser, 1, seed)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_links(parser: argparse.ArgumentParser, default: str) -> None:
    """``--links``."""
    text = f"numbers of links, such as 2,3,5 (default: {default})"
    parser.add_argument("--links", type=parse_links, default=default, metavar="LIST", help=text)
