"""Layers whose weights come from registers: types are fixed in gates, values are not."""
