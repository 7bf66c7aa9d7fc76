"""Room 4: proof that the hardware computes what the golden model computes."""
