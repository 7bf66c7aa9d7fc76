"""The solver of shared terms: a search in C++ and its interface."""
