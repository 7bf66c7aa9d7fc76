"""What flips and coarser weights cost: fault injection and curvature (docs/radiation.md)."""
