"""A proof for every input that the emitted Verilog computes its network."""
