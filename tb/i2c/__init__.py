"""Proof of the I2C target: a controller, a reference, random activity."""
