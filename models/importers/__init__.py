"""Networks that others trained, from the files of their tools: docs/import.md."""
