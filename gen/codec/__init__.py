"""The adaptive code as module ``encoder``."""
