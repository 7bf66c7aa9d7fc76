"""Gate netlists: Liberty, cell functions, simulation in lanes and with delays."""
