"""How well a frozen network keeps the physics."""
