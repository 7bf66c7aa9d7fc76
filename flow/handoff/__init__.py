"""Hand-off: the block as a folder that needs neither Python nor hexcoder."""
