"""The steps of the stage layout, a file each."""
