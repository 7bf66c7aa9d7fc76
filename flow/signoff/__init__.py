"""Checks of the drawn block by the foundry's own rules: Magic, netgen and KLayout decks."""
