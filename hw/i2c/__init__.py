"""An I2C target and what it needs of the bus (UM10204)."""
