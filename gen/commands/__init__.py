"""The commands of ``python -m gen``, a file each."""
