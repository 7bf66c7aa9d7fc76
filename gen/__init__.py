"""Room 2: the compiler, from network.json to Verilog."""
