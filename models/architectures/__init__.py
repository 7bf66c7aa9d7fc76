"""Networks that are no chain of layers, for the key ``network.architecture``."""
