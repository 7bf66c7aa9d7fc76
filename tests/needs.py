"""Marks of tests that need a program from outside."""

import shutil

import pytest

needs_sta = pytest.mark.skipif(not shutil.which("sta"), reason="OpenSTA is not installed")
needs_iverilog = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")
