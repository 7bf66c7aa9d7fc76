"""Which memory and which kind of chip can hold a network at a rate (docs/architecture.md)."""
