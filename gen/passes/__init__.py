"""Passes over the graph of a network, one a file: graph in, graph out."""
