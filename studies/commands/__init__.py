"""The commands of ``python -m studies``, a file for each of its subjects."""
