"""The commands of ``python -m studies``, a file each: its options and what it runs."""
