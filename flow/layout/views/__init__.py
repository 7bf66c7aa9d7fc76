"""Views of a laid out block for those who place it in a chip."""
