"""Process design kits: one description each, technology tables, scaling between nodes."""
