"""Multi-objective search: EMD against adder bits (docs/search.md)."""
