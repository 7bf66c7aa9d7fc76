"""Place and route by Coriolis, and the supply over it."""
