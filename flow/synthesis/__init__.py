"""Verilog to library cells, and the proof that they compute the same."""
