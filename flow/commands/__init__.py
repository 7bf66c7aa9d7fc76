"""The commands of ``python -m flow``, a file each: its options and what it runs."""
