"""The version of hexcoder."""

__version__ = "0.1.0"
