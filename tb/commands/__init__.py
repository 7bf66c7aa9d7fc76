"""The commands of ``python -m tb``, a file each: its options and what it runs."""
