"""Shuttles: the block as a project for a chip that many share."""
