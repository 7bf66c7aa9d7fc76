"""Decision trees that other tools trained: docs/import.md."""
