"""A compiled network as circuits, Verilog text and a structural report."""
