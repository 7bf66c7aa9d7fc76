"""The files that rooms hand to each other, as types."""
