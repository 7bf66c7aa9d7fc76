"""GlobalFoundries' gf180mcu, as the cell factory and the layout know it."""
