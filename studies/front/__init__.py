"""The front of a search, measured: every point taken to gates."""
