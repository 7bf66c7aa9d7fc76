"""From a classical method to Verilog."""
