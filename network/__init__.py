"""The frozen network: its file, its golden model, its ports."""
