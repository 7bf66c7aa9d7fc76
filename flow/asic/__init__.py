"""The stage asic: from Verilog to a checked, timed and weighed netlist."""
