"""Adders as yosys is to build them."""

from __future__ import annotations

from pathlib import Path

ADDERS = Path(__file__).with_name("adders.v")
