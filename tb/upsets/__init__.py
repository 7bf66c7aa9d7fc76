"""Campaigns of single-event upsets."""
