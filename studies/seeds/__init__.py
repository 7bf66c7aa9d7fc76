"""Statistics over seeds, links and events (docs/statistics.md)."""
