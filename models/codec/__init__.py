"""The adaptive code from events: tables by counting, a decoder by gradient."""
