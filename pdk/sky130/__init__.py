"""SkyWater's sky130, as the cell factory and the layout know it."""
