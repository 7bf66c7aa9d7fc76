"""A layer as bits and gates: bit heaps, activations, pipeline stages."""
