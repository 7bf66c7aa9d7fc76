"""The commands of ``python -m models``, a file each: its options and what it runs."""
