"""The cell factory: standard cells drawn, extracted and measured on the user's machine."""
