"""The events that a config trains and evaluates on."""
