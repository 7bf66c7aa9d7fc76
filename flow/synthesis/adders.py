"""Adders as yosys is to build them."""

from pathlib import Path

ADDERS = Path(__file__).with_name("adders.v")
