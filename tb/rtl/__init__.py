"""Proof of the RTL: compiled simulation, protocol tests, the scoreboard."""
