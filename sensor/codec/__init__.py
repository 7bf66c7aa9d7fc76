"""The adaptive code of an event's cells: its file, its golden model, and its decoder."""
