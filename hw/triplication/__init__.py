"""Triple modular redundancy of any component."""
