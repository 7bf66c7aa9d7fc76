"""Common ground of the rooms: fixed-point types, configuration, stages and their errors."""

__version__ = "0.1.0"
