"""What the router left wrong, mended: overlaps, notches, antennas."""
