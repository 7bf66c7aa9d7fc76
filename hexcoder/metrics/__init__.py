"""Files of metrics between rooms, a typed model each."""
