"""The cell factory of sky130: drawn, extracted and measured on the user's machine."""
