"""Verilog to gates, timing and power: synthesis, static timing analysis, the netlist's check."""
